from types import SimpleNamespace

import pytest
from django.urls import reverse

from notices.audience import Audience
from notices.models import Notice
from notices.services import ask_for_release, save_draft
from tests.factories import (
    NOW,
    ClassGroupFactory,
    ClassMemberFactory,
    EnrolmentFactory,
    GuardianshipFactory,
    LessonFactory,
    StudentFactory,
    at,
    manager_of,
)

TEXT = "元旦放假三天，1月4日照常上课。"


@pytest.fixture
def group(branch):
    """A class with lessons to come."""
    group = ClassGroupFactory(branch=branch, name="围棋一班")
    LessonFactory(class_group=group, starts_at=at("2026-11-28 09:00"))
    return group


@pytest.fixture
def child(group):
    """child("田萍"): one more in the class, with a guardian of its own unless one is named."""

    def child(name, *, guardian=None, group=group, is_told=True, **enrolment):
        student = StudentFactory(name=name, branches=[group.branch])
        ties = {"guardian": guardian} if guardian else {"guardian__name": f"{name}妈妈"}
        GuardianshipFactory(student=student, is_told=is_told, **ties)
        row = EnrolmentFactory(student=student, branch=group.branch, course=group.course, **enrolment)
        ClassMemberFactory(class_group=group, enrolment=row)
        return student

    return child


@pytest.fixture
def family(child):
    """Two children of one mother, and one of another."""
    first = child("田萍")
    return SimpleNamespace(
        sisters=[first, child("田芳", guardian=first.guardians.get())],
        other=child("王强"),
        mother=first.guardians.get(),
    )


@pytest.fixture
def manager(branch):
    return manager_of(branch, name="陈校长")


@pytest.fixture
def draft(group, manager):
    """draft(text=…, class_groups=…): a kept draft to the class, by the manager."""
    count = iter(range(1000))

    def draft(by=manager, token=None, text=TEXT, purpose="service", with_names=True, last_date=None, **chosen):
        words = {"text": text, "purpose": purpose, "with_names": with_names, "last_date": last_date}
        chosen = {"branches": [group.branch], "class_groups": [group]} | chosen
        new = Notice(token=token or f"draft-{next(count)}")
        return save_draft(notice=new, words=words, audience=Audience(**chosen), by=by, now=NOW)

    return draft


@pytest.fixture
def released(draft, manager, family):
    """One that is going out to the two mothers."""
    return ask_for_release(notice=draft(), message_count=2, by=manager, now=NOW)


@pytest.fixture
def pages_now(monkeypatch):
    monkeypatch.setattr("notices.views.writing._WritingView.now", NOW)
    monkeypatch.setattr("notices.views.notice._NoticeMixin.now", NOW)


@pytest.fixture
def as_(client):
    def as_(person):
        client.force_login(person)
        return client

    return as_


def step(client, notice, name, **data):
    return client.post(reverse("notice_step", args=[notice.pk]), {"step": name, **data})
