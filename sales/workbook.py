"""Enquiries as an Excel workbook."""

from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from core.phones import masked, national
from core.workbook import Sheet, workbook_bytes
from students.custom_fields import sheet_cells


def enquiries_workbook(enquiries, custom_fields):
    """As bytes; each enquiry `shows_phone` or not."""
    titles = [*_titles(), *(field.label for field in custom_fields)]
    rows = [[*_row(enquiry), *sheet_cells(enquiry, custom_fields)] for enquiry in enquiries]
    return workbook_bytes([Sheet(_("Enquiries"), titles, rows)])


def _titles():
    return [
        _("Child"),
        _("Guardian"),
        _("Phone"),
        _("Branch"),
        _("Course"),
        _("Channel"),
        pgettext("enquiry", "Stage"),
        _("Followed up by"),
        _("Registered on"),
        _("Last contact"),
        _("Next follow-up"),
        pgettext("enquiry", "Why it was lost"),
        _("Note"),
    ]


def _row(enquiry):
    return [
        enquiry.child_name,
        enquiry.guardian_name,
        national(enquiry.phone) if enquiry.shows_phone else masked(enquiry.phone),
        str(enquiry.branch),
        str(enquiry.course or ""),
        str(enquiry.channel or ""),
        enquiry.get_stage_display(),
        str(enquiry.owner or ""),
        enquiry.registered_date,
        _local(enquiry.last_contact_at, enquiry),
        _local(enquiry.next_follow_up_at, enquiry),
        enquiry.get_lost_reason_display(),
        enquiry.note,
    ]


def _local(moment, enquiry):
    """Excel knows no time zones: the branch's wall clock."""
    return moment.astimezone(ZoneInfo(enquiry.branch.time_zone)).replace(tzinfo=None) if moment else None
