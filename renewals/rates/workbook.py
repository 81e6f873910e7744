"""The rates as a workbook: each with its definition, its formula with the figures, and the parts as numbers."""

from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from core.workbook import Sheet, workbook_bytes
from renewals.rates.words import WORDS


def rates_workbook(report):
    titles = [
        pgettext("rate", "Rate"),
        pgettext("rate", "Name"),
        pgettext("rate", "Numerator"),
        pgettext("rate", "Denominator"),
        pgettext("rate", "Per cent"),
        pgettext("rate", "Formula"),
        pgettext("rate", "Definition"),
        _("from day"),
        _("until day"),
    ]
    rows = [_row(line.rate, WORDS[line.rate.code].name, report.period) for line in report.lines]
    rows.append(_row(report.expansion, _("Took up another subject"), report.period))
    rows.append(_row(report.settled, _("Only whose days are over"), report.period))
    return workbook_bytes([Sheet(_("Renewal rates"), titles, rows)])


def _row(rate, name, period):
    share = None if rate.share is None else round(float(rate.share * 100), 1)
    definition = str(WORDS[rate.code].definition)
    below = float(rate.denominator)
    return [rate.code, str(name), rate.numerator, below, share, rate.working, definition, period.first, period.last]
