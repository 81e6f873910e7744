"""The sidebar: only what a person uses, in the order of the day. It hides links; it protects nothing."""

from typing import NamedTuple

from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from branches.roles import Role


class Entry(NamedTuple):
    """A link of the sidebar. Without a permission everybody who signs in has it."""

    title: str
    icon: str
    url_name: str
    permission: str = ""
    on_phone: bool = False  # in the bar at the foot of a phone's page too


EVERY_DAY = [
    Entry(_("Home"), "home", "home", on_phone=True),
    Entry(_("Timetable"), "calendar_month", "week", "scheduling.view_timetable", on_phone=True),
    Entry(_("Students"), "school", "search", "students.view_student", on_phone=True),
    Entry(_("Enquiries"), "contact_phone", "enquiry_list", "students.view_enquiry"),
    Entry(_("Renewals"), "autorenew", "renewals", "renewals.view_renewals", on_phone=True),
    Entry(pgettext_lazy("order", "Orders"), "shopping_cart", "order_list", "enrolments.view_order"),
    Entry(_("Messages"), "sms", "messages", "messaging.view_outboundmessage"),
    Entry(_("Bulk notices"), "campaign", "notice_list", "notices.view_notice"),
    Entry(_("Close of the day"), "task_alt", "day_close_today", "day_close.view_dayclose"),
    Entry(pgettext_lazy("reports", "Numbers"), "monitoring", "numbers", "reports.view_reports"),
]
MY_PAY = Entry(_("My pay"), "account_balance_wallet", "own_payslips")
LESSONS = [
    Entry(_("Classes"), "groups", "class_list", "scheduling.view_timetable"),
    Entry(_("Make-ups"), "event_repeat", "make_up_list", "scheduling.view_makeup"),
    Entry(_("Away"), "pause_circle", "suspension_list", "enrolments.view_suspension"),
    Entry(_("Teacher is away"), "sick", "teacher_absence", "scheduling.add_teacherabsence"),
    Entry(_("Cancel a day"), "ac_unit", "cancel_day", "scheduling.cancel_day"),
    Entry(_("Changes of the timetable"), "history", "timetable_changes", "scheduling.view_timetablechange"),
    Entry(_("Calendar on the phone"), "event_upcoming", "feed_list", "scheduling.view_timetable"),
]
MONEY = [
    Entry(_("Receipts"), "receipt", "receipt_day", "enrolments.view_document"),
    Entry(_("Invoices"), "request_quote", "invoice_list", "enrolments.view_invoicerequest"),
    Entry(_("Refunds"), "currency_yuan", "refund_list", "enrolments.view_refund"),
    Entry(_("Expiring lessons"), "hourglass_bottom", "expiring", "enrolments.view_writeoff"),
    Entry(_("Reconciliation"), "compare_arrows", "reconciliation", "enrolments.reconcile_payments"),
    Entry(_("Month close"), "menu_book", "books", "enrolments.view_monthclose"),
    Entry(_("Teacher pay"), "payments", "payroll", "payroll.view_payslip"),
]
BACK_OFFICE = [
    Entry(_("Ways in"), "qr_code_2", "enquiry_forms", "sales.view_enquiryform"),
    Entry(_("Class groups"), "groups", "admin:scheduling_classgroup_changelist", "scheduling.view_classgroup"),
    Entry(_("Guardians"), "family_restroom", "admin:parents_guardian_changelist", "parents.view_guardian"),
    Entry(_("Enrolments"), "receipt_long", "admin:enrolments_enrolment_changelist", "enrolments.view_enrolment"),
    Entry(
        pgettext_lazy("order", "Discounts"),
        "percent",
        "admin:enrolments_discountrule_changelist",
        "enrolments.add_discountrule",
    ),
    Entry(_("Packages"), "sell", "admin:courses_coursepackage_changelist", "courses.change_coursepackage"),
    Entry(_("Courses"), "menu_book", "admin:courses_course_changelist", "courses.add_course"),
    Entry(_("Teachers"), "co_present", "teacher_list", "scheduling.view_availabilitywindow"),
    Entry(_("Pay rates"), "price_check", "admin:payroll_payrate_changelist", "payroll.view_payrate"),
    Entry(_("Pay schemes"), "rule_settings", "admin:payroll_payscheme_changelist", "payroll.view_payscheme"),
    Entry(_("Custom fields"), "edit_note", "custom_fields", "students.change_customfield"),
    Entry(_("Calendar"), "event_busy", "calendar_days", "branches.add_calendarday"),
    Entry(_("Leave policies"), "rule", "admin:scheduling_leavepolicy_changelist", "scheduling.change_leavepolicy"),
    Entry(
        _("Steps of the reminders"),
        "notifications",
        "admin:renewals_reminderpolicy_changelist",
        "renewals.change_reminderpolicy",
    ),
    Entry(_("Rules for enquiries"), "rule_folder", "sales_policy", "sales.change_salespolicy"),
    Entry(pgettext_lazy("enquiry", "Channels"), "hub", "admin:students_channel_changelist", "students.change_channel"),
    Entry(_("Rooms"), "meeting_room", "admin:branches_room_changelist", "branches.add_room"),
    Entry(_("Branches"), "apartment", "admin:branches_branch_changelist", "branches.change_branch"),
    Entry(_("Legal details"), "gavel", "admin:branches_legalentity_changelist", "branches.change_legalentity"),
    Entry(_("Staff"), "badge", "admin:branches_user_changelist", "branches.view_user"),
    Entry(_("Numbers shown"), "visibility", "phone_reveals", "students.view_phonereveal"),
    Entry(_("State of the system"), "monitor_heart", "health", "core.view_health"),
]


def sidebar(request):
    """Of the entries that lead to this page or to one above it, the nearest is where the person is."""
    user = request.user
    groups = [
        {"items": _items(user, [*EVERY_DAY, *([MY_PAY] if _is_paid(user) else [])])},
        {"items": _items(user, LESSONS), "title": pgettext_lazy("sidebar", "Lessons")},
        {"items": _items(user, MONEY), "title": pgettext_lazy("sidebar", "Money"), "collapsible": True},
        {"items": _items(user, BACK_OFFICE), "title": _("Back office"), "separator": True, "collapsible": True},
    ]
    items = [item for group in groups for item in group["items"]]
    here = max((item["link"] for item in items if _leads_to(item["link"], request.path)), key=len, default="")
    for item in items:
        item["active"] = lambda request, link=item["link"]: link == here
    return groups


def _leads_to(link, path):
    return path == link or (link != "/" and path.startswith(link))


def _is_paid(user):
    """Those who teach; others have no slips to look for."""
    return user.is_authenticated and any(role == Role.TEACHER for _branch, role in user.roles)


def _items(user, entries):
    return [
        {"title": entry.title, "icon": entry.icon, "link": reverse(entry.url_name), "phone": entry.on_phone}
        for entry in entries
        if not entry.permission or user.has_perm(entry.permission)
    ]
