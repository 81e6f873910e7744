"""Whatever is asked, withdrawn, booked, cancelled, called and undone, in any order: one lesson is paid once."""

from contextlib import suppress
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scheduling.clashes import LessonClashError
from scheduling.leave_rules import part_of
from scheduling.models import AbsenceRequest, Attendance, Lesson, MakeUp
from scheduling.services import (
    LeaveError,
    MakeUpError,
    RollCallError,
    ScheduleError,
    ask_leave,
    book_make_up,
    call_roll,
    cancel_make_up,
    undo_roll_call,
    withdraw_leave,
)
from tests.factories import BranchFactory, LessonFactory, at, manager_of
from tests.scheduling.leave_school import SATURDAY, WEDNESDAY, child_in, lesson_of, policy_of, taken_by

pytestmark = pytest.mark.django_db

Status = Attendance.Status
CREDITS = Decimal("1.5")
REFUSALS = (LeaveError, MakeUpError, RollCallError, ScheduleError, LessonClashError)

ask = st.tuples(st.just("ask"), st.sampled_from([30, 10, 1]))  # hours of notice: nothing, half, the whole
call = st.tuples(
    st.sampled_from(["call missed", "call make-up"]),
    st.sampled_from([None, Status.PRESENT, Status.LATE, Status.LEAVE, Status.ABSENT]),
)
other = st.tuples(st.sampled_from(["withdraw", "book", "book", "cancel", "undo missed", "undo make-up"]), st.just(None))
EARLIER = at("2026-11-25 18:00")


@given(
    steps=st.lists(ask | call | other, min_size=3, max_size=14),
    make_up_at=st.sampled_from([EARLIER, WEDNESDAY]),
    leave_takes_credit=st.booleans(),
)
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_one_lesson_is_paid_once(steps, make_up_at, leave_takes_credit):
    with transaction.atomic():
        school = School(make_up_at, leave_takes_credit)
        for step in steps:
            school.do(*step)
            school.check()
        transaction.set_rollback(True)


class School:
    """A child in a lesson on Saturday, and a lesson of another class to make it up in."""

    def __init__(self, make_up_at, leave_takes_credit):
        branch = BranchFactory(leave_takes_credit=leave_takes_credit)
        policy_of(branch, tiers=[(24, "0.0", True), (6, "0.5", True), (0, "1.0", leave_takes_credit)])
        self.manager = manager_of(branch)
        self.missed = LessonFactory(class_group__branch=branch, starts_at=SATURDAY, credits=CREDITS)
        self.target = lesson_of(self.missed.class_group.course, branch, make_up_at)
        self.original = child_in(self.missed)

    def do(self, what, how):
        """One thing a person may try; a refusal changes nothing."""
        with suppress(*REFUSALS), transaction.atomic():
            getattr(self, what.replace(" ", "_").replace("-", "_"))(how)

    def ask(self, hours):
        now = SATURDAY - timedelta(hours=hours)
        ask_leave(attendance=self.original, reason="", by=self.manager, now=now)

    def withdraw(self, _how):
        if request := AbsenceRequest.objects.active().first():
            withdraw_leave(absence_request=request, by=self.manager, now=SATURDAY)

    def book(self, _how):
        if right := MakeUp.objects.filter(withdrawn_at__isnull=True).first():
            book_make_up(make_up=right, lesson=self.target, by=self.manager, now=EARLIER)

    def cancel(self, _how):
        if right := self.right():
            cancel_make_up(make_up=right, by=self.manager, now=EARLIER)

    def call_missed(self, status):
        self._call(self.missed, self.original, status)

    def call_make_up(self, status):
        right = self.right()
        self._call(self.target, right.attendance if right else None, status)

    def _call(self, lesson, attendance, status):
        exceptions = {attendance.pk: status} if attendance and status else {}
        call_roll(lesson=lesson, exceptions=exceptions, by=self.manager, now=lesson.starts_at)

    def undo_missed(self, _how):
        undo_roll_call(lesson=self.missed, by=self.manager)

    def undo_make_up(self, _how):
        undo_roll_call(lesson=self.target, by=self.manager)

    def right(self):
        return MakeUp.objects.filter(attendance__isnull=False).select_related("attendance").first()

    def check(self):
        """Nothing is taken by what is not held, and both lessons together take what one has."""
        original = Attendance.objects.get(pk=self.original.pk)
        held = set(Lesson.objects.filter(status="held").values_list("pk", flat=True))
        assert MakeUp.objects.filter(withdrawn_at__isnull=True).count() <= 1
        assert taken_by(original) == 0 or self.missed.pk in held
        if original.status in (Status.PRESENT, Status.LATE) and self.missed.pk in held:
            assert taken_by(original) == CREDITS
        right = self.right()
        if right is None:
            assert self.total() == taken_by(original)  # whatever a make-up took was given back
            return
        assert original.status == Status.LEAVE
        self.check_both(original, right.attendance, held)

    def check_both(self, original, make_up, held):
        if self.target.pk not in held:
            assert taken_by(make_up) == 0
            return
        request = original.absence_requests.active().first()
        planned = part_of(CREDITS, request.share) if request else 0
        of_missed = taken_by(original) if self.missed.pk in held else planned
        if make_up.status in (Status.PRESENT, Status.LATE):
            assert of_missed + taken_by(make_up) == CREDITS
        else:
            assert of_missed + taken_by(make_up) <= CREDITS

    def total(self):
        """What the account has lost over all lessons."""
        entries = self.original.enrolment.credit_entries.filter(reference__startswith="attendance:")
        return -entries.total()
