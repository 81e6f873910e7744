"""The sidebar: only what a person uses, in the order of the day. It hides links; it protects nothing."""

from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from branches.roles import Role


def sidebar(request):
    """Of the entries that lead to this page or to one above it, the nearest is where the person is."""
    groups = [_daily(request.user), _back_office(request.user)]
    items = [item for group in groups for item in group["items"]]
    here = max((item["link"] for item in items if _leads_to(item["link"], request.path)), key=len, default="")
    for item in items:
        item["active"] = lambda request, link=item["link"]: link == here
    return groups


def _leads_to(link, path):
    return path == link or (link != "/" and path.startswith(link))


def _daily(user):
    return {
        "items": [
            _item(_("Home"), "home", "home", on_phone=True),
            _item(
                _("Timetable"),
                "calendar_month",
                "week",
                user.has_perm("scheduling.view_timetable"),
                on_phone=True,
            ),
            _item(_("Classes"), "groups", "class_list", user.has_perm("scheduling.view_timetable")),
            _item(_("Students"), "school", "search", user.has_perm("students.view_student"), on_phone=True),
            _item(_("Renewals"), "autorenew", "renewals", user.has_perm("renewals.view_renewals"), on_phone=True),
            _item(
                pgettext_lazy("order", "Orders"), "shopping_cart", "order_list", user.has_perm("enrolments.view_order")
            ),
            _item(_("Make-ups"), "event_repeat", "make_up_list", user.has_perm("scheduling.view_makeup")),
            _item(_("Teacher is away"), "sick", "teacher_absence", user.has_perm("scheduling.add_teacherabsence")),
            _item(_("Cancel a day"), "ac_unit", "cancel_day", user.has_perm("scheduling.cancel_day")),
            _item(
                _("Changes of the timetable"),
                "history",
                "timetable_changes",
                user.has_perm("scheduling.view_timetablechange"),
            ),
            _item(
                _("Calendar on the phone"), "event_upcoming", "feed_list", user.has_perm("scheduling.view_timetable")
            ),
            _item(_("Receipts"), "receipt", "receipt_day", user.has_perm("enrolments.view_document")),
            _item(_("Invoices"), "request_quote", "invoice_list", user.has_perm("enrolments.view_invoicerequest")),
            _item(_("Expiring lessons"), "hourglass_bottom", "expiring", user.has_perm("enrolments.view_writeoff")),
            _item(_("Away"), "pause_circle", "suspension_list", user.has_perm("enrolments.view_suspension")),
            _item(_("Refunds"), "currency_yuan", "refund_list", user.has_perm("enrolments.view_refund")),
            _item(_("Month close"), "menu_book", "books", user.has_perm("enrolments.view_monthclose")),
            _item(_("Teacher pay"), "payments", "payroll", user.has_perm("payroll.view_payslip")),
            _item(_("My pay"), "account_balance_wallet", "own_payslips", _is_paid(user)),
            _item(_("Messages"), "sms", "messages", user.has_perm("messaging.view_outboundmessage")),
            _item(
                _("Enquiries"),
                "contact_phone",
                "admin:students_enquiry_changelist",
                user.has_perm("students.view_enquiry"),
            ),
        ]
    }


def _is_paid(user):
    """Those who teach; others have no slips to look for."""
    return user.is_authenticated and any(role == Role.TEACHER for _branch, role in user.roles)


def _back_office(user):
    links = [
        (_("Class groups"), "groups", "scheduling.view_classgroup", "admin:scheduling_classgroup_changelist"),
        (_("Guardians"), "family_restroom", "parents.view_guardian", "admin:parents_guardian_changelist"),
        (
            _("Enrolments"),
            "receipt_long",
            "enrolments.view_enrolment",
            "admin:enrolments_enrolment_changelist",
        ),
        (
            pgettext_lazy("order", "Discounts"),
            "percent",
            "enrolments.add_discountrule",
            "admin:enrolments_discountrule_changelist",
        ),
        (_("Packages"), "sell", "courses.change_coursepackage", "admin:courses_coursepackage_changelist"),
        (_("Courses"), "menu_book", "courses.add_course", "admin:courses_course_changelist"),
        (_("Teachers"), "co_present", "scheduling.view_availabilitywindow", "teacher_list"),
        (_("Pay rates"), "price_check", "payroll.view_payrate", "admin:payroll_payrate_changelist"),
        (_("Pay schemes"), "rule_settings", "payroll.view_payscheme", "admin:payroll_payscheme_changelist"),
        (_("Calendar"), "event_busy", "branches.add_calendarday", "calendar_days"),
        (
            _("Leave policies"),
            "rule",
            "scheduling.change_leavepolicy",
            "admin:scheduling_leavepolicy_changelist",
        ),
        (_("Rooms"), "meeting_room", "branches.add_room", "admin:branches_room_changelist"),
        (_("Branches"), "apartment", "branches.change_branch", "admin:branches_branch_changelist"),
        (_("Legal details"), "gavel", "branches.change_legalentity", "admin:branches_legalentity_changelist"),
        (_("Staff"), "badge", "branches.view_user", "admin:branches_user_changelist"),
    ]
    return {
        "title": _("Back office"),
        "separator": True,
        "collapsible": True,
        "items": [_item(title, icon, url, user.has_perm(permission)) for title, icon, permission, url in links],
    }


def _item(title, icon, url_name, allowed=True, *, on_phone=False):
    return {
        "title": title,
        "icon": icon,
        "link": reverse(url_name),
        "permission": lambda request: allowed,
        "phone": on_phone,
    }
