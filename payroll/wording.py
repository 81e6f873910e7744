"""How an amount came about, in the reader's words. The figures are those of rules.Line.working."""

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from core.money import yuan
from payroll.rules import Basis, LineKind, Unpaid


def working_text(line):
    """The working of a line, of rules.Line or of a frozen one, as a sentence."""
    working = line.working
    if "unpaid" in working:
        return str(Unpaid(working["unpaid"]).label)
    if line.kind == LineKind.LESSON:
        return _BY_BASIS[working["basis"]](working)
    return _BY_KIND[line.kind](working)


def _of_lesson(working):
    return _("%(rate)s a lesson") % {"rate": yuan(working["rate"])}


def _of_tiers(working):
    facts = {"lessons": working["lessons"], "from": working["from"], "next": working["next"]}
    facts["rate"] = yuan(working["rate"])
    if working["next"] is None:
        return _("%(lessons)d lessons, band from %(from)d on: %(rate)s a lesson") % facts
    return _("%(lessons)d lessons, band from %(from)d to below %(next)d: %(rate)s a lesson") % facts


def _of_heads(working):
    facts = {"rate": yuan(working["rate"]), "included": working["included"]}
    if not working["more"]:
        return _("%(rate)s for up to %(included)d children") % facts
    facts |= {"more": working["more"], "extra": yuan(working["extra"])}
    return _("%(rate)s for up to %(included)d children, and %(more)d more at %(extra)s each") % facts


def _of_revenue(working):
    facts = {"revenue": yuan(working["revenue"]), "percent": working["percent"], "from": yuan(working["from"])}
    if working["next"] is None:
        return _("%(percent)s%% of %(revenue)s, band from %(from)s on") % facts
    return _("%(percent)s%% of %(revenue)s, band from %(from)s to below %(next)s") % {
        **facts,
        "next": yuan(working["next"]),
    }


def _of_full_class(working):
    facts = {"lessons": working["lessons"], "children": working["children"], "each": yuan(working["each"])}
    return (
        ngettext(
            "%(lessons)d lesson with %(children)d children or more: %(each)s",
            "%(lessons)d lessons with %(children)d children or more: %(each)s each",
            working["lessons"],
        )
        % facts
    )


def _of_base(working):
    facts = {"monthly": yuan(working["monthly"]), "days": working["days"], "of": working["of"]}
    if working["lessons"]:
        facts["lessons"] = working["lessons"]
        return _("%(monthly)s a month, %(days)d of %(of)d days; covers the first %(lessons)d lessons") % facts
    return _("%(monthly)s a month, %(days)d of %(of)d days") % facts


def _of_guarantee(working):
    facts = {"monthly": yuan(working["monthly"]), "days": working["days"], "of": working["of"]}
    facts["earned"] = yuan(working["earned"])
    return _("At least %(monthly)s a month, %(days)d of %(of)d days; earned %(earned)s") % facts


def _of_adjustment(working):
    facts = {name: yuan(working[name]) for name in ("now", "then", "adjusted")}
    if working["adjusted"]:
        return _("By today's records %(now)s; approved %(then)s, adjusted before by %(adjusted)s") % facts
    return _("By today's records %(now)s; approved %(then)s") % facts


_BY_BASIS = {
    Basis.LESSON: _of_lesson,
    Basis.TIERS: _of_tiers,
    Basis.HEADS: _of_heads,
    Basis.REVENUE: _of_revenue,
}
_BY_KIND = {
    LineKind.FULL_CLASS: _of_full_class,
    LineKind.BASE: _of_base,
    LineKind.GUARANTEE: _of_guarantee,
    LineKind.ADJUSTMENT: _of_adjustment,
}
