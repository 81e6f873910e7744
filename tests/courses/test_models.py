import pytest

from courses.models import CoursePackage
from tests.factories import CourseFactory, CoursePackageFactory, SubjectFactory
from tests.refusals import refused_by

pytestmark = pytest.mark.django_db


def two_packages_of_one_name():
    package = CoursePackageFactory(name="20 课时")
    CoursePackageFactory(name="20 课时", course=package.course)


def two_courses_of_one_name():
    CourseFactory(name="英语")
    CourseFactory(name="英语")


def two_subjects_of_one_name():
    SubjectFactory(name="外语")
    SubjectFactory(name="外语")


@pytest.mark.parametrize(
    ("constraint", "make"),
    [
        ("courses_subject_name", two_subjects_of_one_name),
        ("courses_course_name", two_courses_of_one_name),
        ("course_has_minutes", lambda: CourseFactory(minutes=0)),
        ("course_standard_lessons_positive", lambda: CourseFactory(standard_lesson_factor=0)),
        ("coursepackage_name_in_course", two_packages_of_one_name),
        ("coursepackage_credits", lambda: CoursePackageFactory(paid_credits=0)),
        ("coursepackage_credits", lambda: CoursePackageFactory(gift_credits=-1)),
    ],
)
def test_the_database_refuses(constraint, make):
    with refused_by(constraint):
        make()


def test_on_sale_is_an_active_package_of_an_active_course():
    package = CoursePackageFactory()
    CoursePackageFactory(is_active=False)
    CoursePackageFactory(course__is_active=False)

    assert list(CoursePackage.objects.on_sale()) == [package]
