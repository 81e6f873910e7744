"""Terms that no training contract may have (法释〔2025〕4号, article 9): looked for before somebody signs them."""

import re
from dataclasses import dataclass

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

BETWEEN = r"[^。；;\n]{0,15}?"


@dataclass(frozen=True)
class Barred:
    pattern: re.Pattern
    reason: str


def _barred(pattern, reason):
    return Barred(re.compile(pattern), reason)


NO_REFUND = gettext_lazy("A term that rules out any refund is void (法释〔2025〕4号, article 9).")
NO_TRANSFER = gettext_lazy("An unreasonable ban on transfer is void (法释〔2025〕4号, article 9).")
ONE_SIDED = gettext_lazy("The school may not change the contract by itself (法释〔2025〕4号, article 9).")
INTERPRETATION = gettext_lazy(
    "Keeping the last word on what the contract means is void (Consumer Protection Law, article 26)."
)
NO_COURT = gettext_lazy("A family's right to complain or to sue cannot be taken away (Civil Code, article 497).")
BARRED = [
    _barred(r"(概|一律|一概|均|恕|绝)不(予|给予|办理|得|接受|支持)?(退|返还)", NO_REFUND),
    _barred(r"(不予|不可|不能|不得|不办理|不接受|无法|拒绝)(办理|申请|要求)?退(费|款|课|学|还)", NO_REFUND),
    _barred(rf"(特惠|特价|优惠|折扣|活动价|促销|赠课|团购){BETWEEN}(不退|不予退|不可退|不能退)", NO_REFUND),
    _barred(rf"(一经|一旦){BETWEEN}(不退|不予退|不可退|不能退)", NO_REFUND),
    _barred(r"(不得|不可|不能|不予|禁止|概不|一律不得|不允许)(转让|转课|转给)", NO_TRANSFER),
    _barred(r"最终解释权|解释权归", INTERPRETATION),
    _barred(rf"(甲方|机构|学校|我校|培训方|本中心)有权(单方|随时|自行){BETWEEN}(变更|修改|调整|终止|解除)", ONE_SIDED),
    _barred(r"(放弃|不得)(诉讼|起诉|投诉|举报|仲裁|追究)", NO_COURT),
]


def barred_terms(text):
    """[(the words, why they are void)] in the order of the rules; blanks in between do not hide them."""
    squeezed = re.sub(r"[ \t　]+", "", text)
    found = ((rule.pattern.search(squeezed), rule.reason) for rule in BARRED)
    return [(match[0], reason) for match, reason in found if match]


def validate_terms(text):
    sentences = [_("“%(words)s”: %(reason)s") % {"words": words, "reason": why} for words, why in barred_terms(text)]
    if sentences:
        raise ValidationError(sentences)
