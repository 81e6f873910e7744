"""Children, guardians, their accounts and classes, and the enquiries of the books, into the database."""

from collections import Counter, defaultdict
from decimal import Decimal

from django.db.models import Prefetch
from django.utils.translation import gettext as _

from enrolments.models import CreditLot, Enrolment
from enrolments.services import Opening, carry_in_balances
from imports.identity import Evidence, Verdict, compare, evidence_of
from imports.problems import Severity
from parents.models import Guardian
from scheduling.models import ClassMember
from scheduling.services import place_students
from students.models import Enquiry, Guardianship, Student

STATUSES = [
    ("暂不|无意向|放弃|流失|无效|lost", Enquiry.Status.LOST),
    ("已报|报名|成交|签约|enrolled", Enquiry.Status.ENROLLED),
    ("已试听|试听过|试听完|已体验", Enquiry.Status.TRIAL_DONE),
    ("试听|体验", Enquiry.Status.TRIAL_BOOKED),
    ("新线索|新建|未|待联系|new", Enquiry.Status.NEW),
    ("联系|跟进|沟通|contacted", Enquiry.Status.CONTACTED),
]
"""What schools call the state of an enquiry; the first pattern found decides."""


class Children:
    """The children of a run: found again in the database, or made, with their guardians."""

    def __init__(self, school, *, people, tally):
        self.people, self.tally = people, tally
        names = {child.name for child in school.children}
        self.known = defaultdict(list)
        guardianships = Prefetch("guardianships", Guardianship.objects.select_related("guardian"))
        for student in Student.objects.filter(name__in=names).prefetch_related(guardianships):
            self.known[student.name].append(student)
        phones = {phone for child in school.children for phone in child.main_phones}
        self.guardians = {guardian.phone: guardian for guardian in Guardian.objects.filter(phone__in=phones)}

    def student(self, child):
        found = self._known(child)
        self.tally.count("students", found is None)
        return found or self._new_student(child)

    def _known(self, child):
        """The same rule that tells rows apart tells whether the database has the child."""
        evidences = [evidence_of(row) for row in child.rows]
        for student in self.known[child.name]:
            if any(compare(evidence, _evidence(student)) is Verdict.SAME for evidence in evidences):
                return student
        return None

    def _new_student(self, child):
        student = Student.objects.create(
            name=child.name,
            gender=child.first("gender") or "",
            birth_date=child.birth_date,
            school=child.first("school") or "",
            grade=child.first("grade") or "",
            channel=child.first("channel") or "",
            note=child.first("note") or "",
            adviser=self.people.person(child.first("adviser") or ""),
        )
        branches = {self.people.branch(row.branch) for row in child.rows} - {None}
        student.branches.add(*branches)
        self._guardianships(child, student)
        return student

    def _guardianships(self, child, student):
        """The first phone is the main contact's; a second row with another phone is another guardian."""
        rows = {row.phone: row for row in reversed(child.rows) if row.phone} or {"": child.rows[0]}
        for number, (phone, row) in enumerate(sorted(rows.items(), key=lambda item: item[0] != child.phone)):
            guardian = self._guardian(phone, row, child)
            Guardianship.objects.get_or_create(
                student=student,
                guardian=guardian,
                defaults={"relation": row.relation, "is_main": number == 0, "is_told": number == 0},
            )

    def _guardian(self, phone, row, child):
        known = self.guardians.get(phone) if phone else None
        self.tally.count("guardians", known is None)
        if known:
            self._report_other_name(known, row)
            return known
        others = [other for other in child.other_phones if other not in child.main_phones]
        guardian = Guardian.objects.create(
            name=row.guardian or _("%(child)s's guardian") % {"child": child.name},
            phone=phone or None,
            other_phone=others[0] if others else "",
            note="" if phone else child.phone_text,
        )
        if phone:
            self.guardians[phone] = guardian
        return guardian

    def _report_other_name(self, guardian, row):
        if row.guardian and guardian.name != row.guardian:
            self.tally.report(
                row,
                column=_("Guardian"),
                value=row.guardian,
                reason=_("This phone belongs to %(guardian)s already, who was kept as the guardian.")
                % {"guardian": guardian.name},
                mend=_("If they are two people, give the second one another phone."),
                code="guardian_name_differs",
                severity=Severity.NOTE,
            )


def _evidence(student):
    guardians = [guardianship.guardian for guardianship in student.guardianships.all()]
    phones = {phone for guardian in guardians for phone in (guardian.phone, guardian.other_phone) if phone}
    unreadable = next((guardian.note for guardian in guardians if not guardian.phone and guardian.note), "")
    return Evidence(
        student.name,
        student.birth_date,
        frozenset(phones),
        "".join(filter(str.isdigit, unreadable)),
        guardians[0].name if guardians else "",
        student.gender,
        student.school,
    )


class Accounts:
    """Enrolments with their balances, and the children's places in classes."""

    def __init__(self, school, *, people, catalogue, classes, tally, by, now, today, shift):
        self.class_book = school.class_book
        self.people, self.catalogue, self.classes, self.tally = people, catalogue, classes, tally
        self.by, self.now, self.today, self.shift = by, now, today, shift
        self.tokens = set(CreditLot.objects.filter(token__startswith="book:").values_list("token", flat=True))
        self.times_seen = Counter()
        self.places = defaultdict(list)  # class group → enrolments
        self.openings = []

    def take_over(self, student, row):
        """One row of the students' book: the account as the book has it, and the class."""
        group = self.classes.group(self.class_book.find(row))
        course = group.course if group else self.catalogue.course(row.course)
        branch = group.branch if group else self.people.branch(row.branch)
        if not (course and branch):
            self._report_unusable(row, course)
            return
        enrolment, is_new = Enrolment.objects.get_or_create(student=student, branch=branch, course=course)
        self.tally.count("enrolments", is_new)
        if not is_new:
            student.branches.add(branch)
        self._lot(enrolment, row, group)
        self._place(enrolment, row, group)

    def _lot(self, enrolment, row, group):
        self.times_seen[enrolment.pk, row.class_name] += 1
        token = f"book:{enrolment.pk}:{row.class_name}:{self.times_seen[enrolment.pk, row.class_name]}"[:64]
        is_new = token not in self.tokens
        self.tally.count("credit_lots", is_new)
        if is_new:
            self.openings.append(self._opening(self._new_lot(enrolment, row, group, token), row))

    def _new_lot(self, enrolment, row, group, token):
        list_price = (group and self.classes.list_prices[group.pk]) or enrolment.course.list_price_minor
        expires = row.last_day + self.shift if row.last_day else None
        begins = min(filter(None, [row.enrolled_date, expires, self.today]))
        return CreditLot(
            enrolment=enrolment,
            paid_credits=row.bought or Decimal(0),
            gift_credits=row.gift or Decimal(0),
            list_price_minor=list_price,
            paid_minor=row.paid_minor or 0,
            revenue_method=enrolment.branch.revenue_method,
            start_date=begins,
            expires_date=expires,
            sold_at=self.now,
            sold_by=self.by,
            token=token,
        )

    def _opening(self, lot, row):
        return Opening(
            lot=lot,
            used=row.used or Decimal(0),
            left=row.left or Decimal(0),
            used_reason=_("Used before, by the books"),
            mismatch_reason=_("The books say %(left)s left, though bought + gift − used is %(expected)s")
            % {"left": row.left, "expected": row.expected_left},
        )

    def _place(self, enrolment, row, group):
        if group:
            self.places[group].append(enrolment)

    def save(self):
        """Open the accounts and fill the classes, all at once: a school is a thousand rows."""
        carry_in_balances(openings=self.openings, by=self.by, now=self.now)
        self._fill_classes()

    def _fill_classes(self):
        members = set(ClassMember.objects.values_list("class_group", "enrolment"))
        for group, enrolments in self.places.items():
            new = [enrolment for enrolment in dict.fromkeys(enrolments) if (group.pk, enrolment.pk) not in members]
            self.tally.created["class_members"] += len(new)
            self.tally.matched["class_members"] += len(enrolments) - len(new)
            place_students(
                class_group=group,
                enrolments=new,
                joined_date=max(self.today, group.first_date),
                by=self.by,
                now=self.now,
                keep_reason=_("The books have the child in both classes at this time."),
            )

    def _report_unusable(self, row, course):
        self.tally.report(
            row,
            column=_("Branch") if course else _("Course"),
            value=row.branch if course else row.course,
            reason=_("The account of %(child)s was not made: the row names no course or no branch.")
            % {"child": row.name},
            mend=_("Write both, and import again."),
            code="account_not_made",
            severity=Severity.ERROR,
        )


class Enquiries:
    """Who asked; the same enquiry (branch, child, phone, course, day) is not taken twice."""

    def __init__(self, *, people, catalogue, tally, today, shift):
        self.people, self.catalogue, self.tally = people, catalogue, tally
        self.today, self.shift = today, shift
        keys = Enquiry.objects.values_list("branch_id", "child_name", "phone", "course_id", "registered_date")
        self.known = Counter(keys)

    def take_over(self, row):
        enquiry = self._enquiry(row)
        if enquiry is None:
            return
        key = enquiry.branch_id, enquiry.child_name, enquiry.phone, enquiry.course_id, enquiry.registered_date
        is_new = not self.known[key]
        self.tally.count("enquiries", is_new)
        if is_new:
            enquiry.save()
        else:
            self.known[key] -= 1

    def _enquiry(self, row):
        branch = self.people.branch(row.branch)
        if branch is None:
            self._report_branch(row)
            return None
        unreadable = row.phone_text if row.phone_text != row.phone else ""
        return Enquiry(
            branch=branch,
            child_name=row.name or row.guardian or row.phone,
            grade=row.grade,
            guardian_name=row.guardian,
            phone=row.phone,
            course=self.catalogue.course(row.course),
            channel=row.channel,
            status=self._status(row),
            registered_date=row.registered_date + self.shift if row.registered_date else self.today,
            owner=self.people.person(row.owner, branch),
            next_follow_up_date=row.next_date + self.shift if row.next_date else None,
            note="；".join(filter(None, [row.note, unreadable, self._other_course(row)])),
        )

    def _other_course(self, row):
        """A wish that no course answers to is kept in words."""
        return "" if self.catalogue.course(row.course) else row.course

    def _status(self, row):
        status = next((status for pattern, status in STATUSES if _found(pattern, row.status)), None)
        if status is None and row.status:
            self.tally.report(
                row,
                column=_("Status"),
                value=row.status,
                reason=_(
                    "“%(status)s” is no state of an enquiry that the software knows: it was taken as new."
                )
                % {"status": row.status},
                mend=_("Correct it in the enquiry."),
                code="unknown_status",
            )
        return status or Enquiry.Status.NEW

    def _report_branch(self, row):
        self.tally.report(
            row,
            column=_("Branch"),
            value=row.branch,
            reason=_("The row names no branch."),
            mend=_("Write the branch, and import again."),
            code="missing_branch",
            severity=Severity.ERROR,
        )


def _found(pattern, text):
    return any(word in text.lower() for word in pattern.split("|"))
