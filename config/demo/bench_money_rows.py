"""Two years of money for the large school, as SQL. Nothing is random: what varies goes by an account's id.

A child takes a lesson, and a lot of four credits is bought the day before its first credit is needed; every second
lot gives one more as a gift. So nine credits come in two lots, and the number of a lesson says which lot gives it.
"""

from config.demo.bench_sql import execute, insert, without_indexes
from courses.models import Course, CoursePackage
from enrolments.models import CreditEntry, CreditLot, Order, OrderItem, Payment

DAYS = 730  # that the books go back
RECENT_DAYS = 70  # whose lessons are the timetable's; of those before only the day is told
LESSONS_BEFORE = 9
LONG_LESSONS = 520  # before that, of one account of each branch: a child that comes every day
PAID, GIFT, PRICE = 4, 1, 400_00  # of a lot; in fen
LOCAL_DATE = "({} AT TIME ZONE 'Asia/Shanghai')::date"

ACCOUNTS = f"""
    CREATE TEMP TABLE bench_account ON COMMIT DROP AS
    SELECT e.id, e.student_id, e.branch_id, e.course_id, desk.id AS desk_id,
           CASE WHEN e.id = MIN(e.id) OVER (PARTITION BY e.branch_id) THEN {LONG_LESSONS} ELSE {LESSONS_BEFORE} END
               AS before,
           CASE WHEN mod(e.id, 7) = 0 THEN mod(e.id, 2) ELSE 2 END AS spare,
           CASE WHEN mod(e.id, 500) = 7 THEN 400 ELSE 1 + mod(e.id, 80) END AS spare_days
    FROM enrolments_enrolment e
    JOIN (SELECT branch_id, MIN(user_id) AS id FROM branches_membership WHERE role = 'front_desk' GROUP BY 1) desk
      USING (branch_id)
"""  # noqa: S608  numbers of ours
LESSONS = f"""
    CREATE TEMP TABLE bench_taken ON COMMIT DROP AS
    SELECT *, row_number() OVER (PARTITION BY account_id ORDER BY at, reference) - 1 AS n
    FROM (
        SELECT a.id AS account_id, a.desk_id AS person_id, 'bench:' || a.id || ':' || i AS reference,
               %(now)s::timestamptz - interval '1 day'
                   * ({DAYS} - {DAYS - RECENT_DAYS} * (i + mod(a.id, 10) / 10.0) / a.before)::float AS at
        FROM bench_account a, generate_series(0, a.before - 1) AS i
        UNION ALL
        SELECT t.enrolment_id, l.teacher_id, 'attendance:' || t.id, l.starts_at
        FROM scheduling_lesson l JOIN scheduling_attendance t ON t.lesson_id = l.id AND t.status = 'present'
        WHERE l.status = 'held' AND l.starts_at > %(now)s::timestamptz - interval '{RECENT_DAYS} days'
    ) taken
"""  # noqa: S608  numbers of ours
LOTS = f"""
    CREATE TEMP TABLE bench_lot ON COMMIT DROP AS
    SELECT lot.*, row_number() OVER (ORDER BY at, account_id, k) AS id,
           dense_rank() OVER (ORDER BY at, account_id) AS order_id
    FROM (
        SELECT a.id AS account_id, a.student_id, a.branch_id, a.course_id, a.desk_id, k, mod(k, 2) * {GIFT} AS gift,
               t.at IS NULL AS is_spare,
               COALESCE(t.at - interval '1 day', %(now)s::timestamptz - interval '1 day' * a.spare_days) AS at
        FROM bench_account a
        JOIN (SELECT account_id, COUNT(*)::int AS taken FROM bench_taken GROUP BY 1) c ON c.account_id = a.id
        CROSS JOIN LATERAL (SELECT taken / {2 * PAID + GIFT} * 2 + CASE WHEN mod(taken, {2 * PAID + GIFT}) = 0 THEN 0
                             WHEN mod(taken, {2 * PAID + GIFT}) <= {PAID} THEN 1 ELSE 2 END AS needed) n
        CROSS JOIN generate_series(0, needed + a.spare - 1) AS k
        LEFT JOIN bench_taken t ON t.account_id = a.id AND t.n = k / 2 * {2 * PAID + GIFT} + mod(k, 2) * {PAID}
    ) lot
"""  # noqa: S608  numbers of ours
# One lesson in fifty is marked by mistake first: taken, given back, taken.
MOVES = f"""
    CREATE TEMP TABLE bench_move ON COMMIT DROP AS
    SELECT move.*, row_number() OVER (ORDER BY at, account_id, n, step) AS id
    FROM (
        SELECT account_id, id AS lot_id, k AS n, step, at, desk_id AS person_id, step = 1 AS is_gift,
               CASE step WHEN 0 THEN 'purchase' ELSE 'gift' END AS kind, 'lot:' || id AS reference,
               CASE step WHEN 0 THEN {PAID} ELSE gift END AS credits, 0 AS revenue
        FROM bench_lot, generate_series(0, CASE WHEN gift > 0 THEN 1 ELSE 0 END) AS step
        UNION ALL
        SELECT t.account_id, l.id, t.n, step, t.at, t.person_id, r = {2 * PAID},
               CASE step WHEN 3 THEN 'return' ELSE 'consumption' END, t.reference,
               CASE step WHEN 3 THEN 1 ELSE -1 END,
               CASE step WHEN 3 THEN -1 ELSE 1 END * {PRICE} / ({PAID} + l.gift)
        FROM (SELECT *, mod(n, {2 * PAID + GIFT}) AS r FROM bench_taken) t
        JOIN bench_lot l
          ON l.account_id = t.account_id
         AND l.k = t.n / {2 * PAID + GIFT} * 2 + CASE WHEN t.r < {PAID} THEN 0 ELSE 1 END
        CROSS JOIN generate_series(CASE WHEN mod(t.account_id + t.n, 50) = 0 THEN 2 ELSE 4 END, 4) AS step
    ) move
"""  # noqa: S608  numbers of ours
# Of some that buy ahead half the price is still to pay.
ORDERS = f"""(
    SELECT order_id, MIN(at) AS at, MIN(account_id) AS account_id, MIN(student_id) AS student_id,
           MIN(branch_id) AS branch_id, MIN(desk_id) AS desk_id, COUNT(*) * {PRICE} AS total,
           COUNT(*) * {PRICE} / CASE WHEN bool_and(is_spare) AND mod(MIN(account_id), 50) = 1 THEN 2 ELSE 1 END AS paid
    FROM bench_lot GROUP BY order_id ORDER BY order_id
) AS o"""  # noqa: S608  numbers of ours
SUMS = """
    CREATE TEMP TABLE bench_sum ON COMMIT DROP AS
    SELECT lot_id, SUM(credits) FILTER (WHERE NOT is_gift) AS paid_left,
           COALESCE(SUM(credits) FILTER (WHERE is_gift), 0) AS gift_left, SUM(revenue) AS recognised
    FROM bench_move GROUP BY lot_id
"""
BALANCES = """
    UPDATE enrolments_enrolment e SET balance = s.balance
    FROM (SELECT account_id, SUM(credits) AS balance FROM bench_move GROUP BY 1) s WHERE e.id = s.account_id
"""
IN_ORDER = "(PARTITION BY account_id ORDER BY at, n, step)"
METHODS = "(ARRAY['wechat', 'alipay', 'cash', 'card', 'transfer'])[1 + mod({}, 5)]"


def add_packages():
    """One for each course, of as many lessons as a lot has."""
    CoursePackage.objects.bulk_create(
        CoursePackage(pk=course.pk, course=course, name="月卡", paid_credits=PAID, price_minor=PRICE, validity_days=365)
        for course in Course.objects.all()
    )


def add_ledger(*, now):
    """Lots with their orders and payments, and every entry; then what triggers would have summed up, in one pass."""
    for table in (ACCOUNTS, LESSONS, LOTS, MOVES, SUMS):
        name = table.split()[3]
        execute(table, {"now": now})
        execute(f"ANALYZE {name}")
    with without_indexes(CreditEntry, CreditLot, Order, OrderItem, Payment):
        _add_orders()
        _add_lots()
        _add_entries()
    execute(BALANCES)


def _add_orders():
    insert(
        Order,
        ORDERS,
        id="order_id",
        branch_id="branch_id",
        guardian_id="student_id",
        status="'confirmed'",
        total_minor="total",
        paid_minor="paid",
        due_date=f"CASE WHEN paid < total THEN {LOCAL_DATE.format('at')} + 90 END",
        created_at="at",
        created_by_id="desk_id",
        confirmed_at="at",
        confirmed_by_id="desk_id",
        token="'bench-' || order_id",  # noqa: S106  a number
    )
    insert(
        Payment,
        # One in twenty is paid in two ways.
        f"{ORDERS}, generate_series(1, CASE WHEN mod(order_id, 20) = 0 THEN 2 ELSE 1 END) AS part",
        order_id="order_id",
        method=METHODS.format("order_id + part"),
        amount_minor="paid / CASE WHEN mod(order_id, 20) = 0 THEN 2 ELSE 1 END",
        reference="'4200' || lpad(order_id::text, 20, '0') || part",
        received_at="at",
        received_by_id="desk_id",
        booked_date=LOCAL_DATE.format("at"),
        token="'bench-' || order_id || ':' || part",  # noqa: S106  a number
    )


def _add_lots():
    day = LOCAL_DATE.format("at")
    sold = {
        "package_id": "course_id",
        "paid_credits": str(PAID),
        "gift_credits": "gift",
        "list_price_minor": str(PRICE // PAID),
        "start_date": day,
    }
    insert(
        OrderItem,
        "bench_lot ORDER BY id",
        id="id",
        order_id="order_id",
        student_id="student_id",
        course_id="course_id",
        before_minor=str(PRICE),
        amount_minor=str(PRICE),
        validity_days="365",
        **sold,
    )
    insert(
        CreditLot,
        "bench_lot l JOIN bench_sum s ON s.lot_id = l.id ORDER BY l.id",
        id="l.id",
        item_id="l.id",
        enrolment_id="account_id",
        paid_minor=str(PRICE),
        revenue_method="'blended'",
        expires_date=f"{day} + 365",
        sold_at="at",
        sold_by_id="desk_id",
        booked_date=day,
        token="'bench-' || l.id",  # noqa: S106  a number
        paid_left="s.paid_left",
        gift_left="s.gift_left",
        recognised_minor="s.recognised",
        **sold,
    )


def _add_entries():
    insert(
        CreditEntry,
        "bench_move ORDER BY id",
        id="id",
        enrolment_id="account_id",
        lot_id="lot_id",
        is_gift="is_gift",
        sequence=f"row_number() OVER {IN_ORDER}",
        kind="kind",
        credits="credits",
        balance_after=f"SUM(credits) OVER {IN_ORDER}",
        pool_left_after="SUM(credits) OVER (PARTITION BY lot_id, is_gift ORDER BY at, n, step)",
        revenue_minor="revenue",
        reverses_id=f"CASE kind WHEN 'return' THEN lag(id) OVER {IN_ORDER} END",
        reference="reference",
        reason="'测量'",
        occurred_at="at",
        booked_date=LOCAL_DATE.format("at"),
        recorded_at="at",
        recorded_by_id="person_id",
    )
