"""What happens to an order: prepared, changed, confirmed, called off, made void, lapsed."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest

from core.rule_packs import RulePackError
from enrolments.guards import PASSED_RULE_REFUSAL
from enrolments.models import Books, CreditEntry, CreditLot, DiscountRule, Enrolment, Order, PassedRule, Payment
from enrolments.prepayment_rules import most_left, renewal_opens, rules_of, span_of
from enrolments.services import (
    OrderError,
    PrepaymentError,
    Tender,
    add_line,
    cancel_order,
    confirm_order,
    lapse_orders,
    prepare_order,
    remove_item,
    settle_credits,
    settle_order,
    take_back_payment,
    void_order,
)
from tests.enrolments.order_cases import confirmed, draft, line, pay
from tests.factories import (
    NOW,
    TODAY,
    BranchFactory,
    CourseFactory,
    EnrolmentFactory,
    StudentFactory,
    UserFactory,
    desk_of,
    manager_of,
    owner_of_school,
    sell,
)
from tests.refusals import refused_by

pytestmark = pytest.mark.django_db

Status = Order.Status


@pytest.fixture
def enrolment(branch):
    return EnrolmentFactory(branch=branch)


def take(enrolment, credits):
    settle_credits(
        enrolment=enrolment,
        reference="attendance:1",
        target=Decimal(credits),
        occurred_at=NOW,
        by=UserFactory(),
        reason="第 1 课",
    )


def balance(enrolment):
    return Enrolment.objects.get(pk=enrolment.pk).balance


# --- prepared ----------------------------------------------------------------------------------------------


def test_a_draft_has_its_sum_and_no_lot(branch, enrolment):
    order = draft(branch, [line(enrolment, 20, 2400_00), line(EnrolmentFactory(branch=branch), 10, 1300_00)])

    assert (order.status, order.total_minor, order.owing_minor) == (Status.DRAFT, 3700_00, 0)
    assert order.items.count() == 2
    assert not CreditLot.objects.exists()


def test_a_token_prepares_once(branch, enrolment):
    lines = [line(enrolment)]

    assert draft(branch, lines) == draft(branch, lines)
    assert Order.objects.get().items.count() == 1


@pytest.mark.parametrize("lines", [[], "nothing in it"])
def test_an_order_has_something_in_it(branch, enrolment, lines):
    lines = lines and [replace(line(enrolment), paid_credits=Decimal(0))]

    with pytest.raises(OrderError):
        prepare_order(branch=branch, lines=lines, by=UserFactory(), now=NOW, token="t")


def test_a_line_is_added_once_per_token_and_removed(branch, enrolment):
    order, more = draft(branch), line(enrolment, 10, 1300_00)
    for _click in range(2):
        order = add_line(order=order, line=more, by=UserFactory(), token="line-2")
    assert (order.total_minor, order.items.count()) == (3700_00, 2)

    order = remove_item(item=order.items.first())

    assert (order.total_minor, order.items.count()) == (1300_00, 1)


def test_a_confirmed_order_keeps_its_lines(branch, enrolment):
    order = confirmed(branch)

    with pytest.raises(OrderError):
        add_line(order=order, line=line(enrolment), by=UserFactory(), token="line-2")
    with pytest.raises(OrderError):
        remove_item(item=order.items.get())
    assert order.items.count() == 1


# --- discounts ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rule", "discount_minor"),
    [
        ({"percent": Decimal("5")}, 120_00),
        ({"percent": Decimal("3.3")}, 79_20),
        ({"amount_minor": 100_00}, 100_00),
        ({"amount_minor": 999_00_00}, 2400_00),
    ],
)
def test_a_named_discount(branch, enrolment, rule, discount_minor):
    rule = DiscountRule.objects.create(kind="sibling", name="二孩优惠", **rule)

    order = draft(branch, [line(enrolment).with_discount(rule)], by=owner_of_school())

    item = order.items.get()
    assert (item.before_minor, item.discount_minor, item.discount) == (2400_00, discount_minor, rule)
    assert order.total_minor == item.amount_minor == 2400_00 - discount_minor


def test_a_percentage_is_rounded_half_up(branch, enrolment):
    rule = DiscountRule.objects.create(kind="other", name="九五折", percent=Decimal(5))

    assert line(enrolment, 1, 10).with_discount(rule).discount_minor == 1
    assert line(enrolment, 1, 9).with_discount(rule).discount_minor == 0


def test_discounts_of_the_day_and_of_the_branch(branch, other_branch):
    def rule(name, **fields):
        return DiscountRule.objects.create(kind="other", name=name, amount_minor=1, **fields)

    now, everywhere = rule("今天", valid_from=TODAY, valid_until=TODAY), rule("总是")
    here = rule("本校", branch=branch)
    rule("过去", valid_until=TODAY - timedelta(days=1))
    rule("以后", valid_from=TODAY + timedelta(days=1))
    rule("停用", is_active=False)
    rule("别处", branch=other_branch)

    assert set(DiscountRule.objects.in_branches([branch.pk]).on(TODAY)) == {now, everywhere, here}


def test_a_discount_by_hand_says_why(branch, enrolment):
    with pytest.raises(OrderError):
        draft(branch, [replace(line(enrolment), discount_minor=1)])

    order = draft(branch, [replace(line(enrolment), discount_minor=1, discount_reason="凑整")])

    assert order.items.get().discount_reason == "凑整"


def test_no_discount_beyond_the_price(branch, enrolment):
    with pytest.raises(OrderError):
        draft(branch, [replace(line(enrolment), discount_minor=2400_01, discount_reason="错")], by=owner_of_school())


@pytest.mark.parametrize(
    ("changes", "is_allowed"),
    [
        ({"discount_minor": 240_00, "discount_reason": "老生"}, True),
        ({"discount_minor": 240_01, "discount_reason": "老生"}, False),
        ({"gift_credits": Decimal(2)}, True),
        ({"gift_credits": Decimal(3)}, False),
        ({"gift_credits": Decimal(2), "discount_minor": 100_00, "discount_reason": "老生"}, False),
        ({"package": None, "before_minor": 20 * 135_00}, True),
        ({"package": None, "before_minor": 20 * 134_00}, False),
    ],
    ids=["10%", "above", "two gifts", "three gifts", "both", "below list price", "far below"],
)
def test_above_the_branchs_limit_the_manager_decides(branch, enrolment, changes, is_allowed):
    one = replace(line(enrolment), **changes)
    draft(branch, [one], by=manager_of(branch), token="by the manager")

    if is_allowed:
        draft(branch, [one], by=desk_of(branch))
    else:
        with pytest.raises(OrderError, match="10"):
            draft(branch, [one], by=desk_of(branch))
        with pytest.raises(OrderError):
            draft(branch, [one], by=manager_of(BranchFactory()))


def test_a_packages_own_gifts_are_no_discount(branch, enrolment):
    order = draft(branch, [line(enrolment, gift_credits=Decimal(10))], by=desk_of(branch))

    assert order.items.get().gift_credits == 10


# --- confirmed ---------------------------------------------------------------------------------------------


def test_confirming_makes_a_lot_of_each_line(branch):
    brother, sister = EnrolmentFactory(branch=branch), EnrolmentFactory(branch=branch)
    order = draft(branch, [line(brother, 20, 2400_00, gift_credits=Decimal(2)), line(sister, 10, 1300_00)])

    lots = confirm_order(order=order, by=UserFactory(), now=NOW)

    assert [lot.enrolment for lot in lots] == [brother, sister]
    assert (balance(brother), balance(sister)) == (22, 10)
    order.refresh_from_db()
    assert (order.status, order.owing_minor) == (Status.CONFIRMED, 3700_00)


def test_two_lines_of_one_account_are_two_lots(branch, enrolment):
    order = confirmed(branch, [line(enrolment, 20), line(enrolment, 10)])

    assert enrolment.lots.filter(item__order=order).count() == 2
    assert balance(enrolment) == 30


def test_confirming_twice_sells_once(branch, enrolment):
    order = draft(branch, [line(enrolment)])

    first = confirm_order(order=order, by=UserFactory(), now=NOW)

    assert confirm_order(order=order, by=UserFactory(), now=NOW) == first
    assert balance(enrolment) == 20


def test_a_new_child_gets_its_account_and_its_branch(branch):
    one = replace(line(EnrolmentFactory(branch=branch)), student=StudentFactory(), course=CourseFactory())

    confirmed(branch, [one])

    assert one.student.enrolments.get().course == one.course
    assert list(one.student.branches.all()) == [branch]


def test_an_order_without_lines_is_not_confirmed(branch):
    order = draft(branch)
    remove_item(item=order.items.get())

    with pytest.raises(OrderError):
        confirm_order(order=order, by=UserFactory(), now=NOW)


@pytest.mark.parametrize("status", [Status.CANCELLED, Status.LAPSED])
def test_what_has_ended_is_not_confirmed(branch, status):
    order = draft(branch)
    Order.objects.update(status=status)

    with pytest.raises(OrderError):
        confirm_order(order=order, by=UserFactory(), now=NOW)
    assert not CreditLot.objects.exists()


def test_after_a_closed_month_a_sale_counts_in_the_next(branch, enrolment):
    Books.objects.filter(branch=branch).update(closed_until=date(2026, 11, 30))

    order = confirmed(branch, [line(enrolment)])
    payment = pay(order, 1000_00)

    lot = enrolment.lots.get()
    days = {lot.booked_date, lot.entries.get().booked_date, payment.booked_date}
    assert days == {date(2026, 12, 1)}
    assert lot.sold_at == NOW


def test_selling_takes_what_is_paid_and_leaves_the_rest_owing(branch, enrolment):
    order = draft(branch, [line(enrolment)])
    tenders = [Tender("cash", 1000_00), Tender("wechat", 400_00, "4200001")]
    due = TODAY + timedelta(days=7)

    for _click in range(2):
        settle_order(order=order, tenders=tenders, by=UserFactory(), now=NOW, token="pay", due_date=due)

    order.refresh_from_db()
    assert (order.paid_minor, order.owing_minor, order.due_date) == (1400_00, 1000_00, due)
    assert list(Order.objects.owing()) == [order]
    assert sorted(order.payments.values_list("method", "reference")) == [("cash", ""), ("wechat", "4200001")]


# --- called off --------------------------------------------------------------------------------------------


def test_a_draft_is_cancelled_once(branch):
    order = draft(branch)

    for _click in range(2):
        order = cancel_order(order=order, reason="不续了")

    assert (order.status, order.ended_reason) == (Status.CANCELLED, "不续了")


def test_a_confirmed_order_is_not_cancelled(branch):
    with pytest.raises(OrderError):
        cancel_order(order=confirmed(branch), reason="不续了")


def test_an_order_made_void_leaves_nothing_behind(branch, enrolment):
    order = confirmed(branch, [line(enrolment, gift_credits=Decimal(2)), line(enrolment, 10)])
    take_back_payment(payment=pay(order, 500_00), reason="收错", by=UserFactory(), now=NOW)

    order = void_order(order=order, reason="报错班", by=UserFactory(), now=NOW)

    assert (order.status, order.owing_minor, order.ended_reason) == (Status.VOID, 0, "报错班")
    assert balance(enrolment) == 0
    assert {(lot.credits_left, lot.value_left_minor) for lot in enrolment.lots.all()} == {(0, 0)}
    assert enrolment.credit_entries.filter(kind=CreditEntry.Kind.VOID).count() == 3


def test_an_order_with_money_is_not_made_void(branch, enrolment):
    order = confirmed(branch, [line(enrolment)])
    pay(order, 500_00)

    with pytest.raises(OrderError):
        void_order(order=order, reason="报错班", by=UserFactory(), now=NOW)
    assert balance(enrolment) == 20


def test_an_order_with_lessons_taken_is_not_made_void(branch, enrolment):
    order = confirmed(branch, [line(enrolment), line(EnrolmentFactory(branch=branch))])
    take(enrolment, 1)

    with pytest.raises(OrderError):
        void_order(order=order, reason="报错班", by=UserFactory(), now=NOW)
    assert {lot.credits_left for lot in CreditLot.objects.all()} == {19, 20}


@pytest.mark.parametrize("make", [draft, confirmed])
def test_only_a_confirmed_order_is_made_void_and_only_once(branch, make):
    order = make(branch)
    if order.status == Status.CONFIRMED:
        void_order(order=order, reason="报错班", by=UserFactory(), now=NOW)

    with pytest.raises(OrderError):
        void_order(order=order, reason="报错班", by=UserFactory(), now=NOW)


def test_drafts_lapse_after_the_last_day_of_their_offer(branch, other_branch):
    ends = {"lapses_date": TODAY - timedelta(days=1)}
    over = draft(branch, token="over", **ends)
    today = draft(branch, token="today", lapses_date=TODAY)
    endless = draft(branch, token="endless")
    elsewhere = draft(other_branch, token="elsewhere", **ends)
    sold = confirmed(branch, token="sold", **ends)

    assert lapse_orders(today=TODAY, branch=branch) == 1
    assert lapse_orders(today=TODAY, branch=branch) == 0

    statuses = [Order.objects.get(pk=order.pk).status for order in (over, today, endless, elsewhere, sold)]
    assert statuses == [Status.LAPSED, Status.DRAFT, Status.DRAFT, Status.DRAFT, Status.CONFIRMED]


# --- rules for prepayment ----------------------------------------------------------------------------------


def codes(branch, lines, *, by=None, **facts):
    """What the order is refused for."""
    order = draft(branch, lines, by=owner_of_school(), token=f"order-{Order.objects.count()}")
    try:
        confirm_order(order=order, by=by or desk_of(branch), now=NOW, **facts)
    except PrepaymentError as error:
        return [finding.rule.code for finding in error.findings]
    return []


@pytest.mark.parametrize(
    ("lessons", "price_minor", "package", "found"),
    [
        (60, 5000_00, {}, []),
        (61, 5000_00, {}, ["charge_lessons"]),
        (55, 5000_00, {"gift_credits": Decimal(6)}, ["charge_lessons"]),
        (60, 5000_01, {}, ["charge_amount"]),
        (61, 5000_01, {}, ["charge_lessons", "charge_amount"]),
        (12, 1200_00, {"validity_days": 84}, []),
        (24, 1200_00, {"validity_days": 168}, ["charge_span"]),
        (24, 1200_00, {"validity_days": 365}, []),  # so many lessons, not so many weeks
    ],
)
def test_what_may_be_charged_at_once(branch, enrolment, lessons, price_minor, package, found):
    assert codes(branch, [line(enrolment, lessons, price_minor, **package)]) == found


@pytest.mark.parametrize(("factor", "found"), [("0.67", []), ("1", []), ("1.25", ["charge_lessons"])])
def test_lessons_are_standard_lessons(branch, factor, found):
    enrolment = EnrolmentFactory(branch=branch, course__standard_lesson_factor=Decimal(factor))

    assert codes(branch, [line(enrolment, 60)]) == found


def test_academic_courses_have_no_limit_in_yuan(branch):
    enrolment = EnrolmentFactory(branch=branch, course__subject__is_academic=True)

    assert codes(branch, [line(enrolment, 40, 6000_00)]) == []


def test_the_lines_of_a_child_and_a_subject_are_one_charge(branch, enrolment):
    sister = EnrolmentFactory(branch=branch, course=enrolment.course)
    assert codes(branch, [line(enrolment, 40), line(sister, 40)]) == []
    another = EnrolmentFactory(branch=branch, course__subject=enrolment.course.subject)
    same_child = EnrolmentFactory(branch=branch, student=another.student, course__subject=enrolment.course.subject)
    assert codes(branch, [line(another, 40), line(same_child, 21)]) == ["charge_lessons"]


@pytest.mark.parametrize(
    ("left", "new", "found"),
    [
        (20, 40, []),
        (20, 41, ["lessons_held"]),
        (21, 30, ["renewed_early"]),
        (21, 40, ["lessons_held", "renewed_early"]),
    ],
)
def test_what_is_left_counts_too(branch, enrolment, left, new, found):
    sell(enrolment, left)

    assert codes(branch, [line(enrolment, new)]) == found


def test_what_is_left_at_another_branch_counts_and_another_subject_does_not(branch, other_branch):
    here = EnrolmentFactory(branch=branch)
    sell(EnrolmentFactory(student=here.student, branch=other_branch, course__subject=here.course.subject), 20)
    sell(EnrolmentFactory(student=here.student, branch=branch), 20)

    assert codes(branch, [line(here, 41)]) == ["lessons_held"]


@pytest.mark.parametrize(("days", "found"), [(31, []), (32, ["charged_early"])])
def test_a_charge_a_month_before_the_first_lesson_at_most(branch, enrolment, days, found):
    later = replace(line(enrolment), start_date=TODAY + timedelta(days=days))

    assert codes(branch, [later]) == found


def test_a_branch_without_a_pack_charges_as_it_likes(enrolment):
    branch = BranchFactory(rule_pack="general")

    assert codes(branch, [line(enrolment, 200, 20_000_00)]) == []


def test_a_warning_passes_with_a_reason_and_says_who(branch, enrolment):
    sell(enrolment, 21)
    desk = desk_of(branch)

    assert codes(branch, [line(enrolment, 10)], by=desk, pass_reason="家长要求") == []

    passed = PassedRule.objects.get()
    assert (passed.code, passed.reason, passed.by, passed.at) == ("renewed_early", "家长要求", desk, NOW)
    assert "21" in passed.sentence


def test_a_block_passes_by_the_owner_only_and_with_a_reason(branch, enrolment):
    lines = [line(enrolment, 100)]
    for person in (desk_of(branch), manager_of(branch)):
        assert codes(branch, lines, by=person, pass_reason="家长要求") == ["charge_lessons"]
    owner = owner_of_school()
    assert codes(branch, lines, by=owner) == ["charge_lessons"]
    assert not CreditLot.objects.exists()

    assert codes(branch, lines, by=owner, pass_reason="家长要求") == []

    assert PassedRule.objects.get().by == owner


def test_an_owner_may_pass_and_is_told_so(branch, enrolment):
    order = draft(branch, [line(enrolment, 100)])

    with pytest.raises(PrepaymentError) as refusal:
        confirm_order(order=order, by=desk_of(branch), now=NOW, pass_reason="家长要求")
    assert not refusal.value.may_pass
    with pytest.raises(PrepaymentError) as refusal:
        confirm_order(order=order, by=owner_of_school(), now=NOW)
    assert refusal.value.may_pass


@pytest.mark.parametrize("pack", ["general", "national", "liaoning"])
def test_packs_can_be_read_and_say_where_they_come_from(pack):
    rules = rules_of(pack)

    assert all(rule.source and rule.last_reviewed for rule in rules.values())
    blocks = {code for code, rule in rules.items() if rule.is_block}
    assert blocks == (set() if pack == "general" else {"charge_lessons", "lessons_held", "charge_amount"})


def test_a_pack_with_a_mistake_names_it(tmp_path, monkeypatch):
    monkeypatch.setattr("enrolments.prepayment_rules.PACKS", tmp_path)
    (tmp_path / "a.toml").write_text('[rules.invented]\nseverity = "warn"')
    (tmp_path / "b.toml").write_text('[rules.charge_span]\nseverity = "warn"')
    (tmp_path / "c.toml").write_text('[rules.charge_span\nseverity = "warn"')

    for pack in ("a", "b", "c", "missing"):
        with pytest.raises(RulePackError, match=pack):
            rules_of(pack)


def test_the_database_refuses_what_says_no_reason(branch, enrolment):
    order = draft(branch, [line(enrolment)])
    with refused_by("orderitem_discount_explained"):
        order.items.update(discount_minor=1, amount_minor=2399_99)
    with refused_by("passedrule_reason"):
        PassedRule.objects.create(order=order, code="charge_lessons", reason="", by=order.created_by, at=NOW)


def test_who_let_a_rule_pass_is_never_changed(branch, enrolment):
    order = draft(branch, [line(enrolment)])
    passed = PassedRule.objects.create(order=order, code="a", reason="家长要求", by=order.created_by, at=NOW)

    for change in (passed.save, passed.delete):
        with refused_by(PASSED_RULE_REFUSAL):
            change()


def test_no_training_loan_is_a_way_to_pay():
    assert set(Payment.Method.values) == {"wechat", "alipay", "cash", "card", "transfer", "wallet", "book"}


@pytest.mark.parametrize(
    ("left", "most", "weekly", "days"),
    [(10, 20, 1, 0), (21, 20, 1, 7), (24, 20, 2, 14), (25, 20, 2, 18), (21, 20, None, None), (99, None, 1, 0)],
)
def test_the_first_day_on_which_a_renewal_may_be_charged(left, most, weekly, days):
    opens = renewal_opens(left=Decimal(left), most=most, weekly=weekly, today=TODAY)

    assert opens == (None if days is None else TODAY + timedelta(days=days))


def test_so_many_may_be_left():
    rules = rules_of("liaoning")

    assert [most_left(Decimal(new), rules) for new in (20, 40, 48, 80)] == [20, 20, 12, 0]
    assert most_left(Decimal(20), rules_of("general")) is None


@pytest.mark.parametrize(("lessons", "days", "span"), [(52, 365, 0), (53, 365, 365), (10, None, 0), (13, 91, 91)])
def test_a_lesson_for_each_week_is_a_period(lessons, days, span):
    assert span_of(lessons, days) == span
