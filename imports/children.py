"""Children and their guardians of the books, in the database."""

from django.utils.translation import gettext as _

from core.names import initials
from imports.problems import Severity
from imports.recognition import placeholder, recognise
from parents.models import Guardian
from students.models import Guardianship, Student

AtBranch = Student.branches.through
FACTS = ["gender", "birth_date", "school", "grade", "channel"]


class Children:
    """The children of a run: found again in the database, or made."""

    def __init__(self, run, *, places, staff, classes):
        self.run, self.places, self.staff, self.classes = run, places, staff, classes
        self.families = Families(run)

    def take_over(self):
        """[(child, student)] of all children of the books, in their order."""
        children = self.run.school.children
        found, doubts = recognise(children, self.classes.account)
        pairs = [(child, found.get(id(child)) or self._new_student(child)) for child in children]
        for child, student in pairs:
            self.run.count("students", student.pk is None)
            if student.pk:
                self._compare(child, student)
            elif id(child) in doubts:
                self._report_doubt(child)
        self._save([(child, student) for child, student in pairs if student.pk is None])
        return pairs

    def _save(self, new):
        Student.objects.bulk_create([student for _child, student in new])
        AtBranch.objects.bulk_create(
            [
                AtBranch(student=student, branch=branch)
                for child, student in new
                for branch in dict.fromkeys(self.places.branch(row.branch) for row in child.rows)
                if branch
            ]
        )
        self.families.save(new)

    def _new_student(self, child):
        said = {key: self._said(child, key)[1] for key in FACTS}
        note = self.run.fitting(child.rows[0], "note", self._note(child), Student.note)
        initial = {"name_initials": initials(child.name), "note": note, "adviser": self._adviser(child)}
        initial["custom_values"] = {
            key: value for row in reversed(child.rows) for key, value in self.run.custom.values(row).items()
        }
        return Student(name=child.name, **said, **initial)

    def _said(self, child, key):
        """(the first row that tells it, the value as the database takes it)"""
        row = next((row for row in child.rows if getattr(row, key)), child.rows[0])
        value = getattr(row, key)
        return row, self.run.fitting(row, key, value, getattr(Student, key)) if isinstance(value, str) else value

    def _note(self, child):
        """Remarks, and what the software has no field for."""
        parts = []
        for row in child.rows:
            kept = {_("Student number"): row.number, _("Status"): row.status, **self.run.unused(row)}
            parts += [row.note, *(f"{title}: {text}" for title, text in kept.items() if text)]
        return "；".join(dict.fromkeys(filter(None, parts)))

    def _adviser(self, child):
        row = next((row for row in child.rows if row.adviser), None)
        adviser = self.staff.person(row.adviser, self.places.branch(row.branch)) if row else None
        if row and not adviser:
            self.run.report(
                row,
                field="adviser",
                reason=_("Nobody of the staff is surely “%(name)s”: the child has no adviser.") % {"name": row.adviser},
                mend=_("Write the name as the staff book has it, or give the adviser in the back office."),
                code="unknown_adviser",
            )
        return adviser

    def _compare(self, child, student):
        """What was missing is filled in; what differs is told."""
        filled = []
        for key in FACTS:
            row, book = self._said(child, key)
            kept = getattr(student, key)
            if book and not kept:
                setattr(student, key, book)
                filled.append(key)
            elif book and kept != book:
                shown = student.get_gender_display() if key == "gender" else kept
                self.run.report_difference(row, key, kept=shown)
        for row in child.rows:
            custom = self.run.custom.complete(row, student.custom_values, self.run.custom.values(row))
            if custom:
                student.custom_values = custom
                filled.append("custom_values")
        if filled:
            student.save(update_fields=filled)
            self.run.completed["students"] += 1
        self.families.compare(child, student)

    def _report_doubt(self, child):
        self.run.report(
            child.rows[0],
            field="name",
            reason=_("%(name)s may be a child of this name that is in the software already: it was made anew.")
            % {"name": child.name},
            mend=_("If it is one child, write birth date, phone and school as the software has them."),
            code="maybe_same_child",
        )


class Families:
    """Who is whose guardian: one guardian per phone, for brothers and sisters too."""

    def __init__(self, run):
        self.run = run
        phones = {phone for child in run.school.children for phone in child.main_phones}
        self.guardians = {guardian.phone: guardian for guardian in Guardian.objects.filter(phone__in=phones)}
        self.new = []

    def save(self, new_children):
        """Make the guardians of new children; the first phone is the main contact's, who is told."""
        links = []
        for child, student in new_children:
            rows = {row.phone: row for row in reversed(child.rows) if row.phone} or {"": child.rows[0]}
            for phone, row in sorted(rows.items(), key=lambda item: item[0] != child.phone):
                links.append(self._link(student, self._guardian(phone, row, child), row, phone == child.phone))
        Guardian.objects.bulk_create(self.new)
        Guardianship.objects.bulk_create(links)

    def _link(self, student, guardian, row, is_main):
        relation = self.run.fitting(row, "relation", row.relation, Guardianship.relation)
        return Guardianship(student=student, guardian=guardian, relation=relation, is_main=is_main, is_told=is_main)

    def _guardian(self, phone, row, child):
        known = self.guardians.get(phone) if phone else None
        if known is None or known.pk:  # not the brother's or sister's of this very run
            self.run.count("guardians", known is None)
        guardian = known or self._new_guardian(phone, row, child)
        if known:
            self._report_other_name(known, row)
        self._add_phones(guardian, [row for row in child.rows if row.phone in ("", phone)], child)
        return guardian

    def _new_guardian(self, phone, row, child):
        """The note keeps a number that is none."""
        guardian = Guardian(
            name=row.guardian or placeholder(child.name)[: Guardian.name.field.max_length],
            phone=phone or None,
            note="" if phone else self.run.fitting(row, "phone", child.phone_text, Guardian.note),
        )
        self.new.append(guardian)
        if phone:
            self.guardians[phone] = guardian
        return guardian

    def _add_phones(self, guardian, rows, child):
        """Further numbers, which nobody else is known to have: one in its field, more in the note."""
        for row in rows:
            for phone in row.other_phones:
                if phone in (*child.main_phones, guardian.other_phone):
                    continue
                if guardian.other_phone:
                    note = "；".join(filter(None, [guardian.note, phone]))
                    guardian.note = self.run.fitting(row, "other_phone", note, Guardian.note)
                else:
                    guardian.other_phone = phone
                if guardian.pk:
                    guardian.save(update_fields=["other_phone", "note"])

    def compare(self, child, student):
        """A number that was missing or wrong when the child was made is taken now; another one is told."""
        links = list(student.guardianships.all())
        without = [link for link in links if not link.guardian.phone]
        reached = [link.guardian for link in links if link.guardian.phone]
        known = {phone for guardian in reached for phone in (guardian.phone, guardian.other_phone)}
        for row in child.rows:
            if row.phone and row.phone not in known:
                known.add(row.phone)
                if without:
                    self._complete(without.pop(0), row)
                else:
                    kept = "、".join(guardian.phone for guardian in reached)
                    self.run.report_difference(row, "phone", kept=kept)

    def _complete(self, link, row):
        """A brother's or a sister's guardian may have the number already: then it is theirs too."""
        without, known = link.guardian, self.guardians.get(row.phone)
        if known:
            link.guardian = known
            link.save(update_fields=["guardian"])
            if not without.guardianships.exists():
                without.delete()
        else:
            without.phone = row.phone
            without.save(update_fields=["phone"])
            self.guardians[row.phone] = without
        self.run.completed["guardians"] += 1

    def _report_other_name(self, guardian, row):
        if row.guardian and guardian.name != row.guardian:
            self.run.report(
                row,
                field="guardian",
                reason=_("This phone belongs to %(guardian)s already, who was kept as the guardian.")
                % {"guardian": guardian.name},
                mend=_("If they are two people, give the second one another phone."),
                code="guardian_name_differs",
                severity=Severity.NOTE,
            )
