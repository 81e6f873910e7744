"""Staff accounts of the books: who is who, which roles, and first passwords."""

import csv
import stat

import pytest
from django.contrib.auth import authenticate

from branches.models import Branch, Membership, User
from branches.roles import Role
from imports.passwords import give_passwords
from imports.people import roles_of
from imports.services import import_school
from tests.factories import NOW
from tests.imports.writing import TEACHER, class_row, write_books

pytestmark = pytest.mark.django_db
BOSS = ["钱总", "总校长", None, "13700000009"]


@pytest.fixture
def put_in(tmp_path):
    def put_in(*staff, **books):
        return import_school(directory=write_books(tmp_path / "books", staff=[TEACHER, *staff], **books), now=NOW)

    return put_in


def roles():
    memberships = Membership.objects.values_list("user__username", "branch__name", "role")
    return {(username, branch, Role(role)) for username, branch, role in memberships}


def told(report):
    return [problem.code for problem in report.run.problems if problem.severity != "note"]


# --- jobs --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("title", "meant"),
    [
        ("总校长", [Role.OWNER]),
        ("创始人", [Role.OWNER]),
        ("校长", [Role.MANAGER]),
        ("执行校长", [Role.MANAGER]),
        ("校区负责人", [Role.MANAGER]),
        ("Branch Manager", [Role.MANAGER]),
        ("前台", [Role.FRONT_DESK]),
        ("教务老师", [Role.FRONT_DESK]),
        ("课程顾问", [Role.ADVISER]),
        ("钢琴老师", [Role.TEACHER]),
        ("Piano teacher", [Role.TEACHER]),
        ("教务兼钢琴老师", [Role.FRONT_DESK, Role.TEACHER]),
        ("校长(兼老师)", [Role.MANAGER, Role.TEACHER]),
        # nobody becomes owner or manager by a part of the title
        ("校长助理", [None]),
        ("总部前台", [Role.FRONT_DESK]),
        ("总经理助理", [None]),
        ("保洁", [None]),
        ("", []),
    ],
)
def test_job_means_a_role(title, meant):
    assert list(roles_of(title).values()) == meant


def test_owner_needs_no_branch(put_in):
    report = put_in(BOSS)

    assert ("13700000009", None, Role.OWNER) in roles()
    assert told(report) == []


def test_unknown_job_makes_an_account_without_a_role(put_in):
    report = put_in(["孙丽", "保洁", "东校区", "13700000002"])

    problem = next(problem for problem in report.run.problems if problem.code == "unknown_role")
    assert (problem.row, problem.column, problem.value) == (3, "岗位", "保洁")
    assert User.objects.get(name="孙丽").memberships.count() == 0


def test_one_person_at_two_branches_in_two_jobs_is_one_account(put_in):
    put_in(["王芳", "老师", "东校区、西校区", "13700000002"], ["王芳", "校长", "西校区", "13700000002"])

    assert {role for role in roles() if role[0] == "13700000002"} == {
        ("13700000002", "东校区", Role.TEACHER),
        ("13700000002", "西校区", Role.TEACHER),
        ("13700000002", "西校区", Role.MANAGER),
    }


# --- who is who --------------------------------------------------------------------------------------------


def test_phone_of_the_branch_makes_nobody_one_with_another(put_in):
    """Two accounts, or one of them would see what only the other may."""
    report = put_in(["周敏", "校长", "东校区", "024-12345678"], ["吴强", "前台", "东校区", "024-12345678"])

    assert User.objects.get(name="周敏").memberships.get().role == Role.MANAGER
    assert User.objects.get(name="吴强").memberships.get().role == Role.FRONT_DESK
    assert "phone_shared" in told(report)


def test_namesakes_with_two_phones_are_two_people_and_told(put_in):
    report = put_in(["李洁", "老师", "东校区", "13700000002"])

    assert User.objects.filter(name="李洁").count() == 2
    assert "maybe_same_person" in told(report)


def test_account_made_by_hand_is_found_by_its_sign_in(put_in):
    boss = User.objects.create_superuser(username="13700000009", name="钱多多", password="x")

    put_in(BOSS)

    boss.refresh_from_db()
    assert (boss.phone, boss.username, boss.check_password("x")) == ("+8613700000009", "13700000009", True)
    assert boss.memberships.get().role == Role.OWNER
    assert User.objects.filter(name="钱总").count() == 0


def test_namesakes_without_phones_get_sign_ins_of_their_own(put_in):
    put_in(["王丽", "前台", "东校区", None], ["王丽", "前台", "西校区", None], ["王丽花", "前台", "东校区", None])

    assert set(User.objects.filter(phone="").exclude(username="import").values_list("username", flat=True)) == {
        "wangli",
        "wangli2",
        "wanglihua",
    }


def test_long_name_gets_a_sign_in_that_fits(put_in):
    put_in(["张" * 50, "前台", "东校区", None])

    assert len(User.objects.get(name="张" * 50).username) == 150


def test_class_takes_of_two_namesakes_the_one_at_its_branch(put_in):
    put_in(
        ["李洁", "老师", "西校区", "13700000002"],
        classes=[class_row("1班", "李洁", "周六 9:00-10:00", branch="西校区")],
    )

    rule = User.objects.get(username="13700000002").schedule_rules.get()
    assert rule.class_group.teacher.username == "13700000002"


def test_class_of_two_namesakes_at_one_branch_is_left_out(put_in):
    report = put_in(["李洁", "老师", "东校区", "13700000002"], classes=[class_row("1班", "李洁", "周六 9:00-10:00")])

    assert report.count_endings()["classes"] == {"left_out": 1}
    assert "unknown_teacher" in told(report)


def test_teacher_without_a_role_at_the_branch_of_the_class_is_told(put_in):
    report = put_in(["王芳", "老师", "西校区", "13700000002"], classes=[class_row("1班", "王芳", "周六 9:00-10:00")])

    assert report.run.created["class_groups"] == 1
    assert "teacher_elsewhere" in told(report)


def test_new_branch_is_told_and_gets_a_code_of_its_own(put_in):
    report = put_in(["王芳", "老师", "动校区", "13700000002"], ["赵静", "前台", "动校区", "13700000003"])

    assert set(Branch.objects.values_list("code", flat=True)) == {"dongxiaoqu", "dongxiaoqu2"}
    assert [problem.value for problem in report.run.problems if problem.code == "new_branch"] == ["东校区", "动校区"]


def test_branch_that_one_row_alone_names_is_a_slip(put_in):
    report = put_in(["王芳", "老师", "动校区", "13700000002"])

    [slip] = [problem for problem in report.run.problems if problem.code == "missing_branch"]
    assert (slip.row, slip.column, slip.value) == (3, "校区", "动校区")
    assert Branch.objects.get().name == "东校区"
    assert User.objects.get(name="王芳").memberships.count() == 0


# --- first passwords ---------------------------------------------------------------------------------------


def test_passwords_are_for_new_staff_of_the_books_alone(put_in, tmp_path):
    strangers = [
        User.objects.create_user(username="13900000001", name="李洁"),  # a namesake at another school
        User.objects.create_user(username="13900000002", name="外人"),
        User.objects.create_user(username="13700000003", name="离职", phone="+8613700000003", is_active=False),
    ]
    known = User.objects.create_user(username="13700000002", name="王芳", phone="+8613700000002", password="own")
    report = put_in(["王芳", "前台", "东校区", "13700000002"], ["离职", "前台", "东校区", "13700000003"])

    newcomers = give_passwords(report.run.staff, tmp_path / "passwords.csv")

    assert [user.username for user in newcomers] == ["13700000001"]
    known.refresh_from_db()
    assert known.check_password("own")
    for user in [*strangers, User.objects.get(username="import")]:
        user.refresh_from_db()
        assert not user.has_usable_password()


def test_passwords_are_listed_for_their_owner_alone(put_in, tmp_path):
    report = put_in(["@王丽", "前台", "东校区", None])
    path = tmp_path / "passwords.csv"

    give_passwords(report.run.staff, path)

    with path.open(encoding="utf-8-sig", newline="") as file:
        _titles, *rows = csv.reader(file)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [row[0] for row in rows] == ["李洁", "'@王丽"]
    assert len({row[2] for row in rows}) == 2
    assert authenticate(username=rows[0][1], password=rows[0][2]).name == "李洁"


def test_passwords_are_given_once(put_in, tmp_path):
    staff = put_in().run.staff
    give_passwords(staff, tmp_path / "first.csv")

    again = give_passwords(put_in().run.staff, tmp_path / "second.csv")

    assert again == []
    assert not (tmp_path / "second.csv").exists()


def test_list_of_passwords_is_never_written_over(put_in, tmp_path):
    path = tmp_path / "passwords.csv"
    path.write_text("the passwords of last week")
    staff = put_in().run.staff

    with pytest.raises(FileExistsError):
        give_passwords(staff, path)

    assert path.read_text() == "the passwords of last week"
    assert not User.objects.get(name="李洁").has_usable_password()
