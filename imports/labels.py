"""What the figures of the books and the rows of the database are called, for people."""

from django.utils.translation import gettext_lazy as _

FIGURES = {
    "students_meant": _("Children"),
    "student_rows": _("Rows of the students' book"),
    "duplicate_rows": _("Rows that say the same as an earlier one"),
    "two_courses": _("Children in two classes"),
    "siblings": _("Brothers and sisters"),
    "missing_phone": _("Children without a phone"),
    "invalid_phone": _("Children whose phone is no valid number"),
    "left_total": _("Credits left in all"),
    "balance_mismatch": _("Accounts that do not add up"),
    "classes": _("Rows of the class book"),
    "over_capacity_classes": _("Classes with more children than seats"),
    "planted_teacher_clashes": _("Classes with one teacher at one time"),
    "room_clashes": _("Classes in one room at one time"),
    "child_clashes": _("Children in two classes at one time"),
    "staff": _("Rows of the staff book"),
    "leads": _("Rows of the enquiry book"),
}

KINDS = {
    "branches": _("branches"),
    "rooms": _("rooms"),
    "staff": _("staff accounts"),
    "memberships": _("roles of staff"),
    "courses": _("courses"),
    "class_groups": _("class groups"),
    "lessons": _("lessons"),
    "students": _("students"),
    "guardians": _("guardians"),
    "enrolments": _("enrolments"),
    "credit_lots": _("credit lots"),
    "class_members": _("places in classes"),
    "enquiries": _("enquiries"),
}
