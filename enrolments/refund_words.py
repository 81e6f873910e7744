"""How a frozen sheet is said on page and paper: each formula with its article, its amount and its working."""

from dataclasses import dataclass
from decimal import Decimal

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core.money import yuan
from enrolments.refund_rules import ARTICLES, SOURCE, Formula

TITLES = {
    Formula.FULL: gettext_lazy("Full refund by the contract"),
    Formula.CONTRACT: gettext_lazy("By the contract"),
    Formula.SCHOOL: gettext_lazy("The school's cause"),
    Formula.PARENT: gettext_lazy("The family's own cause"),
    Formula.SEVEN_DAYS: gettext_lazy("Within seven days of paying"),
    Formula.TIME_CARD: gettext_lazy("Card by time"),
    Formula.WALLET: gettext_lazy("Stored amount"),
}
RULES = {
    Formula.FULL: gettext_lazy("in the first days that the contract names, everything is paid back"),
    Formula.CONTRACT: gettext_lazy("price − price × paid lessons taken ÷ paid lessons; gift lessons carry no money"),
    Formula.SCHOOL: gettext_lazy("price − price × lessons taken ÷ all lessons, gifts included"),
    Formula.PARENT: gettext_lazy("price − lessons taken × list price; never below zero"),
    Formula.SEVEN_DAYS: gettext_lazy("price − price × lessons taken ÷ paid lessons"),
    Formula.TIME_CARD: gettext_lazy("price − price × days gone ÷ all days; only for cards by time"),
    Formula.WALLET: gettext_lazy("paid in − paid in × spent ÷ (paid in + gifted)"),
}
ORDER = [
    Formula.FULL,
    Formula.CONTRACT,
    Formula.SCHOOL,
    Formula.PARENT,
    Formula.SEVEN_DAYS,
    Formula.TIME_CARD,
]


@dataclass(frozen=True)
class Column:
    """One formula over all lots. `more_minor`: what choosing it would pay, where that is more than the family's due."""

    formula: str
    title: str
    article: str
    rule: str
    amount_minor: int
    is_entitled: bool
    is_chosen: bool
    is_whole: bool  # it can be computed for every lot
    more_minor: int | None
    workings: list


def columns_of(sheet):
    """The formulas that can be computed for some lot, in the order of the articles on the sheet."""
    rows, chosen = sheet["lots"], _chosen(sheet)
    return [_column(sheet, formula, chosen) for formula in ORDER if any(formula in row["figures"] for row in rows)]


def _chosen(sheet):
    """The one formula that gives the whole offer; where none does, those that are best for some lot."""
    rows = sheet["lots"]
    for formula in ORDER:
        fitting = [row for row in rows if formula in row["entitled"] or formula == sheet["generous"]]
        if len(fitting) == len(rows) and all(row["figures"][formula]["amount"] == row["value"] for row in rows):
            return {formula}
    return {row["chosen"] for row in rows}


def _column(sheet, formula, chosen):
    rows = [row for row in sheet["lots"] if formula in row["figures"]]
    return Column(
        formula=str(formula),
        title=str(TITLES[formula]),
        article=article_text(formula),
        rule=str(RULES[formula]),
        amount_minor=sum(row["figures"][formula]["amount"] for row in rows),
        is_entitled=any(formula in row["entitled"] for row in rows),
        is_chosen=formula in chosen,
        is_whole=len(rows) == len(sheet["lots"]),
        more_minor=sheet["more"].get(formula),
        workings=[(row["name"], working(row["figures"][formula])) for row in rows],
    )


def article_text(formula):
    if formula == Formula.FULL:
        return "GF-2021-2604"
    return _("%(law)s article %(article)s") % {"law": SOURCE, "article": ARTICLES[formula]}


def working(figure):
    """¥4,800.00 − ¥4,800.00 × 10 ÷ 44 = ¥3,709.09: the same in every language."""
    price, amount = yuan(figure["price"]), yuan(figure["amount"])
    part, whole = _number(figure["part"]), _number(figure["whole"])
    if figure["each"] is not None:
        served = f" − {part} × {yuan(figure['each'])}"
    elif whole != "0":
        served = f" − {price} × {part} ÷ {whole}"
    else:
        served = ""
    return f"{price}{served} = {amount}"


def _number(value):
    return f"{Decimal(value).normalize():f}"
