"""`bench desk`: the enquiries of the large school are as the software would write them, and every page answers."""

import pytest
from django.db.models import F, Q
from django.utils import timezone

from config.demo.bench_desk import TASKS
from config.demo.bench_desk_fill import EACH, fill_desk
from config.demo.bench_measure import measure_tasks
from config.demo.bench_scale import Scale
from sales.models import SalesPolicy
from students.models import Enquiry, EnquiryChange, FollowUp

pytestmark = pytest.mark.django_db
SCALE = Scale(branches=2, children=60)


@pytest.fixture
def enquiries():
    now = timezone.now()
    facts = {"now": now, "today": timezone.localdate(now)}
    assert [fill_desk(SCALE, **facts), fill_desk(SCALE, **facts)] == [True, False]
    return Enquiry.objects.all()


def test_enquiries_stand_where_their_moments_say(enquiries):
    assert enquiries.count() == EACH * SCALE.children
    assert set(enquiries.values_list("stage", flat=True)) == set(Enquiry.Stage.values)
    assert SalesPolicy.objects.count() == SCALE.branches
    assert not enquiries.filter(booked_at__lt=F("contacted_at")).exists()
    assert not enquiries.filter(stage="signed").exclude(student__branches=F("branch")).exists()
    assert not enquiries.exclude(owner__memberships__branch=F("branch")).filter(owner__isnull=False).exists()


def test_history_and_contacts_belong_to_them(enquiries):
    assert EnquiryChange.objects.filter(kind="created").count() == enquiries.count()
    assert not FollowUp.objects.filter(Q(enquiry__contacted_at__isnull=True) | ~Q(branch=F("enquiry__branch"))).exists()


def test_every_task_is_measured_and_taken_back(enquiries):
    rows = list(measure_tasks(TASKS, 1))

    assert [row[0] for row in rows] == [task.name for task in TASKS]
    assert enquiries.count() == EACH * SCALE.children
