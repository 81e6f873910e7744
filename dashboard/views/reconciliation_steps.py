"""What is done with the rows of a reconciliation."""

from django.contrib import messages
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.generic import View

from branches.pages import StaffPageMixin
from dashboard.views.reconciliation import PERMISSION, MonthMixin
from enrolments.models import StatementLine, StatementMatch
from enrolments.reconciliation import SOURCES
from enrolments.services.reconciliation import (
    ReconciliationError,
    match_again,
    match_by_hand,
    set_aside,
    undo_match,
)


def _is_number(text):
    """What may be the number of a row: nobody asks for more than a database counts."""
    return text.isdecimal() and len(text) < 19


class MatchAgainView(MonthMixin, View):
    """What was recorded after the statement came in may be certain by now."""

    def post(self, request, *args, **kwargs):
        number = match_again(branch=self.branch, by=request.user, now=timezone.now())
        messages.success(
            request,
            ngettext("%(number)d line was matched.", "%(number)d lines were matched.", number) % {"number": number},
        )
        return self.month_page(self.month)


class LinesAsideView(MonthMixin, View):
    """Lines that are none of our payments, one or several, with a reason."""

    def post(self, request, *args, **kwargs):
        chosen = [int(pk) for pk in request.POST.getlist("line") if _is_number(pk)]
        lines = StatementLine.objects.visible_to(request.user).filter(pk__in=chosen)
        reason = request.POST.get("reason", "") or request.POST.get("other", "")
        try:
            number = set_aside(branch=self.branch, lines=lines, reason=reason, by=request.user, now=timezone.now())
        except ReconciliationError as error:
            messages.error(request, str(error))
        else:
            said = ngettext("%(number)d line was set aside.", "%(number)d lines were set aside.", number)
            messages.success(request, said % {"number": number})
        return self.month_page(self.month)


class StepView(StaffPageMixin, View):
    """One thing done with one row; then back to the month, the tab and the page it stood on."""

    permission_required = PERMISSION

    def month_page(self, line, **told):
        url = reverse("reconciliation_month", args=[line.account.branch_id, line.day.year, line.day.month])
        return redirect(f"{url}?{urlencode(self.request.GET.dict() | told)}")


class LineMatchView(StepView):
    """A person says which payment a line is."""

    def post(self, request, *args, **kwargs):
        lines = StatementLine.objects.visible_to(request.user).select_related("account__branch")
        line = get_object_or_404(lines, pk=kwargs["pk"])
        side, _dash, pk = request.POST.get("item", "").partition("-")
        try:
            if side not in SOURCES or not _is_number(pk):
                raise ReconciliationError(_("Choose what the line is matched with."))
            match_by_hand(line=line, key=(side, int(pk)), by=request.user, now=timezone.now())
        except ReconciliationError as error:
            messages.error(request, str(error))
        else:
            messages.success(request, _("Matched."))
        return self.month_page(line, focus="first")  # Enter matches one after the other


class MatchUndoView(StepView):
    """A match was wrong: the line is open again."""

    def post(self, request, *args, **kwargs):
        matches = StatementMatch.objects.visible_to(request.user).select_related("line__account")
        match = get_object_or_404(matches, pk=kwargs["pk"])
        undo_match(match=match, by=request.user, now=timezone.now())
        messages.success(request, _("Undone: the line is open again."))
        return self.month_page(match.line)
