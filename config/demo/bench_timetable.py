"""What people do with the timetable of the large school, each as often as asked for, never twice the same."""

import json
from datetime import datetime, time, timedelta

from django.urls import reverse
from django.utils import timezone

from branches.models import Room, User
from config.demo.bench_scale import CLASS_SIZE, MINUTES, TERM
from config.demo.bench_work import Task, client_of, expect, manager_of, nth_branch
from core.clock import monday_of
from enrolments.models import Enrolment
from scheduling.alternatives import find_alternatives
from scheduling.models import ClassGroup, ClassMember, Lesson, ScheduleRule, Weekday
from scheduling.services import cancel_day, plan_classes

TERM_CLASSES = 50
DAY_LESSONS = 200
FREE_HOURS = (time(9), time(11), time(14), time(17))  # on Mondays, when the school has no lessons
REASON = "测量"


def saturday(weeks):
    """Of the week so many weeks from now: the fullest day."""
    return monday_of(timezone.localdate()) + timedelta(days=5, weeks=weeks)


def _opened(address):
    def prepare(number):
        branch = nth_branch(number)
        client = client_of(manager_of(branch))
        query = f"?day={saturday(number % 4)}&by={('day', 'room', 'teacher')[number % 3]}"
        return lambda: expect(client.get(address() + query), 200)

    return prepare


def _lesson(number):
    """One of a branch's next Saturday, with the children in it."""
    lessons = Lesson.objects.planned().filter(branch=nth_branch(number), local_date=saturday(1))
    return lessons.select_related("branch", "class_group", "teacher", "room").order_by("pk")[number % 3]


def _drop(place, status):
    """The board's POST, to a place that `place` finds for the lesson."""

    def prepare(number):
        lesson = _lesson(number)
        room, starts_at = place(lesson)
        local = starts_at.astimezone(timezone.get_default_timezone())
        data = {
            "day": f"{local:%Y-%m-%d}",
            "time": f"{local:%H:%M}",
            "minutes": MINUTES,
            "teacher": lesson.teacher_id,
            "room": room.pk,
            "version": lesson.version,
        }
        client, address = client_of(manager_of(lesson.branch)), reverse("lesson_move", args=[lesson.pk])
        return lambda: expect(client.post(address, json.dumps(data), content_type="application/json"), status)

    return prepare


def _free_place(lesson):
    """Saturday at noon, in a room that nobody uses."""
    noon = datetime.combine(lesson.local_date, time(12), tzinfo=timezone.get_default_timezone())
    return Room.objects.filter(branch=lesson.branch).order_by("-pk")[0], noon


def _taken_place(lesson):
    """The same room and teacher on Sunday, when both have another class."""
    return lesson.room, lesson.starts_at + timedelta(days=1)


def _alternatives(number):
    lesson = _lesson(number)
    _room, starts_at = _taken_place(lesson)
    ends_at = starts_at + (lesson.ends_at - lesson.starts_at)
    return lambda: find_alternatives(lesson, now=timezone.now(), starts_at=starts_at, ends_at=ends_at)


def _term(number):
    """Classes with children for the whole of a branch's Monday, all to be planned."""
    branch, first_date = nth_branch(number), monday_of(timezone.localdate()) + timedelta(weeks=1)
    groups = _new_classes(branch, first_date)
    by, now = manager_of(branch), timezone.now()
    return lambda: plan_classes(class_groups=groups, by=by, now=now, keep_reason=REASON)


def _new_classes(branch, first_date):
    """Each in a room and hour of its own, by teachers who take turns, with the branch's children in turn."""
    rooms = list(Room.objects.filter(branch=branch).order_by("pk"))
    teachers = list(User.objects.teaching_at(branch).order_by("pk"))
    course = ClassGroup.objects.filter(branch=branch).first().course
    enrolments = list(Enrolment.objects.filter(branch=branch).order_by("student_id", "pk").distinct("student_id"))
    places = [(room, hour) for hour in FREE_HOURS for room in rooms][:TERM_CLASSES]
    groups = []
    for number, (room, hour) in enumerate(places):
        teacher = teachers[number % len(teachers)]
        group = ClassGroup.objects.create(
            branch=branch,
            name=f"新班{number}",
            course=course,
            teacher=teacher,
            capacity=CLASS_SIZE,
            first_date=first_date,
            lessons_total=TERM,
        )
        ScheduleRule.objects.create(
            class_group=group,
            weekday=Weekday.MONDAY,
            start_time=hour,
            minutes=MINUTES,
            teacher=teacher,
            room=room,
            valid_from=first_date,
        )
        seats = (enrolments[(number * CLASS_SIZE + seat) % len(enrolments)] for seat in range(CLASS_SIZE))
        ClassMember.objects.bulk_create(
            ClassMember(class_group=group, enrolment=enrolment, joined_date=first_date) for enrolment in seats
        )
        groups.append(group)
    return groups


def _day(number):
    """The lessons of a Saturday at several branches, put together as one branch's."""
    branch, day = nth_branch(number), saturday(number % 4 + 1)
    others = Lesson.objects.planned().filter(local_date=day).exclude(branch=branch).order_by("branch", "pk")
    own = Lesson.objects.planned().filter(local_date=day, branch=branch)
    group_ids = list(others.values_list("class_group", flat=True)[: max(DAY_LESSONS - own.count(), 0)])
    ClassGroup.objects.filter(pk__in=group_ids).update(branch=branch)
    Lesson.objects.filter(class_group__in=group_ids).update(branch=branch)
    by, now = manager_of(branch), timezone.now()
    return lambda: cancel_day(branch=branch, day=day, reason=REASON, by=by, now=now)


TASKS = [
    Task("week-data", 150, 1, _opened(lambda: reverse("timetable_data"))),
    Task("week-page", 150, 1, _opened(lambda: reverse("week"))),
    Task("drop", 60, 1, _drop(_free_place, 200)),
    Task("drop-refused", 200, 1, _drop(_taken_place, 409)),
    Task("alternatives", 200, 1, _alternatives),
    Task("cancel-day", 2000, 20, _day),
    Task("term", 3000, 20, _term),
]
