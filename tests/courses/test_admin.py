"""The owner says of a course which stage of schooling it is for, and reads why it matters."""

import pytest
from django.urls import reverse

from courses.models import Course
from tests.factories import CourseFactory, owner_of_school

pytestmark = pytest.mark.django_db


def test_a_new_course_is_of_compulsory_education_until_somebody_says_otherwise(client):
    course = CourseFactory(subject__is_academic=True)
    assert course.stage == Course.Stage.COMPULSORY
    client.force_login(owner_of_school())
    url = reverse("admin:courses_course_change", args=[course.pk])

    form = client.get(url).context["adminform"].form
    sent = {name: value for name, value in form.initial.items() if value is not None} | {"stage": "senior_high"}
    client.post(url, sent)

    assert "双减" in form.fields["stage"].help_text
    course.refresh_from_db()
    assert course.stage == Course.Stage.SENIOR_HIGH
