"""Staff of the books, in the database: accounts with their roles."""

import re
from collections import defaultdict

from django.utils.translation import gettext as _

from branches.models import Membership, User
from branches.roles import Role
from core.names import pinyin
from imports.cells import bare_teacher
from imports.places import first_free
from imports.problems import Severity
from imports.values import LONGEST_WORD

IMPORTER = "import"
LONGEST_USERNAME = User.username.field.max_length
# What schools call the jobs. An owner and a manager see and do nearly everything: only the whole title makes
# one (校长助理 is none); of the others the first word found decides.
WHOLE_TITLES = [
    (r"(联合)?创始人|(集团|学校)?(董事长|总裁|总经理)|总校长|老板|投资人|法人(代表)?|owner|founder", Role.OWNER),
    (
        r"(执行|常务|分校|校区|副)*校长|(校区|分校|门店|教学点)(主管|负责人|经理|主任)|店长|园长|馆长"
        r"|(branch|school|centre|center) ?(manager|director)|principal|headmaster|manager",
        Role.MANAGER,
    ),
]
WORDS = [
    (r"顾问|咨询|销售|招生|市场|班主任|学管|规划师|advis[eo]r|sales", Role.ADVISER),
    (r"前台|教务|客服|行政|财务|出纳|接待|desk|reception", Role.FRONT_DESK),
    (r"老师|教师|教练|讲师|导师|教员|主教|助教|teacher|coach|tutor", Role.TEACHER),
]
BETWEEN_TITLES = re.compile(r"[、,/;|&+()]|兼职?")


def role_of(title):
    """The role that a job title means, or None."""
    title = title.lower()
    found = [role for pattern, role in WHOLE_TITLES if re.fullmatch(pattern, title)]
    found += [role for pattern, role in WORDS if re.search(pattern, title)]
    return found[0] if found else None


def roles_of(text):
    """{title: its role or None} of somebody who may do several jobs: 教务兼老师."""
    titles = (title.strip() for title in BETWEEN_TITLES.split(text))
    return {title: role_of(title) for title in titles if title}


class Staff:
    """Those who work at the school: found again by phone, else by name and branch, or made without a password."""

    def __init__(self, run, places):
        self.run, self.places = run, places
        self._by_number, self._by_name = defaultdict(list), defaultdict(list)  # phones and sign-ins
        self._usernames = set()
        self._roles, self._new_roles = defaultdict(set), []  # user id → {(branch id, role)}
        self._taken = set()  # ids of users that a row of the book is
        for user in User.objects.exclude(username=IMPORTER).order_by("pk"):
            self._know(user)
        for membership in Membership.objects.all():
            self._roles[membership.user_id].add((membership.branch_id, membership.role))
        self._settled = frozenset(self._roles)

    def take_over(self):
        # A row without a phone must not take the account of one that has it.
        for row in sorted(self.run.school.staff, key=lambda row: not row.phone):
            self._take_over(row)
        if not (self.run.school.staff or self._settled):
            for row in self.run.school.classes:
                self._take_teacher(row)
        Membership.objects.bulk_create(self._new_roles)

    def _know(self, user):
        self._usernames.add(user.username)
        self._by_name[bare_teacher(user.name)].append(user)
        for number in {user.username, _sign_in(user.phone)} - {""}:
            self._by_number[number].append(user)

    def _take_over(self, row):
        user = self._known(row)
        self.run.count("staff", user is None)
        self.run.end(row, is_new=user is None)
        if user:
            self._complete(user, row)
        else:
            user = self._new_user(row)
        if user.pk not in self._taken:
            self._taken.add(user.pk)
            self.run.staff.append(user)
        self._give_roles(user, row)
        self.run.keep_in_report(row, self.run.unused(row) | ({_("Note"): row.note} if row.note else {}))

    def _take_teacher(self, row):
        """For a school without a staff book the class book says who teaches."""
        branch = self.places.branch(row.branch)
        if not (row.teachers and branch and looks_like_name(row.teachers[0])):
            return
        user = next(iter(self._called(row.teachers[0])), None)
        if user is None:
            user = self._make(
                first_free(pinyin(row.teachers[0]), self._usernames, longest=LONGEST_USERNAME), row.teachers[0]
            )
            self.run.count("staff", True)
            self.run.staff.append(user)
            self._report_without_book(row)
        self._give_role(user, row, branch, Role.TEACHER)

    # --- who is who --------------------------------------------------------------------------------------

    def _known(self, row):
        """A number alone is nobody: a whole front desk may have the branch's. Whom somebody made by hand, it is."""
        numbered = self._by_number.get(_sign_in(row.phone), []) if row.phone else []
        same = [user for user in numbered if user in self._called(row.name)] + [
            user for user in numbered if user.is_superuser
        ]
        return same[0] if same else self._namesake(row)

    def _namesake(self, row):
        """Somebody of this name at the same branch, unless two numbers tell them apart; or one still without a role."""
        namesakes = [user for user in self._called(row.name) if not (row.phone and _has_number(user))]
        branch_ids = {branch.pk if branch else None for branch in self._branches(row)}
        at_branch = [user for user in namesakes if branch_ids & {branch for branch, _role in self._roles[user.pk]}]
        free = [user for user in namesakes if not self._roles[user.pk] and user.pk not in self._taken]
        return next(iter(at_branch + free), None)

    def _branches(self, row):
        return [self.places.branch(name) for name in row.branches or [""]]

    def _new_user(self, row):
        self._report_doubts(row)
        return self._make(self._username(row), row.name, row.phone)

    def _make(self, username, name, phone=""):
        user = User(username=username, name=bare_teacher(name), phone=phone)
        user.set_unusable_password()  # until somebody gives one
        user.save()
        self._know(user)
        return user

    def _username(self, row):
        """The mobile number as one dials it; without one the name in pinyin."""
        return first_free(_sign_in(row.phone) or pinyin(row.name), self._usernames, longest=LONGEST_USERNAME)

    def _complete(self, user, row):
        """A number that was missing or wrong before; it becomes the sign-in where nobody can have signed in yet."""
        if not row.phone or user.phone:
            return
        user.phone = row.phone
        if not user.has_usable_password():
            user.username = self._username(row)
        user.save(update_fields=["phone", "username"])
        self._usernames.add(user.username)
        self._by_number[_sign_in(user.phone)].append(user)
        self.run.completed["staff"] += 1

    # --- roles -------------------------------------------------------------------------------------------

    def _give_roles(self, user, row):
        for title, role in (roles_of(row.role) or {"": None}).items():
            if role is None:
                self._report_role(row, title)
                continue
            for branch in [None] if role == Role.OWNER else self._branches(row):
                if branch is None and role != Role.OWNER:
                    self._report_branch(row)
                else:
                    self._give_role(user, row, branch, role)

    def _give_role(self, user, row, branch, role):
        """Who had roles before the run gets no other by a book: somebody may have taken one away for a reason."""
        key = branch and branch.pk, role
        if key in self._roles[user.pk]:
            self.run.count("memberships", False)
        elif user.pk in self._settled:
            self._report_role_kept_away(row, user, branch, role)
        else:
            self._roles[user.pk].add(key)
            self._new_roles.append(Membership(user=user, branch=branch, role=role))
            self.run.count("memberships", True)

    # --- looking people up -------------------------------------------------------------------------------

    def people_called(self, name, branch):
        """The accounts of this name; of several those at the branch."""
        found = self._called(name)
        at_branch = [user for user in found if self.works_at(user, branch)]
        return at_branch if len(found) > 1 and at_branch else found

    def _called(self, name):
        return self._by_name.get(bare_teacher(name), [])

    def person(self, name, branch):
        """The one staff member of this name, or None."""
        found = self.people_called(name, branch) if name else []
        return found[0] if len(found) == 1 else None

    def works_at(self, user, branch):
        places = {branch_id for branch_id, _role in self._roles[user.pk]}
        return None in places or (branch and branch.pk in places)

    # --- what a person should look at --------------------------------------------------------------------

    def _report_doubts(self, row):
        if not row.phone:
            return
        namesakes = [user for user in self._called(row.name) if _has_number(user)]
        others = self._by_number.get(_sign_in(row.phone))
        if namesakes:
            reason = _("There is a “%(name)s” with another phone: this is a second account.") % {"name": row.name}
            mend = _("If it is one person, write the same phone in both places before the real run.")
            self.run.report(row, field="phone", reason=reason, mend=mend, code="maybe_same_person")
        if others:
            reason = _("This phone is also that of %(name)s: both have an account.") % {"name": others[0].name}
            mend = _("Write each person's own number: it is what they sign in with.")
            self.run.report(row, field="phone", reason=reason, mend=mend, code="phone_shared")

    def _report_without_book(self, row):
        self.run.report(
            row,
            field="teacher",
            reason=_("There is no staff book: an account was made for the teacher."),
            mend=_("Put in a staff book with phones: it completes the account."),
            code="teacher_without_book",
            severity=Severity.NOTE,
        )

    def _report_role(self, row, title):
        self.run.report(
            row,
            field="role",
            reason=_("“%(role)s” is no job that the software knows: it gives the account no role.") % {"role": title},
            mend=_("Write principal, front desk, adviser or teacher, or give the role in the back office."),
            code="unknown_role",
        )

    def _report_branch(self, row):
        self.run.report(
            row,
            field="branch",
            reason=_("No branch is known for this person: the account has no role."),
            mend=_("Write the branch, or give the role in the back office."),
            code="missing_branch",
        )

    def _report_role_kept_away(self, row, user, branch, role):
        self.run.report(
            row,
            field="role",
            reason=_("%(name)s has an account without the role “%(role)s” at %(branch)s: it was not given.")
            % {"name": user.name, "role": Role(role).label, "branch": branch or _("the whole school")},
            mend=_("If the book is right, give the role in the back office."),
            code="book_differs",
        )


def looks_like_name(text):
    return len(text) <= LONGEST_WORD and bool(re.search(r"[^\W\d_]", text))


def _has_number(user):
    return bool(user.phone or user.username.isdecimal())


def _sign_in(phone):
    """The number as one dials it."""
    return phone.removeprefix("+86").lstrip("+")


def importer():
    """The account under whose name an import from the command line is recorded. Nobody signs in with it."""
    user, is_new = User.objects.get_or_create(
        username=IMPORTER, defaults={"name": _("Excel import"), "is_active": False, "is_staff": False}
    )
    if is_new:
        user.set_unusable_password()
        user.save()
    return user
