"""Which role may do what, in one table. A role holds in its branch; the owner's holds everywhere."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Role(models.TextChoices):
    OWNER = "owner", _("Owner")
    MANAGER = "manager", _("Branch manager")
    FRONT_DESK = "front_desk", _("Front desk")
    ADVISER = "adviser", _("Adviser")
    TEACHER = "teacher", _("Teacher")


_TEACHER = {
    "scheduling.view_timetable",  # with their own lessons on it
    "scheduling.call_roll",
}
_DESK = _TEACHER | {
    "branches.view_branch",
    "branches.view_room",
    "branches.view_calendarday",
    "branches.view_schoolbreak",
    "courses.view_subject",
    "courses.view_course",
    "courses.view_coursepackage",
    "parents.view_guardian",
    "parents.add_guardian",
    "parents.change_guardian",
    "students.view_student",
    "students.add_student",
    "students.change_student",
    "students.view_guardianship",
    "students.add_guardianship",
    "students.change_guardianship",
    "students.view_enquiry",
    "students.add_enquiry",
    "students.change_enquiry",
    "enrolments.view_enrolment",
    "enrolments.add_enrolment",
    "enrolments.view_creditlot",
    "enrolments.view_creditentry",
    "scheduling.view_classgroup",
    "scheduling.view_lesson",
    "scheduling.view_attendance",
    "scheduling.place_student",
    "scheduling.view_absencerequest",
    "scheduling.add_absencerequest",
    "scheduling.view_makeup",
    "scheduling.add_makeup",
    "scheduling.view_trialbooking",
    "scheduling.add_trialbooking",
    "scheduling.view_waitinglistentry",
    "scheduling.add_waitinglistentry",
    "renewals.view_renewals",
    "messaging.view_outboundmessage",
}
_MANAGER = _DESK | {
    "branches.change_branch",
    "branches.view_user",
    "branches.view_membership",
    "branches.add_room",
    "branches.change_room",
    "branches.add_calendarday",
    "branches.change_calendarday",
    "branches.delete_calendarday",
    "branches.add_schoolbreak",
    "branches.change_schoolbreak",
    "branches.delete_schoolbreak",
    "courses.add_coursepackage",
    "courses.change_coursepackage",
    "scheduling.add_classgroup",
    "scheduling.change_classgroup",
    "scheduling.view_schedulerule",
    "scheduling.add_schedulerule",
    "scheduling.change_schedulerule",
    "scheduling.delete_schedulerule",
    "scheduling.view_keptclash",
    "scheduling.keep_clash",
    "scheduling.undo_roll_call",
    "scheduling.change_lesson",
    "scheduling.cancel_day",
    "scheduling.view_timetablechange",
    "scheduling.view_availabilitywindow",
    "scheduling.add_availabilitywindow",
    "scheduling.change_availabilitywindow",
    "scheduling.delete_availabilitywindow",
    "scheduling.view_teacherabsence",
    "scheduling.add_teacherabsence",
    "scheduling.view_qualification",
    "scheduling.add_qualification",
    "scheduling.delete_qualification",
    "scheduling.view_staffcheck",
    "scheduling.add_staffcheck",
    "scheduling.change_staffcheck",
    "scheduling.delete_staffcheck",
    "scheduling.view_teachinglimit",
    "scheduling.add_teachinglimit",
    "scheduling.change_teachinglimit",
    "scheduling.view_leavepolicy",
    "scheduling.add_leavepolicy",
    "scheduling.change_leavepolicy",
    "scheduling.add_calendarfeed",
}
_OWNER = _MANAGER | {
    "scheduling.pass_block",
    "scheduling.view_traveltime",
    "scheduling.add_traveltime",
    "scheduling.change_traveltime",
    "scheduling.delete_traveltime",
    "branches.add_branch",
    "branches.add_user",
    "branches.change_user",
    "branches.add_membership",
    "branches.change_membership",
    "branches.delete_membership",
    "courses.add_subject",
    "courses.change_subject",
    "courses.add_course",
    "courses.change_course",
}

PERMISSIONS = {
    Role.OWNER: frozenset(_OWNER),
    Role.MANAGER: frozenset(_MANAGER),
    Role.FRONT_DESK: frozenset(_DESK),
    Role.ADVISER: frozenset(_DESK),
    Role.TEACHER: frozenset(_TEACHER),
}
