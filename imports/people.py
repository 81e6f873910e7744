"""Branches, rooms and staff of the books, into the database."""

import re
from collections import defaultdict

from django.utils.translation import gettext as _

from branches.models import Branch, Membership, Room, User
from branches.roles import Role
from core.names import pinyin
from imports.branch_names import branch_key

COLORS = ["#2563eb", "#0d9488", "#c2410c", "#7c3aed", "#be185d", "#4d7c0f", "#0369a1", "#a16207"]

# What schools call the jobs. The first pattern found in the title decides.
ROLES = [
    (r"总校长|创始人|老板|投资人|总经理|法人|总部|owner", Role.OWNER),
    (r"校长|校区主管|校区负责人|店长|分校负责人|manager", Role.MANAGER),
    (r"顾问|咨询|销售|招生|市场|班主任|学管|adviser", Role.ADVISER),
    (r"前台|教务|客服|行政|财务|出纳|desk", Role.FRONT_DESK),
    (r"老师|教师|教练|讲师|主教|助教|teacher", Role.TEACHER),
]


def role_of(title):
    """The role that a job title means, or None."""
    return next((role for pattern, role in ROLES if re.search(pattern, title.lower())), None)


class People:
    """The branches and staff of a run, found by what the books call them."""

    def __init__(self, school, tally):
        self.tally = tally
        self.branches = self._branches(school)
        self.rooms = {(room.branch_id, room.name): room for room in Room.objects.all()}
        self.staff = defaultdict(list)  # name → users
        for row in school.staff:
            user = self._staff_member(row)
            if user not in self.staff[row.name]:
                self.staff[row.name].append(user)

    # --- branches and rooms ------------------------------------------------------------------------------

    def _branches(self, school):
        names = [name for row in school.staff for name in row.branches]
        names += [row.branch for row in [*school.classes, *school.students, *school.enquiries]]
        known = {branch_key(branch.name): branch for branch in Branch.objects.all()}
        for name in dict.fromkeys(filter(None, names)):
            is_new = branch_key(name) not in known
            if is_new:
                known[branch_key(name)] = self._new_branch(name, len(known))
            self.tally.count("branches", is_new)
        return known

    def _new_branch(self, name, number):
        return Branch.objects.create(name=name, code=pinyin(name)[:20], color=COLORS[number % len(COLORS)])

    def branch(self, name):
        """The branch of this name; the only one where a book names none; else None."""
        if not name and len(self.branches) == 1:
            return next(iter(self.branches.values()))
        return self.branches.get(branch_key(name)) if name else None

    def room(self, branch, name, seats):
        """The room, as large as the largest class in it."""
        if not name:
            return None
        room = self.rooms.get((branch.pk, name))
        if room is None:
            room = self.rooms[branch.pk, name] = Room.objects.create(
                branch=branch, name=name, capacity=max(seats, 1)
            )
            self.tally.count("rooms", True)
        return room

    # --- staff -------------------------------------------------------------------------------------------

    def _staff_member(self, row):
        user = self._known(row)
        self.tally.count("staff", user is None)
        if user is None:
            user = User(username=self._username(row), name=row.name, phone=row.phone)
            user.set_unusable_password()  # until somebody gives one
            user.save()
        self._memberships(row, user)
        return user

    def _known(self, row):
        if row.phone:
            return User.objects.filter(phone=row.phone).first()
        return User.objects.filter(phone="", name=row.name).first()

    def _username(self, row):
        """The mobile number as one dials it; without one the name in pinyin."""
        wanted = row.phone.removeprefix("+86") or pinyin(row.name)
        taken = User.objects.filter(username__startswith=wanted).count()
        return f"{wanted}{taken + 1}" if taken else wanted

    def _memberships(self, row, user):
        role = role_of(row.role)
        if role is None:
            self._report_role(row)
            return
        branches = [None] if role == Role.OWNER else [self.branch(name) for name in row.branches or [""]]
        for branch in branches:
            if branch is None and role != Role.OWNER:
                self._report_branch(row)
                continue
            _membership, is_new = Membership.objects.get_or_create(user=user, branch=branch, role=role)
            self.tally.count("memberships", is_new)

    def _report_role(self, row):
        self.tally.report(
            row,
            column=_("Position"),
            value=row.role,
            reason=_("“%(role)s” is no job that the software knows: the account was made without a role.")
            % {"role": row.role},
            mend=_("Write principal, front desk, adviser or teacher, or give the role in the back office."),
            code="unknown_role",
        )

    def _report_branch(self, row):
        self.tally.report(
            row,
            column=_("Branch"),
            value="",
            reason=_("The row names no branch: the account was made without a role."),
            mend=_("Write the branch, or give the role in the back office."),
            code="missing_branch",
        )

    def person(self, name, branch=None):
        """The staff member of this name; of namesakes the one at the branch; None when that is not certain."""
        found = self.staff.get(name, [])
        if len(found) > 1 and branch:
            found = [user for user in found if user.memberships.filter(branch=branch).exists()]
        return found[0] if len(found) == 1 else None


def importer():
    """The account under whose name an import from the command line is recorded. Nobody signs in with it."""
    user, is_new = User.objects.get_or_create(
        username="import", defaults={"name": _("Excel import"), "is_active": False, "is_staff": False}
    )
    if is_new:
        user.set_unusable_password()
        user.save()
    return user
