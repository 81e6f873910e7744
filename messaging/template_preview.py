"""What a text in the editor comes to: as a family reads it, its parts and their price, and what speaks against it."""

from decimal import ROUND_HALF_UP, Decimal

from django.utils.translation import gettext as _

from core.money import yuan
from messaging.lint import Finding, Severity
from messaging.segments import count_parts, is_gsm
from messaging.template_versions import left_out, sample

PRICED = 100  # messages: the price of one part is a fraction of a yuan


def preview_of(text, *, wording, language, branch, example, carriers):
    """`branch`: whose signature and price; `example`: the case (messaging.wording.Example), or None."""
    sent = sample(text, wording, language, branch, example.facts if example else {})
    parts = count_parts(sent)
    return {
        "sent": sent,
        "child": example.name if example else "",
        "characters": len(sent),
        "parts": parts,
        "is_gsm": is_gsm(sent),
        "priced": PRICED,
        "cost": yuan(_price(parts, branch)),
        "findings": [*carriers.findings(text, sent=sent), *_left_out(text, wording, language)],
    }


def refusal(sentences):
    """Of a text that cannot be read: why."""
    return {"findings": [Finding(Severity.ERROR, sentence) for sentence in sentences]}


def _price(parts, branch):
    """Fen for so many messages."""
    fen = PRICED * parts * (branch.sms_part_price_fen if branch else 0)
    return int(Decimal(fen).quantize(Decimal(1), ROUND_HALF_UP))


def _left_out(text, wording, language):
    names = left_out(text, wording, language)
    sentence = _("The built-in text also says %(names)s.") % {"names": " ".join(names)}
    return [Finding(Severity.WARNING, sentence)] if names else []
