"""The sidebar: only what a person uses, in the order of the day. It hides links; it protects nothing."""

from django.urls import reverse
from django.utils.translation import gettext_lazy as _


def sidebar(request):
    return [_daily(request.user), _back_office(request.user)]


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
            _item(_("Students"), "school", "search", user.has_perm("students.view_student"), on_phone=True),
            _item(_("Renewals"), "autorenew", "renewals", user.has_perm("renewals.view_renewals"), on_phone=True),
            _item(_("Messages"), "sms", "messages", user.has_perm("messaging.view_outboundmessage")),
            _item(
                _("Enquiries"),
                "contact_phone",
                "admin:students_enquiry_changelist",
                user.has_perm("students.view_enquiry"),
            ),
        ]
    }


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
        (_("Packages"), "sell", "courses.change_coursepackage", "admin:courses_coursepackage_changelist"),
        (_("Courses"), "menu_book", "courses.add_course", "admin:courses_course_changelist"),
        (_("Closed days"), "event_busy", "branches.add_closedday", "admin:branches_closedday_changelist"),
        (_("Rooms"), "meeting_room", "branches.add_room", "admin:branches_room_changelist"),
        (_("Branches"), "apartment", "branches.change_branch", "admin:branches_branch_changelist"),
        (_("Staff"), "badge", "branches.view_user", "admin:branches_user_changelist"),
    ]
    return {
        "title": _("Back office"),
        "separator": True,
        "collapsible": True,
        "items": [_item(title, icon, url, user.has_perm(permission)) for title, icon, permission, url in links],
    }


def _item(title, icon, url_name, allowed=True, *, on_phone=False):
    link = reverse(url_name)
    return {
        "title": title,
        "icon": icon,
        "link": link,
        "permission": lambda request: allowed,
        "active": lambda request: request.path == link or (link != "/" and request.path.startswith(link)),
        "phone": on_phone,
    }
