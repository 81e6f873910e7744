"""Rows for tests: nothing random, so a failure can be read and repeated.

`sell` and the `…_of` functions are what most tests begin with; a factory makes one row and what it hangs on.
"""

import datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import factory
from factory import LazyAttribute, SelfAttribute, Sequence, SubFactory
from factory.django import DjangoModelFactory

from branches.models import Branch, CalendarDay, Membership, Room, SchoolBreak, User
from branches.roles import Role
from courses.models import Course, CoursePackage, Subject
from enrolments.models import CreditLot, Enrolment, Order, Payment
from enrolments.services import enrol_student
from parents.models import Guardian
from scheduling.models import (
    Attendance,
    CalendarFeed,
    ClassGroup,
    ClassMember,
    Lesson,
    ScheduleRule,
    WaitingListEntry,
)
from students.models import Channel, Enquiry, Guardianship, Student

SHANGHAI = "Asia/Shanghai"
PASSWORD = "a-long-password-for-tests"


def at(text, time_zone=SHANGHAI):
    """The UTC moment of a wall-clock time: at("2026-11-28 09:00")."""
    return datetime.datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(time_zone)).astimezone(datetime.UTC)


NOW = at("2026-11-21 12:00")  # a Saturday
TODAY = datetime.date(2026, 11, 21)


# --- branches --------------------------------------------------------------------------------------------


class BranchFactory(DjangoModelFactory):
    class Meta:
        model = Branch

    name = Sequence(lambda n: f"校区{n}")
    code = Sequence(lambda n: f"branch-{n}")
    time_zone = SHANGHAI


class RoomFactory(DjangoModelFactory):
    class Meta:
        model = Room

    branch = SubFactory(BranchFactory)
    name = Sequence(lambda n: f"{n}号教室")


class CalendarDayFactory(DjangoModelFactory):
    class Meta:
        model = CalendarDay

    branch = SubFactory(BranchFactory)
    day = Sequence(lambda n: TODAY + datetime.timedelta(days=n))
    reason = "放假"


class SchoolBreakFactory(DjangoModelFactory):
    class Meta:
        model = SchoolBreak

    branch = SubFactory(BranchFactory)
    name = "寒假"
    first_date = TODAY
    last_date = LazyAttribute(lambda pause: pause.first_date + datetime.timedelta(days=30))


class UserFactory(DjangoModelFactory):
    """A staff account without a role; `manager_of` and its like give it one."""

    class Meta:
        model = User

    username = Sequence(lambda n: f"139{n:08d}")
    phone = LazyAttribute(lambda user: f"+86{user.username}")
    name = Sequence(lambda n: f"员工{n}")
    password = factory.django.Password(PASSWORD)


class MembershipFactory(DjangoModelFactory):
    class Meta:
        model = Membership

    user = SubFactory(UserFactory)
    branch = SubFactory(BranchFactory)
    role = Role.FRONT_DESK


def owner_of_school(**fields):
    return MembershipFactory(user=UserFactory(**fields), branch=None, role=Role.OWNER).user


def manager_of(branch, **fields):
    return _member(branch, Role.MANAGER, fields)


def desk_of(branch, **fields):
    return _member(branch, Role.FRONT_DESK, fields)


def adviser_of(branch, **fields):
    return _member(branch, Role.ADVISER, fields)


def teacher_of(branch, **fields):
    return _member(branch, Role.TEACHER, fields)


def _member(branch, role, fields):
    return MembershipFactory(user=UserFactory(**fields), branch=branch, role=role).user


# --- courses ---------------------------------------------------------------------------------------------


class SubjectFactory(DjangoModelFactory):
    class Meta:
        model = Subject

    name = Sequence(lambda n: f"科目{n}")


class CourseFactory(DjangoModelFactory):
    class Meta:
        model = Course

    subject = SubFactory(SubjectFactory)
    name = Sequence(lambda n: f"课程{n}")
    minutes = 90
    list_price_minor = 150_00


class CoursePackageFactory(DjangoModelFactory):
    class Meta:
        model = CoursePackage

    course = SubFactory(CourseFactory)
    name = Sequence(lambda n: f"课程包{n}")
    paid_credits = Decimal(20)
    gift_credits = Decimal(0)
    price_minor = 2400_00


# --- families --------------------------------------------------------------------------------------------


class GuardianFactory(DjangoModelFactory):
    class Meta:
        model = Guardian

    name = Sequence(lambda n: f"家长{n}")
    phone = Sequence(lambda n: f"+86138{n:08d}")


class StudentFactory(DjangoModelFactory):
    """A child; `branches=[…]` says where it comes to."""

    class Meta:
        model = Student
        skip_postgeneration_save = True

    name = Sequence(lambda n: f"学员{n}")

    @factory.post_generation
    def branches(self, create, branches, **kwargs):
        if create and branches:
            self.branches.set(branches)


class GuardianshipFactory(DjangoModelFactory):
    class Meta:
        model = Guardianship

    student = SubFactory(StudentFactory)
    guardian = SubFactory(GuardianFactory)
    relation = "妈妈"


class ChannelFactory(DjangoModelFactory):
    class Meta:
        model = Channel

    name = Sequence(lambda n: f"渠道{n}")


class EnquiryFactory(DjangoModelFactory):
    class Meta:
        model = Enquiry

    branch = SubFactory(BranchFactory)
    child_name = Sequence(lambda n: f"线索{n}")
    registered_date = TODAY
    created_at = NOW
    signed_at = LazyAttribute(lambda enquiry: NOW if enquiry.stage == "signed" else None)
    lost_at = LazyAttribute(lambda enquiry: NOW if enquiry.stage == "lost" else None)
    lost_reason = LazyAttribute(lambda enquiry: "other" if enquiry.stage == "lost" else "")
    stage = Enquiry.Stage.NEW


# --- enrolments ------------------------------------------------------------------------------------------


class EnrolmentFactory(DjangoModelFactory):
    class Meta:
        model = Enrolment
        skip_postgeneration_save = True

    student = SubFactory(StudentFactory)
    branch = SubFactory(BranchFactory)
    course = SubFactory(CourseFactory)

    @factory.post_generation
    def student_comes_here(self, create, extracted, **kwargs):
        if create:
            self.student.branches.add(self.branch)


class CreditLotFactory(DjangoModelFactory):
    """The sold lot alone, without its ledger entries; `sell` does the whole."""

    class Meta:
        model = CreditLot

    enrolment = SubFactory(EnrolmentFactory)
    paid_credits = Decimal(20)
    list_price_minor = 150_00
    paid_minor = 2400_00
    revenue_method = Branch.RevenueMethod.BLENDED
    start_date = TODAY
    sold_at = NOW
    sold_by = SubFactory(UserFactory)
    booked_date = TODAY
    token = Sequence(lambda n: f"lot-{n}")


class OrderFactory(DjangoModelFactory):
    """A confirmed order of 1,000 yuan, without its items."""

    class Meta:
        model = Order

    branch = SubFactory(BranchFactory)
    status = Order.Status.CONFIRMED
    total_minor = 1000_00
    created_at = NOW
    created_by = SubFactory(UserFactory)
    confirmed_at = NOW
    confirmed_by = SelfAttribute("created_by")
    token = Sequence(lambda n: f"order-{n}")


def sell(enrolment, paid_credits=20, *, gift_credits=0, price_minor=2400_00, validity_days=None, now=NOW):
    """Sell a package to the child of `enrolment`; returns the lot."""
    package = CoursePackageFactory(
        course=enrolment.course,
        paid_credits=Decimal(str(paid_credits)),
        gift_credits=Decimal(str(gift_credits)),
        price_minor=price_minor,
        validity_days=validity_days,
    )
    return enrol_student(
        student=enrolment.student,
        branch=enrolment.branch,
        package=package,
        method=Payment.Method.WECHAT,
        sold_by=UserFactory(is_superuser=True),  # tests of lessons sell more at once than the law allows
        start_date=TODAY,
        now=now,
        token=f"sale-{package.pk}",
        pass_reason="测试",
    )


# --- timetable -------------------------------------------------------------------------------------------


class ClassGroupFactory(DjangoModelFactory):
    class Meta:
        model = ClassGroup

    branch = SubFactory(BranchFactory)
    name = Sequence(lambda n: f"班级{n}")
    course = SubFactory(CourseFactory)
    teacher = SubFactory(UserFactory)
    capacity = 12
    first_date = TODAY
    lessons_total = 10


class ScheduleRuleFactory(DjangoModelFactory):
    """Saturdays from 9:00 to 10:30, by the class teacher, without a room."""

    class Meta:
        model = ScheduleRule

    class_group = SubFactory(ClassGroupFactory)
    weekday = 5
    start_time = datetime.time(9)
    minutes = 90
    teacher = SelfAttribute("class_group.teacher")
    valid_from = SelfAttribute("class_group.first_date")


class ClassMemberFactory(DjangoModelFactory):
    """The membership alone; `place_student` also expects the child at the lessons."""

    class Meta:
        model = ClassMember

    class_group = SubFactory(ClassGroupFactory)
    enrolment = LazyAttribute(
        lambda member: EnrolmentFactory(branch=member.class_group.branch, course=member.class_group.course)
    )
    joined_date = TODAY


class WaitingListEntryFactory(DjangoModelFactory):
    class Meta:
        model = WaitingListEntry

    class_group = SubFactory(ClassGroupFactory)
    enrolment = LazyAttribute(
        lambda entry: EnrolmentFactory(branch=entry.class_group.branch, course=entry.class_group.course)
    )
    added_at = NOW
    added_by = SubFactory(UserFactory)


class LessonFactory(DjangoModelFactory):
    """A planned lesson of 90 minutes in its own room, by the class teacher; by default this morning."""

    class Meta:
        model = Lesson

    class_group = SubFactory(ClassGroupFactory)
    branch = SelfAttribute("class_group.branch")
    number = 1
    starts_at = at("2026-11-21 09:00")
    ends_at = LazyAttribute(lambda lesson: lesson.starts_at + datetime.timedelta(minutes=90))
    local_date = LazyAttribute(lambda lesson: lesson.starts_at.astimezone(ZoneInfo(lesson.branch.time_zone)).date())
    teacher = SelfAttribute("class_group.teacher")
    room = SubFactory(RoomFactory, branch=SelfAttribute("..branch"))


class AttendanceFactory(DjangoModelFactory):
    class Meta:
        model = Attendance

    lesson = SubFactory(LessonFactory)
    enrolment = LazyAttribute(
        lambda row: EnrolmentFactory(branch=row.lesson.branch, course=row.lesson.class_group.course)
    )


class CalendarFeedFactory(DjangoModelFactory):
    """A feed whose secret nobody knows; `create_feed` tells it."""

    class Meta:
        model = CalendarFeed

    kind = CalendarFeed.Kind.CLASS
    secret_hash = Sequence(lambda n: f"{n:064x}")
    created_by = SubFactory(UserFactory)
    created_at = NOW
