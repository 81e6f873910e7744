"""Closing a branch's day: signed by one person, taken back by a manager."""

from dataclasses import asdict

from django.db import transaction
from django.utils.translation import gettext as _

from branches.models import Branch
from core.clock import local_date, moment_text
from core.money import yuan
from day_close.figures import Figures
from day_close.models import DayClose


class DayCloseError(Exception):
    """The day cannot be signed; the sentence says why and what to do."""


class NoteMissingError(DayCloseError):
    """Somebody has to say why the cash does not agree, or why something stays open."""


@transaction.atomic
def sign_off(*, branch, day, seen, opening_cash_minor, counted_cash_minor, note, by, now):
    """Freeze the figures of the day and answer for them, once. Returns the sign-off.

    `seen` is the mark of the figures that the person counted against. The branch is locked: of two people at once one
    signs, and the other reads who did.
    """
    branch = Branch.objects.select_for_update(no_key=True).get(pk=branch.pk)
    if standing := DayClose.objects.standing().filter(branch=branch, day=day).select_related("signed_by").first():
        return _already(standing, by)
    if day > local_date(now, branch.time_zone):
        raise DayCloseError(_("This day has not begun yet."))
    figures = Figures.of(branch, day, now=now)
    if figures.mark != seen:
        raise DayCloseError(_("Money moved while you were counting. These are the new figures: please count again."))
    expected = opening_cash_minor + figures.cash_minor
    difference = counted_cash_minor - expected
    _refuse_silence(difference, figures.open_items, note)
    return DayClose.objects.create(
        branch=branch,
        day=day,
        figures=asdict(figures),
        opening_cash_minor=opening_cash_minor,
        expected_cash_minor=expected,
        counted_cash_minor=counted_cash_minor,
        difference_minor=difference,
        open_items=figures.open_items,
        note=note,
        signed_by=by,
        signed_at=now,
    )


def _already(standing, by):
    """A double click signs once."""
    if standing.signed_by == by:
        return standing
    when = moment_text(standing.signed_at, standing.branch.time_zone)
    raise DayCloseError(
        _("%(who)s signed this day on %(when)s: there is nothing left to do.")
        % {"who": standing.signed_by, "when": when}
    )


def _refuse_silence(difference, open_items, note):
    if difference and not note:
        sentence = _("The cash is %(minor)s off: write what you know about it.")
        raise NoteMissingError(sentence % {"minor": yuan(difference)})
    if open_items and not note:
        sentence = _("Something is still open (%(number)d): write why it stays for tomorrow.")
        raise NoteMissingError(sentence % {"number": open_items})


@transaction.atomic
def take_back_sign_off(*, close, reason, by, now):
    """The day is open again; what was signed stays in the history. Twice changes nothing."""
    close = DayClose.objects.select_for_update(no_key=True).get(pk=close.pk)
    if close.withdrawn_at is None:
        close.withdrawn_by, close.withdrawn_at, close.withdrawn_reason = by, now, reason
        close.save(update_fields=["withdrawn_by", "withdrawn_at", "withdrawn_reason"])
    return close
