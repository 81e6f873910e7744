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
    "payroll.view_own_payslips",  # once they are approved
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
    "students.view_channel",
    "students.add_followup",
    "students.claim_enquiry",  # out of the pool, up to the branch's limit a day
    "students.merge_enquiry",
    "enrolments.view_enrolment",
    "enrolments.add_enrolment",
    "enrolments.view_order",
    "enrolments.add_order",  # prepare, confirm, cancel a draft
    "enrolments.add_payment",
    "enrolments.view_discountrule",
    "enrolments.view_creditlot",
    "enrolments.view_creditentry",
    "enrolments.view_transfer",
    "enrolments.add_transfer",
    "enrolments.view_suspension",
    "enrolments.add_suspension",
    "enrolments.view_writeoff",
    "enrolments.add_writeoff",
    "enrolments.view_walletentry",
    "enrolments.add_walletentry",
    "enrolments.view_document",
    "enrolments.add_document",
    "enrolments.view_invoicerequest",
    "enrolments.add_invoicerequest",
    "enrolments.change_invoicerequest",
    "enrolments.view_refund",
    "enrolments.add_refund",
    "enrolments.pay_refund",
    "scheduling.view_classgroup",
    "scheduling.view_lesson",
    "scheduling.view_attendance",
    "scheduling.place_student",
    "scheduling.view_absencerequest",
    "scheduling.add_absencerequest",
    "scheduling.view_makeup",
    "scheduling.add_makeup",
    "scheduling.add_lessonreply",  # what a family says of a lesson
    "scheduling.view_trialbooking",
    "scheduling.add_trialbooking",
    "scheduling.view_waitinglistentry",
    "scheduling.add_waitinglistentry",
    "renewals.view_renewals",
    "renewals.work_renewals",  # note what was said, close what is lost
    "renewals.remind_families",  # up to the branch's limit at once
    "messaging.view_outboundmessage",
    "messaging.view_inboundmessage",
    "messaging.add_answer",
    "messaging.change_consent",
    "notices.view_notice",
    "notices.add_notice",  # write one; sending is for a manager
    "day_close.view_dayclose",
    "day_close.sign_off",
    "sales.view_enquiryform",  # and print its poster
}
_MANAGER = _DESK | {
    "students.assign_enquiry",  # to somebody else than oneself
    "students.hand_over_enquiries",  # all of a colleague's at once
    "students.export_enquiry",
    "students.view_phonereveal",  # who looked at how many numbers
    "day_close.take_back_sign_off",
    "sales.view_salespolicy",
    "sales.change_salespolicy",
    "sales.add_enquiryform",
    "sales.change_enquiryform",  # switch it off and on
    "sales.view_enquirysource",
    "sales.add_enquirysource",  # of the branch; one of the whole school is the owner's
    "sales.change_enquirysource",  # revoke its token
    "sales.view_campaign",
    "sales.add_campaign",
    "sales.change_campaign",
    "sales.view_channelcost",
    "sales.change_channelcost",
    "reports.view_reports",
    "messaging.view_cost",
    "messaging.change_messagetemplate",  # of the branch; what is for all branches is the owner's to write
    "enrolments.correct_credits",
    "enrolments.approve_writeoff",
    "enrolments.pay_out_wallet",
    "enrolments.approve_refund",  # up to the branch's limit
    "enrolments.exceed_discount_limit",
    "enrolments.take_back_payment",
    "enrolments.void_order",
    "enrolments.add_discountrule",
    "enrolments.change_discountrule",
    "enrolments.void_document",
    "branches.change_branch",
    "branches.view_legalentity",
    "branches.change_legalentity",
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
    "scheduling.view_lessonreply",  # all families' replies of a month, for the platform
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
    "payroll.view_payscheme",
    "payroll.view_payrate",
    "payroll.view_payslip",
    "payroll.prepare_payslips",
    "enrolments.view_monthclose",
    "renewals.view_rates",  # and the forecast: they show how each colleague does, and what money is to come
    "renewals.remind_many",
    "renewals.view_reminderpolicy",
    "renewals.change_reminderpolicy",
    "enrolments.reconcile_payments",
    "notices.send_notice",  # alone up to the branch's limit
    "notices.approve_notice",  # somebody else's
    "notices.view_noticepolicy",
}
_OWNER = _MANAGER | {
    "students.add_channel",
    "students.change_channel",
    "students.add_customfield",
    "students.change_customfield",
    "notices.change_noticepolicy",
    "enrolments.approve_large_refund",
    "enrolments.pass_block",
    "scheduling.pass_block",
    "payroll.add_payscheme",
    "payroll.change_payscheme",
    "payroll.add_payrate",
    "payroll.change_payrate",
    "payroll.approve_payslips",
    "enrolments.close_month",
    "scheduling.view_traveltime",
    "scheduling.add_traveltime",
    "scheduling.change_traveltime",
    "scheduling.delete_traveltime",
    "core.view_health",
    "branches.add_branch",
    "branches.add_legalentity",
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
