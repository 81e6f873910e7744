"""Statements come in, lines are matched with our books, and the database keeps the matches honest."""

from datetime import date, timedelta
from hashlib import sha256

import pytest

from enrolments.bank_statements.reading import StatementError
from enrolments.models import Payment, PaymentAccount, Payout, StatementImport, StatementLine, StatementMatch
from enrolments.reconciliation import book_figures, open_items, statement_figures
from enrolments.services import take_back_payment, take_payment, top_up_wallet
from enrolments.services.reconciliation import (
    ReconciliationError,
    import_statement,
    match_again,
    match_by_hand,
    set_aside,
    undo_match,
)
from tests.enrolments.refund_cases import ask
from tests.factories import (
    BranchFactory,
    EnrolmentFactory,
    GuardianFactory,
    OrderFactory,
    at,
    owner_of_school,
    sell,
)
from tests.refusals import refused_by

pytestmark = pytest.mark.django_db
NOVEMBER = date(2026, 11, 1)
LATER = at("2026-12-01 09:00")
CELLS = ("交易时间", "交易类型", "交易对方", "收/支", "金额(元)", "当前状态", "交易单号")


@pytest.fixture
def owner(db):
    return owner_of_school()


@pytest.fixture
def account(branch):
    return PaymentAccount.objects.create(branch=branch, kind="wechat", name="收款码")


def bill(*rows):
    """Rows of a personal WeChat bill: (time, yuan above zero when it came in, number)."""
    return [
        CELLS,
        *[(when, "收款", "王芳", "收入" if yuan > 0 else "支出", abs(yuan), "", no) for when, yuan, no in rows],
    ]


def read(account, owner, *rows, digest=None):
    digest = digest or sha256(repr(rows).encode()).hexdigest()
    return import_statement(account=account, rows=bill(*rows), file_digest=digest, by=owner, now=LATER)


def pay(branch, minor, when, *, reference="", method="wechat", token=None):
    order = OrderFactory(branch=branch, total_minor=minor)
    return take_payment(
        order=order,
        method=method,
        amount_minor=minor,
        reference=reference,
        by=order.created_by,
        now=at(when),
        token=token or f"pay-{order.pk}",
    )


def pay_back(branch, by, minor, when):
    """What left the school for a refund."""
    enrolment = EnrolmentFactory(branch=branch)
    sell(enrolment, now=at("2026-10-10 10:00"))
    paid = {"paid_at": at(when), "paid_by": by, "booked_date": NOVEMBER}
    return Payout.objects.create(refund=ask(enrolment, by), method="wechat", amount_minor=minor, **paid)


def matched(account):
    matches = StatementMatch.objects.standing().filter(line__account=account)
    return {(match.line.reference, match.payment_id, match.rule) for match in matches.select_related("line")}


def the_line(account):
    return account.lines.select_related("account__branch").get()


# --- what comes in -----------------------------------------------------------------------------------------


def test_a_statement_is_stored_and_what_is_certain_is_matched(account, branch, owner):
    by_time = pay(branch, 100_00, "2026-11-10 10:00")
    by_number = pay(branch, 200_00, "2026-11-20 10:00", reference="N2")
    pay(branch, 300_00, "2026-11-10 10:00", method="cash")

    imported = read(account, owner, ("2026-11-10 10:03:00", 100, "N1"), ("2026-11-11 10:00:00", 200, "N2"))

    assert (imported.new_lines, imported.first_day, imported.last_day) == (2, date(2026, 11, 10), date(2026, 11, 11))
    assert matched(account) == {("N1", by_time.pk, "time"), ("N2", by_number.pk, "reference")}


def test_the_same_file_and_overlapping_periods_add_nothing_twice(account, owner):
    first = read(account, owner, ("2026-11-10 10:00:00", 100, "N1"), ("2026-11-11 10:00:00", 100, "N2"))

    again = read(account, owner, ("2026-11-10 10:00:00", 100, "N1"), ("2026-11-11 10:00:00", 100, "N2"))
    overlapping = read(account, owner, ("2026-11-11 10:00:00", 100, "N2"), ("2026-11-12 10:00:00", 100, "N3"))

    assert again == first
    assert (overlapping.new_lines, overlapping.known_lines) == (1, 1)
    assert account.lines.count() == 3


def test_what_went_out_is_matched_with_payouts_and_payments_taken_back(account, branch, owner):
    payout = pay_back(branch, owner, 240_00, "2026-11-21 10:00")
    wrong = pay(branch, 100_00, "2026-11-10 11:00")
    back = take_back_payment(payment=wrong, reason="测试", by=owner, now=at("2026-11-10 11:30"))

    read(
        account,
        owner,
        ("2026-11-10 11:01:00", 100, "N1"),
        ("2026-11-10 11:31:00", -100, "N2"),
        ("2026-11-21 10:01:00", -240, "N3"),
    )

    assert matched(account) == {("N1", wrong.pk, "time"), ("N2", back.pk, "time"), ("N3", None, "time")}
    assert StatementMatch.objects.get(line__reference="N3").payout == payout


def test_money_for_a_wallet_is_in_our_books_too(account, branch, owner):
    facts = {"reference": "", "reason": "预存", "by": owner, "now": at("2026-11-10 10:00")}
    entry = top_up_wallet(guardian=GuardianFactory(), branch=branch, amount_minor=500_00, method="wechat", **facts)

    read(account, owner, ("2026-11-10 10:00:30", 500, "N1"))

    assert StatementMatch.objects.get().wallet_entry == entry


def test_the_file_of_another_account_is_refused_and_nothing_is_stored(account, owner):
    titles = ("交易时间", "商户号", "微信订单号", "交易状态", "订单金额")
    other = PaymentAccount.objects.create(branch=BranchFactory(), kind="wechat", name="收款码")
    rows = {number: [titles, ("2026-11-10 10:00", number, "N1", "SUCCESS", "1.00")] for number in ("19001", "19002")}
    facts = {"by": owner, "now": LATER}
    import_statement(account=account, rows=rows["19001"], file_digest="1", **facts)

    with pytest.raises(StatementError, match="9002"):
        import_statement(account=account, rows=rows["19002"], file_digest="2", **facts)
    with pytest.raises(StatementError, match="9001"):
        import_statement(account=other, rows=rows["19001"], file_digest="3", **facts)

    assert StatementImport.objects.count() == StatementLine.objects.count() == 1


def test_named_columns_are_remembered(branch, owner):
    account = PaymentAccount.objects.create(branch=branch, kind="bank", name="基本户")
    columns = {"time": "何日", "amount": "多少"}
    rows = [("何日", "多少"), ("2026-11-10", "1.00")]

    import_statement(account=account, rows=rows, file_digest="1", by=owner, now=LATER, columns=columns)
    account.refresh_from_db()
    more = import_statement(account=account, rows=[*rows, ("2026-11-11", "2.00")], file_digest="2", by=owner, now=LATER)

    assert (more.new_lines, more.known_lines) == (1, 1)


def test_many_lines_take_few_queries(account, branch, owner, django_assert_max_num_queries):
    start, number = at("2026-11-01 00:00"), 600
    times = [start + timedelta(minutes=3 * place) for place in range(number)]
    order = OrderFactory(branch=branch, total_minor=number * 100)
    paid = {"order": order, "method": "wechat", "received_by": owner, "booked_date": NOVEMBER, "amount_minor": 100}
    Payment.objects.bulk_create(
        Payment(**paid, received_at=when, reference=f"N{place}", token=f"t{place}") for place, when in enumerate(times)
    )
    rows = [(f"{when:%Y-%m-%d %H:%M:%S}", 1, f"N{place}") for place, when in enumerate(times)]

    with django_assert_max_num_queries(40):  # SQLite is given 999 values at once
        read(account, owner, *rows, digest="many")

    assert StatementMatch.objects.filter(rule="reference").count() == number


# --- by hand -----------------------------------------------------------------------------------------------


def test_a_person_matches_sets_aside_and_undoes(account, branch, owner):
    payment = pay(branch, 100_00, "2026-11-12 10:00")
    read(account, owner, ("2026-11-10 10:00:00", 100, "N1"))
    line, key = the_line(account), ("payment", payment.pk)

    match = match_by_hand(line=line, key=key, by=owner, now=LATER)
    assert match_by_hand(line=line, key=key, by=owner, now=LATER) == match
    undo_match(match=match, by=owner, now=LATER)
    undo_match(match=match, by=owner, now=LATER)
    assert set_aside(branch=branch, lines=account.lines.all(), reason="转账", by=owner, now=LATER) == 1
    assert set_aside(branch=branch, lines=account.lines.all(), reason="转账", by=owner, now=LATER) == 0

    assert StatementMatch.objects.filter(undone_by=owner).get() == match
    with pytest.raises(ReconciliationError):
        match_by_hand(line=line, key=key, by=owner, now=LATER)


def test_what_cannot_be_matched_says_so(account, branch, owner):
    read(account, owner, ("2026-11-10 10:00:00", 100, "N1"))
    unequal, elsewhere = pay(branch, 99_00, "2026-11-10 10:00"), pay(BranchFactory(), 100_00, "2026-11-10 10:00")
    cash = pay(branch, 100_00, "2026-11-10 10:00", method="cash")

    for payment in (unequal, elsewhere, cash):
        with pytest.raises(ReconciliationError):
            match_by_hand(line=the_line(account), key=("payment", payment.pk), by=owner, now=LATER)
    with pytest.raises(ReconciliationError):
        set_aside(branch=branch, lines=account.lines.all(), reason=" ", by=owner, now=LATER)

    assert not StatementMatch.objects.exists()


def test_a_payment_recorded_later_is_found_and_an_undone_match_is_left_to_persons(account, branch, owner):
    read(account, owner, ("2026-11-10 10:00:00", 100, "N1"))
    pay(branch, 100_00, "2026-11-10 10:05")

    assert match_again(branch=branch, by=owner, now=LATER) == 1
    undo_match(match=StatementMatch.objects.get(), by=owner, now=LATER)
    assert match_again(branch=branch, by=owner, now=LATER) == 0


# --- figures -----------------------------------------------------------------------------------------------


def test_the_figures_add_up_on_both_sides(account, branch, owner):
    pay(branch, 100_00, "2026-11-10 10:00")
    pay(branch, 70_00, "2026-11-11 10:00")
    wrong = pay(branch, 55_00, "2026-11-12 10:00")
    take_back_payment(payment=wrong, reason="测试", by=owner, now=at("2026-12-01 10:00"))
    pay(branch, 30_00, "2026-10-31 23:59")
    pay(branch, 20_00, "2026-11-10 10:00", method="cash")
    read(
        account,
        owner,
        ("2026-11-10 10:00:00", 100, "N1"),
        ("2026-11-14 10:00:00", 8, "N2"),
        ("2026-11-30 23:59:00", -5, "N3"),
    )
    set_aside(branch=branch, lines=account.lines.filter(reference="N3"), reason="手续费", by=owner, now=LATER)

    theirs = statement_figures(branch, ["wechat"], NOVEMBER)
    ours = book_figures(branch, ["wechat"], NOVEMBER)

    assert (theirs.matched_minor, theirs.aside_minor, theirs.open_minor) == (100_00, -5_00, 8_00)
    assert (theirs.total_minor, theirs.total) == (103_00, 3)
    assert (ours.matched_minor, ours.open_minor, ours.total_minor, ours.total) == (100_00, 70_00, 170_00, 2)


def test_a_payment_taken_back_is_open_again_when_the_statement_tells_of_it(account, branch, owner):
    payment = pay(branch, 100_00, "2026-11-10 10:00", reference="N1")
    read(account, owner, ("2026-11-10 10:00:00", 100, "N1"))
    back = take_back_payment(payment=payment, reason="测试", by=owner, now=at("2026-11-11 10:00"))

    [item] = open_items(branch, ["wechat"], NOVEMBER, date(2026, 11, 30))

    assert (item.key, item.cancels) == (("payment", back.pk), None)  # somebody has to give the money back


# --- what the database refuses -----------------------------------------------------------------------------


@pytest.fixture
def line(account, owner):
    read(account, owner, ("2026-11-10 10:00:00", 100, "N1"))
    return the_line(account)


def join(line, owner, **facts):
    facts = {"rule": "hand", "matched_at": LATER, "matched_by": owner} | facts
    return StatementMatch.objects.create(line=line, **facts)


def test_neither_side_is_matched_twice_while_it_holds(line, account, branch, owner):
    payment = pay(branch, 100_00, "2026-11-20 10:00")
    read(account, owner, ("2026-11-15 10:00:00", 100, "N2"))
    other = account.lines.get(reference="N2")
    match = join(line, owner, payment=payment)

    with refused_by("statementmatch_one_line"):
        join(line, owner, rule="aside", reason="手续费")
    with refused_by("statementmatch_one_payment"):
        join(other, owner, payment=payment)
    undo_match(match=match, by=owner, now=LATER)
    join(other, owner, payment=payment)


def test_neither_a_payout_nor_a_wallet_is_matched_twice(account, branch, owner):
    facts = {"reference": "", "reason": "预存", "by": owner, "now": at("2026-11-20 10:00")}
    entry = top_up_wallet(guardian=GuardianFactory(), branch=branch, amount_minor=100_00, method="wechat", **facts)
    payout = pay_back(branch, owner, 100_00, "2026-11-20 10:00")
    days = [f"2026-11-1{number} 10:00:00" for number in range(4)]
    read(account, owner, *[(day, 100 - 200 * (place % 2), f"N{place}") for place, day in enumerate(days)])
    came, went, came_too, went_too = account.lines.order_by("day")
    join(came, owner, wallet_entry=entry)
    join(went, owner, payout=payout)

    with refused_by("statementmatch_one_walletentry"):
        join(came_too, owner, wallet_entry=entry)
    with refused_by("statementmatch_one_payout"):
        join(went_too, owner, payout=payout)


def test_a_match_joins_equal_money_of_one_branch(line, branch, owner):
    unequal, elsewhere = pay(branch, 99_00, "2026-11-20 10:00"), pay(BranchFactory(), 100_00, "2026-11-20 10:00")

    for payment in (unequal, elsewhere):
        with refused_by("equal money of its own branch"):
            join(line, owner, payment=payment)


def test_a_payout_and_a_wallet_are_compared_too(line, branch, owner):
    facts = {"reference": "", "reason": "预存", "by": owner, "now": at("2026-11-20 10:00")}
    entry = top_up_wallet(guardian=GuardianFactory(), branch=branch, amount_minor=99_00, method="wechat", **facts)
    payout = pay_back(branch, owner, 100_00, "2026-11-21 10:00")

    with refused_by("equal money of its own branch"):
        join(line, owner, wallet_entry=entry)
    with refused_by("equal money of its own branch"):  # it went out, and the line came in
        join(line, owner, payout=payout)


def test_a_match_is_with_one_thing_or_aside_with_a_reason(line, branch, owner):
    payment = pay(branch, 100_00, "2026-11-20 10:00")

    for facts in ({}, {"rule": "aside"}, {"payment": payment, "reason": "测试"}, {"rule": "aside", "payment": payment}):
        with refused_by("statementmatch_with_one"):
            join(line, owner, **facts)
    with refused_by("statementmatch_undone_by"):
        join(line, owner, payment=payment, undone_at=LATER)


def test_facts_stay_as_they_are(line, branch, owner):
    match = join(line, owner, rule="aside", reason="手续费")
    rows = StatementMatch.objects.filter(pk=match.pk)

    with refused_by("a fact"):
        StatementLine.objects.update(note="别的")
    with refused_by("a fact"):
        StatementLine.objects.filter(pk=line.pk)._raw_delete("default")
    with refused_by("never changed"):
        StatementImport.objects.update(new_lines=7)
    with refused_by("never changed"):
        rows.update(reason="别的")
    with refused_by("never changed"):
        rows._raw_delete("default")
    undo_match(match=match, by=owner, now=LATER)
    with refused_by("never changed"):
        rows.update(undone_at=None, undone_by=None)


def test_lines_move_money_and_are_stored_once(line, account):
    facts = {"account": account, "statement": line.statement, "occurred_at": LATER, "day": NOVEMBER}

    with refused_by("statementline_moves"):
        StatementLine.objects.create(**facts, amount_minor=0, key="other")
    with refused_by("statementline_once"):
        StatementLine.objects.create(**facts, amount_minor=1, key=line.key)
    with refused_by("statementimport_once"):
        StatementImport.objects.create(
            **{field.attname: getattr(line.statement, field.attname) for field in StatementImport._meta.fields[1:]}
        )
    with refused_by("statementimport_days"):
        StatementImport.objects.bulk_create([_turned_round(line.statement)])
    with refused_by("paymentaccount_name"):
        PaymentAccount.objects.create(branch=account.branch, kind=account.kind, name=account.name)


def _turned_round(imported):
    values = {field.attname: getattr(imported, field.attname) for field in StatementImport._meta.fields[1:]}
    return StatementImport(**values | {"file_digest": "x", "last_day": imported.first_day - timedelta(days=1)})
