"""The pages of orders: selling at the desk, one order with its payments, the list, a class's renewals."""

from datetime import timedelta
from decimal import Decimal
from io import BytesIO

import pytest
from django.urls import reverse
from django.utils import timezone
from openpyxl import load_workbook

from core.clock import local_date
from enrolments.models import CreditLot, DiscountRule, Enrolment, Order, PassedRule, Payment
from scheduling.models import ClassMember
from tests.enrolments.order_cases import confirmed, draft, line, pay
from tests.factories import (
    NOW,
    TODAY,
    ClassGroupFactory,
    ClassMemberFactory,
    CoursePackageFactory,
    EnrolmentFactory,
    GuardianshipFactory,
    LessonFactory,
    StudentFactory,
    adviser_of,
    desk_of,
    manager_of,
    owner_of_school,
    sell,
    teacher_of,
)
from tests.renewals.conftest import use

pytestmark = pytest.mark.django_db

Status = Order.Status


@pytest.fixture(autouse=True)
def _today(monkeypatch):
    monkeypatch.setattr(timezone, "now", lambda: NOW)


@pytest.fixture
def desk(client, branch):
    person = desk_of(branch)
    client.force_login(person)
    return person


@pytest.fixture
def student(branch):
    student = StudentFactory(name="田萍", branches=[branch])
    GuardianshipFactory(student=student)
    return student


@pytest.fixture
def package(db):
    return CoursePackageFactory(paid_credits=20, price_minor=2400_00, course__list_price_minor=150_00)


def enrol(client, student, bought, query="", **changes):
    data = {
        "token": "one-click",
        "branch": student.branches.get().pk,
        "package": bought.pk,
        "start_date": TODAY.isoformat(),
        "method": "wechat",
    }
    url = reverse("enrol", args=[student.pk]) + f"?course={bought.course_id}{query}"
    return client.post(url, data | changes, follow=True)


def act(client, order, action, **data):
    return client.post(reverse("order", args=[order.pk]), {"action": action, "token": "click"} | data, follow=True)


# --- selling -----------------------------------------------------------------------------------------------


def test_by_lessons(client, desk, student, package):
    enrol(client, student, package, package="lessons", lessons="10.5", price="150.00")

    item = Order.objects.get().items.get()
    assert (item.paid_credits, item.amount_minor, item.package) == (Decimal("10.5"), 1575_00, None)


def test_by_lessons_costs_the_list_price_unless_told_otherwise(client, desk, student, package):
    enrol(client, student, package, package="lessons", lessons="10")

    assert Order.objects.get().total_minor == 1500_00


def test_by_lessons_needs_their_number(client, desk, student, package):
    response = enrol(client, student, package, package="lessons")

    assert response.context["form"].errors["lessons"]
    assert not Order.objects.exists()


def test_a_named_discount_a_gift_and_another_validity(client, desk, student, package):
    rule = DiscountRule.objects.create(kind="sibling", name="二孩优惠", percent=5)

    enrol(client, student, package, discount=rule.pk, gift="1", validity_days="365")

    item = Order.objects.get().items.get()
    assert (item.discount, item.discount_minor) == (rule, 120_00)
    assert (item.gift_credits, item.validity_days) == (1, 365)
    assert item.lot.expires_date == TODAY + timedelta(days=365)


def test_a_discount_by_hand_needs_a_reason(client, desk, student, package):
    response = enrol(client, student, package, discount_amount="100")
    assert response.context["form"].errors["discount_reason"]

    enrol(client, student, package, discount_amount="100", discount_reason="老生介绍")

    assert Order.objects.get().paid_minor == 2300_00


def test_not_two_discounts(client, desk, student, package):
    rule = DiscountRule.objects.create(kind="sibling", name="二孩优惠", percent=5)

    response = enrol(client, student, package, discount=rule.pk, discount_amount="1", discount_reason="凑整")

    assert response.context["form"].errors["discount_amount"]


def test_a_discount_that_is_over_is_no_choice(client, desk, student, package):
    over = DiscountRule.objects.create(kind="early_bird", name="早鸟", percent=5, valid_until=TODAY - timedelta(days=1))

    response = enrol(client, student, package, discount=over.pk)

    assert response.context["form"].errors["discount"]


def test_above_the_limit_the_desk_is_told_and_the_manager_sells(client, branch, student, package):
    changes = {"discount_amount": "500", "discount_reason": "老生"}
    client.force_login(desk_of(branch))
    response = enrol(client, student, package, **changes)
    assert "10" in response.context["form"].errors["__all__"][0]
    assert not Order.objects.exists()
    client.force_login(manager_of(branch))

    enrol(client, student, package, **changes)

    assert Order.objects.get().total_minor == 1900_00


def test_paid_in_parts(client, desk, student, package):
    enrol(client, student, package, method="split", part_cash="1000", part_wechat="400", due_date="2026-12-01")

    order = Order.objects.get()
    assert (order.paid_minor, order.owing_minor) == (1400_00, 1000_00)
    assert set(order.payments.values_list("method", flat=True)) == {"cash", "wechat"}
    assert order.due_date.isoformat() == "2026-12-01"


def test_more_than_the_price_is_refused_and_nothing_is_sold(client, desk, student, package):
    response = enrol(client, student, package, method="split", part_cash="3000")

    assert response.context["form"].errors["__all__"]
    assert not Order.objects.exists()


def test_paid_later(client, desk, student, package):
    enrol(client, student, package, method="later")

    assert Order.objects.get().owing_minor == 2400_00
    assert Enrolment.objects.get().balance == 20


def test_kept_as_a_draft_with_its_class(client, desk, branch, student, package):
    group = LessonFactory(
        class_group__branch=branch, class_group__course=package.course, starts_at=NOW + timedelta(days=7)
    ).class_group
    response = enrol(client, student, package, class_group=group.pk, action="draft")
    order = Order.objects.get()
    assert (order.status, order.lapses_date) == (Status.DRAFT, TODAY + timedelta(days=30))
    assert not CreditLot.objects.exists()
    assert response.redirect_chain[-1][0] == reverse("order", args=[order.pk])

    act(client, order, "confirm", method="cash")

    order.refresh_from_db()
    assert order.owing_minor == 0
    assert ClassMember.objects.get().class_group == group


def test_a_second_child_and_a_second_course_join_the_draft(client, desk, branch, student, package):
    enrol(client, student, package, action="draft")
    order = Order.objects.get()
    brother = StudentFactory(name="田强", branches=[branch])
    other = CoursePackageFactory(paid_credits=10, price_minor=1000_00)

    for _click in range(2):
        response = enrol(client, brother, other, f"&order={order.pk}", token="second")

    assert response.redirect_chain[-1][0] == reverse("order", args=[order.pk])
    order.refresh_from_db()
    assert (order.total_minor, order.items.count()) == (3400_00, 2)
    act(client, order, "confirm", method="alipay")
    assert {lot.enrolment.student for lot in CreditLot.objects.all()} == {student, brother}


def test_the_family_stands_on_the_draft(client, desk, branch, student, package):
    sister = StudentFactory(name="田娜", branches=[branch])
    GuardianshipFactory(student=sister, guardian=student.guardians.get())
    enrol(client, student, package, action="draft")

    response = client.get(reverse("order", args=[Order.objects.get().pk]))

    assert set(response.context["siblings"]) == {student, sister}


def test_what_was_bought_last_is_chosen_already(client, desk, branch, student, package):
    CoursePackageFactory(course=package.course, paid_credits=10, price_minor=1)
    enrol(client, student, package)

    response = client.get(reverse("enrol", args=[student.pk]), {"course": package.course_id})

    assert response.context["form"]["package"].value() == package.pk


def test_a_breach_is_explained_and_only_the_owner_may_pass_it(client, branch, student):
    big = CoursePackageFactory(paid_credits=100, price_minor=4000_00)
    client.force_login(desk_of(branch))
    response = enrol(client, student, big, pass_reason="家长要求")
    assert [finding.rule.code for finding in response.context["refused"].findings] == ["charge_lessons"]
    assert not response.context["refused"].may_pass
    assert not Order.objects.exists()
    client.force_login(owner_of_school())
    assert enrol(client, student, big).context["refused"].may_pass

    enrol(client, student, big, pass_reason="家长要求")

    assert PassedRule.objects.get().order == Order.objects.get()


def test_the_page_says_from_when_a_renewal_may_be_charged(client, desk, branch, package):
    enrolment = EnrolmentFactory(branch=branch, course=package.course)
    sell(enrolment, 27)
    group = ClassGroupFactory(branch=branch, course=package.course)
    ClassMemberFactory(class_group=group, enrolment=enrolment)
    group.rules.create(
        weekday=5, start_time="09:00", minutes=90, teacher=group.teacher, valid_from=TODAY - timedelta(days=9)
    )
    LessonFactory(class_group=group, starts_at=NOW + timedelta(days=7))

    law = client.get(reverse("enrol", args=[enrolment.student_id]), {"course": package.course_id}).context["law"]

    assert law.left == 27
    assert law.offers[package.pk].opens == TODAY + timedelta(days=49)  # seven more lessons, one a week


@pytest.mark.parametrize("package_count", [1, 3])
def test_the_page_costs_the_same_for_one_and_for_three_packages(
    client, desk, student, package, package_count, django_assert_num_queries
):
    for number in range(1, package_count):
        CoursePackageFactory(course=package.course, paid_credits=number, price_minor=100)
        LessonFactory(
            class_group__branch=student.branches.get(),
            class_group__course=package.course,
            starts_at=NOW + timedelta(days=number),
        )
    LessonFactory(
        class_group__branch=student.branches.get(),
        class_group__course=package.course,
        starts_at=NOW + timedelta(days=9),
    )
    url = reverse("enrol", args=[student.pk]) + f"?course={package.course_id}"

    with django_assert_num_queries(21):
        client.get(url)


# --- one order ---------------------------------------------------------------------------------------------


def test_a_payment_for_what_is_owing(client, desk, branch):
    order = confirmed(branch)

    act(client, order, "pay", amount="1000", method="card", reference="42")

    payment = order.payments.get()
    assert (payment.amount_minor, payment.method, payment.reference) == (1000_00, "card", "42")
    assert payment.received_by == desk


def test_a_double_click_pays_once(client, desk, branch):
    order = confirmed(branch)

    for _click in range(2):
        response = act(client, order, "pay", amount="2400", method="cash")

    assert order.payments.count() == 1
    assert response.redirect_chain


def test_too_much_is_named(client, desk, branch):
    order = confirmed(branch)

    response = act(client, order, "pay", amount="2400.01", method="cash")

    assert "2,400.00" in response.context["pay_form"].errors["amount"][0]
    assert not order.payments.exists()


def test_taking_back_is_the_managers_and_needs_a_reason(client, branch):
    order = confirmed(branch)
    payment = pay(order, 1000_00)
    client.force_login(desk_of(branch))
    assert act(client, order, "take_back", payment=payment.pk, reason="收错").status_code == 403
    client.force_login(manager_of(branch))
    act(client, order, "take_back", payment=payment.pk)
    assert order.payments.count() == 1

    act(client, order, "take_back", payment=payment.pk, reason="收错")

    assert Payment.objects.get(reverses=payment).reason == "收错"


def test_voiding_is_the_managers(client, branch):
    order = confirmed(branch)
    client.force_login(desk_of(branch))
    assert act(client, order, "void", reason="报错班").status_code == 403
    client.force_login(manager_of(branch))

    act(client, order, "void", reason="报错班")

    order.refresh_from_db()
    assert order.status == Status.VOID


def test_a_draft_is_changed_and_cancelled_at_the_desk(client, desk, branch):
    order = draft(branch, [line(EnrolmentFactory(branch=branch)), line(EnrolmentFactory(branch=branch), 10, 1300_00)])

    act(client, order, "remove", item=order.items.first().pk)
    act(client, order, "cancel", reason="不续了")

    order.refresh_from_db()
    assert (order.total_minor, order.status, order.ended_reason) == (1300_00, Status.CANCELLED, "不续了")


def test_a_full_class_does_not_keep_the_money_out(client, desk, branch, student, package):
    lesson = LessonFactory(
        class_group__branch=branch, class_group__course=package.course, starts_at=NOW + timedelta(days=7)
    )
    enrol(client, student, package, class_group=lesson.class_group_id, action="draft")
    other = LessonFactory(class_group__branch=branch, starts_at=lesson.starts_at)
    elsewhere = EnrolmentFactory(branch=branch, student=student)
    other.attendances.create(enrolment=elsewhere)
    order = Order.objects.get()

    response = act(client, order, "confirm", method="cash")
    assert response.context["without_class"]
    assert not CreditLot.objects.exists()
    act(client, order, "confirm", method="cash", without_class="yes")

    assert CreditLot.objects.count() == order.payments.count() == 1
    assert not ClassMember.objects.exists()


@pytest.mark.parametrize("action", ["confirm", "pay", "remove", "cancel", "nonsense", ""])
def test_nothing_entered_changes_nothing(client, desk, branch, action):
    order = draft(branch) if action in {"confirm", "remove", "cancel"} else confirmed(branch)
    before = Order.objects.values().get()

    assert act(client, order, action).status_code in {200, 404}

    assert Order.objects.values().get() == before


@pytest.mark.parametrize("person", [desk_of, adviser_of])
def test_another_branchs_order_is_not_found(client, branch, other_branch, person):
    client.force_login(person(other_branch))

    assert client.get(reverse("order", args=[confirmed(branch).pk])).status_code == 404


def test_a_teacher_may_not(client, branch):
    client.force_login(teacher_of(branch))

    assert client.get(reverse("order", args=[confirmed(branch).pk])).status_code == 403


@pytest.mark.parametrize("row_count", [1, 3])
def test_an_order_costs_the_same_for_one_line_and_for_three(client, desk, branch, row_count, django_assert_num_queries):
    order = confirmed(branch, [line(EnrolmentFactory(branch=branch)) for _number in range(row_count)])
    for number in range(row_count):
        pay(order, 100_00, token=f"pay-{number}")

    with django_assert_num_queries(7):
        response = client.get(reverse("order", args=[order.pk]))

    assert len(response.context["items"]) == row_count


# --- the list ----------------------------------------------------------------------------------------------


@pytest.fixture
def school(branch):
    """One order of each state."""
    orders = {
        "draft": draft(branch, token="draft", prepared_for="class:17"),
        "owing": confirmed(branch, token="owing"),
        "paid": confirmed(branch, token="paid"),
        "ended": draft(branch, token="ended"),
    }
    pay(orders["owing"], 400_00, token="part")
    pay(orders["paid"], 2400_00, token="all")
    Order.objects.filter(pk=orders["ended"].pk).update(status=Status.CANCELLED)
    return orders


def listed(client, **query):
    return set(client.get(reverse("order_list"), query).context["page_obj"].object_list)


@pytest.mark.parametrize("state", ["draft", "owing", "paid", "ended"])
def test_orders_by_state(client, desk, school, state):
    assert listed(client, state=state) == {school[state]}


def test_all_orders_with_their_sums(client, desk, school):
    response = client.get(reverse("order_list"))

    assert set(response.context["page_obj"].object_list) == set(school.values())
    sums = response.context["sums"]
    assert (sums["sold_minor"], sums["received_minor"], sums["owing_minor"]) == (4800_00, 2800_00, 2000_00)
    assert (sums["draft"], sums["owing"], sums["paid"], sums["ended"]) == (1, 1, 1, 1)


def test_orders_by_child_and_by_day(client, desk, branch, school):
    mine = confirmed(branch, [line(EnrolmentFactory(branch=branch, student__name="田萍"))], token="mine")

    assert listed(client, q="田萍") == {mine}
    assert listed(client, q="tp") == {mine}
    assert listed(client, first="2026-11-22") == set()
    assert listed(client, last="2026-11-20") == set()
    assert mine in listed(client, first="2026-11-21", last="2026-11-21")


def test_orders_of_a_class(client, desk, branch, school):
    group = ClassGroupFactory(branch=branch)
    Order.objects.filter(pk=school["draft"].pk).update(prepared_for=f"class:{group.pk}")

    assert listed(client, group=group.pk) == {school["draft"]}


@pytest.mark.parametrize("name", ["branch", "state", "first", "group", "last"])
def test_a_filter_that_makes_no_sense_filters_nothing(client, desk, school, name):
    assert listed(client, **{name: "1' OR 1=1"}) == set(school.values())


def test_other_branches_orders_are_not_there(client, other_branch, school):
    client.force_login(desk_of(other_branch))

    assert listed(client) == set()
    assert listed(client, branch=school["paid"].branch_id) == set()


def test_the_workbook_has_lines_and_payments(client, desk, school):
    response = client.get(reverse("order_export"), {"state": "owing"})

    lines, money = load_workbook(BytesIO(response.content)).worksheets
    assert [cell.value for cell in lines["A"]][1:] == [school["owing"].pk]
    assert [cell.value for cell in money["F"]][1:] == [400]


def test_a_name_is_no_formula(client, desk, branch):
    confirmed(branch, [line(EnrolmentFactory(branch=branch, student__name="=1+1"))])

    response = client.get(reverse("order_export"))

    assert load_workbook(BytesIO(response.content)).worksheets[0]["E2"].data_type == "s"


@pytest.mark.parametrize("row_count", [1, 3])
def test_the_list_costs_the_same_for_one_and_for_three(client, desk, branch, row_count, django_assert_num_queries):
    for number in range(row_count):
        draft(branch, token=f"order-{number}")

    with django_assert_num_queries(8):
        client.get(reverse("order_list"))


# --- where it shows ----------------------------------------------------------------------------------------


def test_what_is_owing_stands_on_the_childs_page_and_at_home(client, desk, branch):
    order = confirmed(branch)
    student = order.items.get().student

    response = client.get(reverse("student", args=[student.pk]))
    assert list(response.context["open_orders"]) == [order]
    assert reverse("order", args=[order.pk]) in response.content.decode()
    [card] = [card for card in client.get("/").context["cards"] if card.name == "owing"]
    assert (card.number, card.note) == (1, "¥2,400.00")

    pay(order, 2400_00)

    assert not client.get(reverse("student", args=[student.pk])).context["open_orders"]
    assert "owing" not in {card.name for card in client.get("/").context["cards"]}


# --- renewals of a class -----------------------------------------------------------------------------------


@pytest.fixture
def group(branch):
    group = ClassGroupFactory(branch=branch, name="围棋银44班", first_date=TODAY - timedelta(days=70))
    LessonFactory(class_group=group, starts_at=NOW + timedelta(days=7))
    return group


@pytest.fixture
def member(group):
    def member(left, name="田萍"):
        enrolment = EnrolmentFactory(branch=group.branch, course=group.course, student__name=name)
        sell(enrolment, 20)
        if left != 20:
            use(enrolment, 20 - left)
        ClassMemberFactory(class_group=group, enrolment=enrolment)
        return enrolment

    return member


def prepare(client, group, *enrolments, until="2026-12-12", **changes):
    package = CoursePackageFactory(course=group.course, paid_credits=20, price_minor=2000_00)
    data = {"lapses_date": until} | {f"pick_{one.pk}": "on" for one in enrolments}
    everybody = Enrolment.objects.filter(class_members__class_group=group)
    data |= {f"package_{one.pk}": package.pk for one in everybody}
    return client.post(reverse("class_renewals", args=[group.pk]), data | changes, follow=True)


def test_those_who_run_out_are_picked_with_what_they_had(client, desk, group, member):
    low, rich = member(2), member(18, "王芳")

    response = client.get(reverse("class_renewals", args=[group.pk]))

    rows = {one.enrolment: one for one in response.context["form"].candidates}
    assert (rows[low].is_due, rows[rich].is_due) == (True, False)
    assert rows[low].package == low.lots.get().package
    assert (response.context["count"], response.context["sum_minor"]) == (1, 2400_00)
    assert not Order.objects.filter(status=Status.DRAFT).exists()


def test_one_click_prepares_and_another_changes_nothing(client, desk, group, member):
    first, second = member(2), member(3, "王芳")

    for _click in range(2):
        response = prepare(client, group, first, second)

    drafts = Order.objects.filter(status=Status.DRAFT)
    assert {order.items.get().student for order in drafts} == {first.student, second.student}
    assert {(order.prepared_for, order.total_minor) for order in drafts} == {(f"class:{group.pk}", 2000_00)}
    assert {order.lapses_date.isoformat() for order in drafts} == {"2026-12-12"}
    assert set(response.context["drafts"]) == set(drafts)


def test_a_discount_for_all(client, desk, group, member):
    rule = DiscountRule.objects.create(kind="early_bird", name="早鸟", amount_minor=100_00)

    prepare(client, group, member(2), discount=rule.pk)

    assert Order.objects.get(status=Status.DRAFT).total_minor == 1900_00


@pytest.mark.parametrize("changes", [{"lapses_date": "2026-11-20"}, {"lapses_date": ""}, {"discount": "999"}])
def test_what_makes_no_sense_prepares_nothing(client, desk, group, member, changes):
    response = prepare(client, group, member(2), **changes)

    assert response.context["form"].errors
    assert not Order.objects.filter(status=Status.DRAFT).exists()


def test_nobody_picked_prepares_nothing(client, desk, group, member):
    member(2)

    assert prepare(client, group).context["form"].errors


def test_slips_are_for_open_drafts(client, desk, group, member):
    first, second = member(2), member(3, "王芳")
    prepare(client, group, first, second)
    cancelled = Order.objects.get(items__student=second.student, status=Status.DRAFT)
    Order.objects.filter(pk=cancelled.pk).update(status=Status.CANCELLED)

    response = client.get(reverse("renewal_slips", args=[group.pk]))

    assert [order.items.get().student for order in response.context["orders"]] == [first.student]
    assert "¥2,000.00" in response.content.decode()


def test_only_who_sells_there(client, branch, other_branch, group):
    for person, status in [(teacher_of(branch), 403), (desk_of(other_branch), 404), (desk_of(branch), 200)]:
        client.force_login(person)
        for name in ("class_renewals", "renewal_slips"):
            assert client.get(reverse(name, args=[group.pk])).status_code == status


@pytest.mark.parametrize("row_count", [1, 3])
def test_the_renewals_cost_the_same_for_one_and_for_three(
    client, desk, group, member, row_count, django_assert_num_queries
):
    members = [member(2, f"学员{number}") for number in range(row_count)]
    prepare(client, group, *members)

    with django_assert_num_queries(16):
        client.get(reverse("class_renewals", args=[group.pk]))


def test_the_hourly_job_lets_drafts_lapse(branch, monkeypatch, settings):
    order = draft(branch, lapses_date=local_date(NOW, branch.time_zone))
    from enrolments import tasks

    tasks.lapse_orders()
    order.refresh_from_db()
    assert order.status == Status.DRAFT
    monkeypatch.setattr(timezone, "now", lambda: NOW + timedelta(days=1))
    tasks.lapse_orders()

    order.refresh_from_db()
    assert order.status == Status.LAPSED
    assert "enrolments.tasks.lapse_orders" in settings.PERIODIC_JOBS
