"""The fields of the model contract (GF-2021-2604), which of them a contract lacks, and where each is filled in."""

from dataclasses import dataclass
from enum import StrEnum

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext, pgettext_lazy


class Place(StrEnum):
    """Where a fact is kept; each opens at a page of its own."""

    SCHOOL = "school"
    BRANCH = "branch"
    STUDENT = "student"
    GUARDIAN = "guardian"
    CLASS = "class"
    ORDER = "order"  # what was sold, and for how much: never typed
    HERE = "here"  # kept nowhere else: typed for this contract
    NOWHERE = "nowhere"  # identity numbers: typed for the paper, and never kept


PLACES = {
    Place.SCHOOL: gettext_lazy("the school's legal details"),
    Place.BRANCH: gettext_lazy("the settings of the branch"),
    Place.STUDENT: gettext_lazy("the child's data"),
    Place.GUARDIAN: gettext_lazy("the guardian's data"),
    Place.CLASS: gettext_lazy("the class"),
    Place.ORDER: gettext_lazy("the order"),
    Place.HERE: gettext_lazy("this page"),
    Place.NOWHERE: gettext_lazy("this page, for the paper only"),
}


@dataclass(frozen=True)
class Field:
    name: str
    label: str
    place: Place


SCHOOL_FIELDS = [
    Field("school_name", gettext_lazy("Name of the institution"), Place.SCHOOL),
    Field("school_address", gettext_lazy("Teaching address"), Place.SCHOOL),
    Field("approving_authority", gettext_lazy("Approving authority"), Place.SCHOOL),
    Field("registering_authority", gettext_lazy("Registering authority"), Place.SCHOOL),
    Field("licence_number", gettext_lazy("Teaching licence no."), Place.SCHOOL),
    Field("licence_expires", gettext_lazy("Teaching licence valid until"), Place.SCHOOL),
    Field("icp_number", gettext_lazy("ICP number of online teaching"), Place.SCHOOL),
    Field("credit_code", gettext_lazy("Unified social credit code"), Place.SCHOOL),
    Field("registration_expires", gettext_lazy("Registration valid until"), Place.SCHOOL),
    Field("contact_name", gettext_lazy("Contact person"), Place.SCHOOL),
    Field("contact_phone", gettext_lazy("Contact's phone"), Place.SCHOOL),
]
FAMILY_FIELDS = [
    Field("student_name", gettext_lazy("Student's name"), Place.STUDENT),
    Field("student_gender", pgettext_lazy("contract", "Sex"), Place.STUDENT),
    Field("student_birth_date", gettext_lazy("Date of birth"), Place.STUDENT),
    Field("student_id", gettext_lazy("Student's identity document and no."), Place.NOWHERE),
    Field("student_school", gettext_lazy("School attended"), Place.STUDENT),
    Field("student_grade", gettext_lazy("Grade attended"), Place.STUDENT),
    Field("guardian_name", gettext_lazy("Guardian's name"), Place.GUARDIAN),
    Field("guardian_relation", gettext_lazy("Relation to the student"), Place.GUARDIAN),
    Field("guardian_phone", gettext_lazy("Guardian's phone"), Place.GUARDIAN),
    Field("guardian_address", gettext_lazy("Guardian's address"), Place.HERE),
    Field("guardian_id", gettext_lazy("Guardian's identity document and no."), Place.NOWHERE),
]
COURSE_FIELDS = [
    Field("category", gettext_lazy("Kind of training"), Place.SCHOOL),
    Field("course_name", pgettext_lazy("contract", "Course"), Place.ORDER),
    Field("class_name", gettext_lazy("Class no."), Place.CLASS),
    Field("adviser", gettext_lazy("Adviser in charge"), Place.HERE),
    Field("lessons_total", pgettext_lazy("contract", "Lessons in all"), Place.ORDER),
    Field("lesson_minutes", gettext_lazy("Minutes of a lesson"), Place.ORDER),
    Field("lesson_times", gettext_lazy("Times of the lessons"), Place.CLASS),
    Field("first_date", gettext_lazy("First lesson on"), Place.CLASS),
    Field("last_date", gettext_lazy("Last lesson expected on"), Place.CLASS),
    Field("teaching_form", gettext_lazy("Form of teaching"), Place.CLASS),
    Field("minimum", gettext_lazy("Children needed to open the class"), Place.HERE),
    Field("teacher", gettext_lazy("Named teacher"), Place.CLASS),
]
CHARGE_FIELDS = [
    Field("amount", gettext_lazy("Price in all"), Place.ORDER),
    Field("payment_plan", gettext_lazy("Way of payment"), Place.HERE),
    Field("supervision", gettext_lazy("Supervision of prepaid money"), Place.SCHOOL),
    Field("supervised_account", gettext_lazy("Supervised account"), Place.SCHOOL),
    Field("refund_days_before", gettext_lazy("Full refund: days before the class opens"), Place.SCHOOL),
    Field("refund_days_after", gettext_lazy("Full refund: days after the class opens"), Place.BRANCH),
]
UNKEPT = [field.name for field in FAMILY_FIELDS if field.place == Place.NOWHERE]


@dataclass(frozen=True)
class Blank:
    """A field without a value, by the key it has in the facts ("first_date.1" for the second course)."""

    key: str
    field: Field
    course: str = ""

    @property
    def label(self):
        if not self.course:
            return str(self.field.label)
        return pgettext("contract", "%(field)s (%(course)s)") % {"field": self.field.label, "course": self.course}

    @property
    def sentence(self):
        return pgettext("contract", "%(field)s: %(place)s") % {"field": self.label, "place": PLACES[self.field.place]}


class ContractIncompleteError(Exception):
    """A contract would have empty fields, and nobody said that they are filled in by hand."""

    def __init__(self, blanks):
        self.blanks = blanks
        fields = _("; ").join(blank.sentence for blank in blanks)
        super().__init__(
            _("The contract lacks %(fields)s. Fill these in, or tick that they are filled in by hand.")
            % {"fields": fields}
        )


def fields_of(facts):
    """[(key, field, course)] of a contract, in the order of the paper; the course's fields once per course."""
    yield from ((field.name, field, "") for field in [*SCHOOL_FIELDS, *FAMILY_FIELDS])
    courses = facts["courses"]
    for number, course in enumerate(courses):
        name = course.get("course_name", "") if len(courses) > 1 else ""
        yield from ((f"{field.name}.{number}", field, name) for field in COURSE_FIELDS)
    yield from ((field.name, field, "") for field in CHARGE_FIELDS)


def value_of(facts, key):
    name, _dot, number = key.partition(".")
    return (facts["courses"][int(number)] if number else facts).get(name, "")


def with_values(facts, values):
    """The facts with what was typed, {key: text}; what was left empty stays as it was."""
    changed = facts | {"courses": [dict(course) for course in facts["courses"]]}
    for key, text in values.items():
        name, _dot, number = key.partition(".")
        if text:
            (changed["courses"][int(number)] if number else changed)[name] = text
    return changed


def blanks_of(facts, *, by_hand=(), typed=()):
    """What is empty, neither left to be filled in by hand nor among the keys `typed` for the paper only."""
    settled = {*by_hand, *typed}
    return [
        Blank(key, field, course)
        for key, field, course in fields_of(facts)
        if not value_of(facts, key) and key not in settled
    ]
