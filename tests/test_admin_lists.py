"""The back office in one sweep: every list opens, searches, and costs the same for one row and for three."""

import pytest
from django.contrib import admin
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from branches.models import LegalEntity
from enrolments.models import DiscountRule
from messaging.services import queue_message
from payroll.models import PayRate, PayScheme
from sales.models import Campaign
from scheduling.models import LeavePolicy
from tests.factories import (
    NOW,
    CalendarDayFactory,
    ChannelFactory,
    ClassGroupFactory,
    CoursePackageFactory,
    EnquiryFactory,
    EnrolmentFactory,
    GuardianshipFactory,
    RoomFactory,
    ScheduleRuleFactory,
    SchoolBreakFactory,
    at,
    manager_of,
    sell,
    teacher_of,
)


def message(branch, number):
    return queue_message(
        branch=branch,
        recipient="guardian:1",
        about="student:1",
        kind="class_reminder",
        subject=f"lesson:{number}",
        occurrence="day-before",
        due_at=NOW,
        useful_until=at("2030-01-01 10:00"),
    )


def class_group(branch, number):
    return ScheduleRuleFactory(class_group__branch=branch, room=RoomFactory(branch=branch)).class_group


def enrolment(branch, number):
    row = EnrolmentFactory(branch=branch)
    sell(row)
    return row


def guardianship(branch, number):
    return GuardianshipFactory(student=EnrolmentFactory(branch=branch).student)


# model: how one more row that the list shows comes to be
ROWS = {
    "branches_branch": lambda branch, number: branch,
    "branches_room": lambda branch, number: RoomFactory(branch=branch),
    "branches_calendarday": lambda branch, number: CalendarDayFactory(branch=branch, day=f"2026-12-0{number + 1}"),
    "branches_schoolbreak": lambda branch, number: SchoolBreakFactory(branch=branch),
    "branches_legalentity": lambda branch, number: LegalEntity.objects.get_or_create(branch=branch)[0],
    "branches_user": lambda branch, number: manager_of(branch),
    "courses_subject": lambda branch, number: ClassGroupFactory(branch=branch).course.subject,
    "courses_course": lambda branch, number: ClassGroupFactory(branch=branch).course,
    "students_channel": lambda branch, number: ChannelFactory(),
    "courses_coursepackage": lambda branch, number: CoursePackageFactory(),
    "parents_guardian": lambda branch, number: guardianship(branch, number).guardian,
    "students_student": lambda branch, number: guardianship(branch, number).student,
    "students_enquiry": lambda branch, number: EnquiryFactory(branch=branch),
    "enrolments_enrolment": enrolment,
    "enrolments_discountrule": lambda branch, number: DiscountRule.objects.create(
        branch=branch, kind="other", name=f"优惠{number}", percent=5
    ),
    "scheduling_classgroup": class_group,
    "scheduling_leavepolicy": lambda branch, number: LeavePolicy.objects.get_or_create(branch=branch)[0],
    "notices_noticepolicy": lambda branch, number: branch.notice_policy,
    "renewals_reminderpolicy": lambda branch, number: branch.reminder_policy,
    "payroll_payscheme": lambda branch, number: PayScheme.objects.create(name=f"方案{number}"),
    "payroll_payrate": lambda branch, number: PayRate.objects.create(
        teacher=teacher_of(branch),
        branch=branch,
        scheme=PayScheme.objects.create(name=f"方案{number}"),
        valid_from="2026-01-01",
    ),
    "sales_campaign": lambda branch, number: Campaign.objects.create(
        branch=branch,
        name=f"活动{number}",
        channel=ChannelFactory(),
        first_date="2026-09-01",
        last_date="2026-09-30",
    ),
    "messaging_outboundmessage": message,
}


def names_of_models():
    return {f"{model._meta.app_label}_{model._meta.model_name}" for model in admin.site._registry}


def queries_of(client, url):
    with CaptureQueriesContext(
        connection,
    ) as queries:
        assert client.get(url).status_code == 200
    return len(queries)


def test_every_list_of_the_back_office_is_in_the_sweep():
    queue = {name for name in names_of_models() if name.startswith("django_q_")}  # for superusers alone

    assert names_of_models() - queue == set(ROWS)


@pytest.mark.parametrize("name", ROWS)
def test_a_list_costs_the_same_for_one_row_and_for_three(client, branch, name):
    client.force_login(manager_of(branch))
    url = reverse(f"admin:{name}_changelist")
    ROWS[name](branch, 0)
    client.get(url)  # what is looked up once and kept
    of_one = queries_of(client, url)
    for number in [1, 2]:
        ROWS[name](branch, number)

    assert queries_of(client, url) == of_one


@pytest.mark.parametrize("name", ROWS)
def test_a_list_can_be_searched(client, branch, name):
    client.force_login(manager_of(branch))
    ROWS[name](branch, 0)

    response = client.get(reverse(f"admin:{name}_changelist"), {"q": "a"})

    assert response.status_code == 200


@pytest.mark.parametrize("name", ROWS)
def test_a_row_opens(client, branch, name):
    client.force_login(manager_of(branch))
    row = ROWS[name](branch, 0)

    response = client.get(reverse(f"admin:{name}_change", args=[row.pk]))

    assert response.status_code == 200


def test_a_choice_offers_the_own_branch_only(client, branch, other_branch):
    client.force_login(manager_of(branch))

    form = client.get(reverse("admin:branches_room_add")).context["adminform"].form

    assert list(form.fields["branch"].queryset) == [branch]


def test_a_row_cannot_be_given_to_another_branch(client, branch, other_branch):
    client.force_login(manager_of(branch))
    data = {"branch": other_branch.pk, "name": "201", "capacity": 12}

    response = client.post(reverse("admin:branches_room_add"), data)

    assert response.context["adminform"].form.errors["branch"]


def test_a_price_is_typed_in_yuan(client, branch):
    package = CoursePackageFactory(price_minor=1280_00)
    client.force_login(manager_of(branch))
    url = reverse("admin:courses_coursepackage_change", args=[package.pk])
    assert 'value="1280.00"' in client.get(url).content.decode()

    client.post(
        url,
        {"course": package.course_id, "name": "新", "paid_credits": 20, "gift_credits": 0, "price_minor": "1299.50"},
    )

    package.refresh_from_db()
    assert package.price_minor == 1299_50


def test_saving_a_class_plans_its_lessons(client, branch):
    rule = ScheduleRuleFactory(
        class_group__branch=branch, class_group__lessons_total=4, class_group__teacher=teacher_of(branch)
    )
    group = rule.class_group
    manager = manager_of(branch)
    client.force_login(manager)
    url = reverse("admin:scheduling_classgroup_change", args=[group.pk])
    form = client.get(url).context["adminform"].form
    data = {name: form.initial.get(name) for name in form.fields} | {
        "rules-TOTAL_FORMS": 1,
        "rules-INITIAL_FORMS": 1,
        "rules-0-id": rule.pk,
        "rules-0-class_group": group.pk,
        "rules-0-weekday": rule.weekday,
        "rules-0-start_time": rule.start_time,
        "rules-0-minutes": rule.minutes,
        "rules-0-teacher": rule.teacher_id,
        "rules-0-valid_from": rule.valid_from,
    }

    response = client.post(url, data)

    assert response.status_code == 302
    assert group.lessons.count() == 4
