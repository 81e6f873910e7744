"""The books of the large school's past months, closed as `close_month` would have closed each: one pass over all."""

from config.demo.bench_sql import execute, insert
from enrolments.models import Books, MonthClose, MonthFigure, MonthReceipt

MONTH = "date_trunc('month', booked_date)::date"
# What each month did, by branch and package; and what families agreed to pay and paid.
MOVED = f"""
    CREATE TEMP TABLE bench_moved ON COMMIT DROP AS
    SELECT e.branch_id, package_id, month, SUM(sold)::int AS sold, SUM(recognised)::int AS recognised
    FROM (
        SELECT enrolment_id, package_id, {MONTH} AS month, paid_minor AS sold, 0 AS recognised
        FROM enrolments_creditlot
        UNION ALL
        SELECT c.enrolment_id, l.package_id, date_trunc('month', c.booked_date)::date, 0, c.revenue_minor
        FROM enrolments_creditentry c JOIN enrolments_creditlot l ON l.id = c.lot_id
    ) moved JOIN enrolments_enrolment e ON e.id = enrolment_id
    GROUP BY 1, 2, 3
"""  # noqa: S608  numbers of ours
RECEIVED = f"""
    CREATE TEMP TABLE bench_received ON COMMIT DROP AS
    SELECT o.branch_id, {MONTH} AS month, p.method, SUM(p.amount_minor)::int AS amount
    FROM enrolments_payment p JOIN enrolments_order o ON o.id = p.order_id GROUP BY 1, 2, 3
"""  # noqa: S608  numbers of ours
MONTHS = """
    CREATE TEMP TABLE bench_month ON COMMIT DROP AS
    SELECT branch_id, day::date AS month
    FROM (SELECT branch_id, MIN(month) AS first FROM bench_moved GROUP BY 1) begun
    CROSS JOIN generate_series(first, %(last)s::timestamp, interval '1 month') AS day
"""
OWING = """(
    SELECT branch_id, month, SUM(COALESCE(s.sold, 0) - COALESCE(r.amount, 0))
           OVER (PARTITION BY branch_id ORDER BY month)::int AS owing,
           COALESCE(s.sold, 0) - COALESCE(r.amount, 0) AS more
    FROM bench_month
    LEFT JOIN (SELECT branch_id, month, SUM(sold) AS sold FROM bench_moved GROUP BY 1, 2) s USING (branch_id, month)
    LEFT JOIN (SELECT branch_id, month, SUM(amount) AS amount FROM bench_received GROUP BY 1, 2) r
        USING (branch_id, month)
) AS owing"""
FIGURES = """(
    SELECT c.id AS close_id, package_id, COALESCE(m.sold, 0) AS sold, COALESCE(m.recognised, 0) AS recognised,
           SUM(COALESCE(m.sold, 0) - COALESCE(m.recognised, 0))
               OVER (PARTITION BY c.branch_id, package_id ORDER BY c.month)::int AS closing
    FROM enrolments_monthclose c
    JOIN (SELECT DISTINCT branch_id, package_id FROM bench_moved) p USING (branch_id)
    LEFT JOIN bench_moved m USING (branch_id, package_id, month)
) AS figure WHERE sold <> 0 OR recognised <> 0 OR closing <> 0"""


def close_past_months(*, now, last):
    """Up to `last`, a month's first day."""
    for statement in (MOVED, RECEIVED, MONTHS):
        execute(statement, {"last": last})
    insert(
        MonthClose,
        OWING,
        branch_id="branch_id",
        month="month",
        owing_opening_minor="owing - more",
        owing_closing_minor="owing",
        wallet_opening_minor="0",
        wallet_closing_minor="0",
        closed_at=f"'{now.isoformat()}'::timestamptz",
        closed_by_id="(SELECT MIN(user_id) FROM branches_membership WHERE role = 'owner')",
    )
    insert(
        MonthFigure,
        FIGURES,
        close_id="close_id",
        package_id="package_id",
        opening_minor="closing - sold + recognised",
        taken_over_minor="0",
        sold_minor="sold",
        transferred_in_minor="0",
        recognised_minor="recognised",
        refunded_minor="0",
        transferred_out_minor="0",
        written_off_minor="0",
        voided_minor="0",
        closing_minor="closing",
    )
    received = "bench_received r JOIN enrolments_monthclose c USING (branch_id, month)"
    insert(MonthReceipt, received, close_id="c.id", method="r.method", amount_minor="r.amount")
    end = "(%(last)s::timestamp + interval '1 month - 1 day')::date"
    execute(f"UPDATE {Books._meta.db_table} SET closed_until = {end}", {"last": last})  # noqa: S608
