"""Who may open what: every URL × {nobody, teacher A, desk A, manager A, manager B, owner}.

The objects in the URLs belong to branch A; teacher A teaches the lesson. A URL without a row here fails.
"""

import pytest
from django.urls import URLPattern, get_resolver, reverse

from messaging.services import queue_message
from tests.factories import (
    NOW,
    AttendanceFactory,
    BranchFactory,
    ClosedDayFactory,
    CoursePackageFactory,
    EnquiryFactory,
    GuardianshipFactory,
    RoomFactory,
    at,
    desk_of,
    manager_of,
    owner_of_school,
    teacher_of,
)

PEOPLE = ["nobody", "teacher_a", "desk_a", "manager_a", "manager_b", "owner"]

# GET, in the order of PEOPLE; "login" is a redirect to the sign-in page, 405 a page that only takes POST.
PAGES = {
    "home": "login 200 200 200 200 200",
    "search": "login 403 200 200 200 200",
    "to_call": "login 200 200 200 200 200",
    "student_new": "login 403 200 200 200 200",
    "student": "login 403 200 200 404 200",
    "enrol": "login 403 200 200 404 200",
    "place": "login 403 200 200 404 200",
    "week": "login 200 200 200 200 200",
    "roll_call": "login 200 200 200 404 200",
    "undo_roll_call": "login 405 405 405 405 405",
    "roll_sheet": "login 200 200 200 404 200",
    "renewals": "login 403 200 200 200 200",
    "messages": "login 403 200 200 200 200",
    "message_handled": "login 403 405 405 405 405",
    "message_again": "login 403 405 405 405 405",
    # For machines: no personal data, and the report of a message's fate carries a signature.
    "twilio_status": "405 405 405 405 405 405",
    "healthz": "200 200 200 200 200 200",
    "readyz": "200 200 200 200 200 200",
    "jobs_health": "503 503 503 503 503 503",
    "set_language": "302 302 302 302 302 302",
    "admin:index": "login 200 200 200 200 200",
    "admin:login": "200 302 302 302 302 302",
    "admin:logout": "302 405 405 405 405 405",
    "admin:password_change": "login 200 200 200 200 200",
    "admin:password_change_done": "login 200 200 200 200 200",
    "admin:autocomplete": "login 403 403 403 403 403",
    "admin:jsi18n": "login 200 200 200 200 200",
    "admin:search": "login 200 200 200 200 200",
    "admin:view_on_site": "login 404 404 404 404 404",
    "admin:app_list": "login 404 200 200 200 200",
    "admin:auth_user_password_change": "login 403 403 403 403 200",
}

# What a POST without data is answered: 302 is done (or back with a sentence), 200 the form again.
POSTS = {
    "student_new": "login 403 200 200 200 200",
    "enrol": "login 403 200 200 404 200",
    "place": "login 403 200 200 404 200",
    "roll_call": "login 200 200 200 404 200",
    "undo_roll_call": "login 302 302 302 404 302",
    "message_handled": "login 403 302 302 404 302",
    "message_again": "login 403 302 302 404 302",
}

# The back office: list | add | change and history | delete, each for teacher A, desk A, manager A, manager B
# and the owner. Nobody is sent to the sign-in page.
ADMIN = {
    "branches_branch": "403 200 200 200 200 | 403 403 403 403 200 | 403 200 200 404 200 | 403 403 403 403 403",
    "branches_room": "403 200 200 200 200 | 403 403 200 200 200 | 403 200 200 404 200 | 403 403 403 403 403",
    "branches_closedday": "403 200 200 200 200 | 403 403 200 200 200 | 403 200 200 404 200 | 403 403 200 404 200",
    "branches_user": "403 403 200 200 200 | 403 403 403 403 200 | 403 403 200 404 200 | 403 403 403 403 403",
    "courses_subject": "403 200 200 200 200 | 403 403 403 403 200 | 403 200 200 200 200 | 403 403 403 403 403",
    "courses_course": "403 200 200 200 200 | 403 403 403 403 200 | 403 200 200 200 200 | 403 403 403 403 403",
    "courses_coursepackage": "403 200 200 200 200 | 403 403 200 200 200 | 403 200 200 200 200 | 403 403 403 403 403",
    "parents_guardian": "403 200 200 200 200 | 403 200 200 200 200 | 403 200 200 404 200 | 403 403 403 403 403",
    "students_student": "403 200 200 200 200 | 403 403 403 403 403 | 403 200 200 404 200 | 403 403 403 403 403",
    "students_enquiry": "403 200 200 200 200 | 403 200 200 200 200 | 403 200 200 404 200 | 403 403 403 403 403",
    "enrolments_enrolment": "403 200 200 200 200 | 403 403 403 403 403 | 403 200 200 404 200 | 403 403 403 403 403",
    "scheduling_classgroup": "403 200 200 200 200 | 403 403 200 200 200 | 403 200 200 404 200 | 403 403 403 403 403",
    "messaging_outboundmessage": (
        "403 200 200 200 200 | 403 403 403 403 403 | 403 200 200 404 200 | 403 403 403 403 403"
    ),
    # The queue's own tables show what runs on the whole machine: for a superuser alone.
    "django_q_schedule": "403 403 403 403 403 | 403 403 403 403 403 | 403 403 403 403 403 | 403 403 403 403 403",
    "django_q_success": "403 403 403 403 403 | 403 403 403 403 403 | 403 403 403 403 403 | 403 403 403 403 403",
    "django_q_failure": "403 403 403 403 403 | 403 403 403 403 403 | 403 403 403 403 403 | 403 403 403 403 403",
    "django_q_ormq": "403 403 403 403 403 | 403 403 403 403 403 | 403 403 403 403 403 | 403 403 403 403 403",
}
# The queue's admin looks for the row before it asks for the right, and leads back to the index.
HISTORY = {model: "302 302 302 302 302" for model in ADMIN if model.startswith("django_q")}
VIEWS = {"changelist": 0, "add": 1, "change": 2, "history": 2, "delete": 3}


@pytest.fixture
def world(db):
    """Branch A with one of everything, branch B with a manager."""
    a, b = BranchFactory(name="奥体校区"), BranchFactory(name="河西校区")
    attendance = AttendanceFactory(
        enrolment__branch=a,
        lesson__class_group__branch=a,
        lesson__starts_at=NOW,
        lesson__ends_at=at("2030-01-01 10:00"),
    )
    enrolment, lesson = attendance.enrolment, attendance.lesson
    enrolment.student.branches.set([a])
    teacher = teacher_of(a)
    lesson.teacher = lesson.class_group.teacher = teacher
    lesson.branch = a
    lesson.save()
    lesson.class_group.save()
    package = CoursePackageFactory(course=enrolment.course)
    message = queue_message(
        branch=a,
        recipient="guardian:1",
        about=f"student:{enrolment.student_id}",
        kind="class_reminder",
        subject="lesson:1",
        occurrence="day-before",
        due_at=NOW,
        useful_until=at("2030-01-01 10:00"),
    )
    people = {
        "nobody": None,
        "teacher_a": teacher,
        "desk_a": desk_of(a),
        "manager_a": manager_of(a),
        "manager_b": manager_of(b),
        "owner": owner_of_school(),
    }
    objects = {
        "student": enrolment.student,
        "enrol": enrolment.student,
        "place": enrolment,
        "roll_call": lesson,
        "undo_roll_call": lesson,
        "roll_sheet": lesson.class_group,
        "message_handled": message,
        "message_again": message,
        "branches_branch": a,
        "branches_room": RoomFactory(branch=a),
        "branches_closedday": ClosedDayFactory(branch=a),
        "branches_user": teacher,
        "courses_subject": enrolment.course.subject,
        "courses_course": enrolment.course,
        "courses_coursepackage": package,
        "parents_guardian": GuardianshipFactory(student=enrolment.student).guardian,
        "students_student": enrolment.student,
        "students_enquiry": EnquiryFactory(branch=a),
        "enrolments_enrolment": enrolment,
        "scheduling_classgroup": lesson.class_group,
        "messaging_outboundmessage": message,
    }
    return people, objects


def url_names(resolver=None, namespace=""):
    """Every named URL of the project, "admin:index" style."""
    for pattern in (resolver or get_resolver()).url_patterns:
        if not isinstance(pattern, URLPattern):
            yield from url_names(pattern, pattern.namespace or namespace)
        elif pattern.name:
            yield f"{namespace}:{pattern.name}" if namespace else pattern.name


def address(name, objects):
    arguments = {
        "twilio_status": ["unknown"],
        "admin:app_list": ["students"],
        "admin:view_on_site": [1, 1],
        "admin:auth_user_password_change": [objects["branches_user"].pk],
    }
    if name in objects:
        return reverse(name, args=[objects[name].pk])
    return reverse(name, args=arguments.get(name, []))


def answer_to(client, person, url, method="get"):
    client.logout()
    if person:
        client.force_login(person)
    response = getattr(client, method)(url)
    at_login = response.status_code == 302 and "/admin/login/" in response["Location"]
    return "login" if at_login else str(response.status_code)


def test_every_url_has_a_row():
    known = set(PAGES) | {f"admin:{model}_{view}" for model in ADMIN for view in VIEWS}

    assert set(url_names()) == known


@pytest.mark.parametrize("name", PAGES)
def test_pages_answer_each_role_as_the_table_says(client, world, name):
    people, objects = world
    url = address(name, objects)

    answers = [answer_to(client, people[person], url) for person in PEOPLE]

    assert " ".join(answers) == PAGES[name]


@pytest.mark.parametrize("name", POSTS)
def test_posts_answer_each_role_as_the_table_says(client, world, name):
    people, objects = world
    url = address(name, objects)

    answers = [answer_to(client, people[person], url, "post") for person in PEOPLE]

    assert " ".join(answers) == POSTS[name]


@pytest.mark.parametrize("model", ADMIN)
@pytest.mark.parametrize("view", VIEWS)
def test_back_office_answers_each_role_as_the_table_says(client, world, model, view):
    people, objects = world
    args = [] if view in {"changelist", "add"} else [objects[model].pk if model in objects else 1]
    url = reverse(f"admin:{model}_{view}", args=args)

    answers = [answer_to(client, people[person], url) for person in PEOPLE]

    expected = ADMIN[model].split(" | ")[VIEWS[view]]
    assert " ".join(answers) == "login " + (HISTORY.get(model, expected) if view == "history" else expected)
