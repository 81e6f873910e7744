"""What a text may not hold, or had better not: by provider, before anybody reads it (DOMAIN 6.4).

`lint(text, purpose=…, provider=…)` lists what it finds. An error is refused when a text is saved; a warning is shown.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from django.utils.translation import gettext as _
from django.utils.translation import pgettext_lazy

from messaging.models import Purpose
from messaging.segments import count_parts


class Severity(StrEnum):
    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True)
class Finding:
    severity: Severity
    sentence: str

    @property
    def is_error(self):
        return self.severity == Severity.ERROR


@dataclass(frozen=True)
class Profile:
    """What a provider, and the carriers behind it, take."""

    label: str
    most_characters: int  # signature and all
    most_parts: int
    barred_symbols: str = ""
    barred_words: tuple[str, ...] = ()
    doubtful_words: tuple[str, ...] = ()
    not_in_notices: tuple[str, ...] = ()
    takes_links: bool = True
    takes_replies: bool = True  # the answer of a family reaches us
    offer_endings: tuple[str, ...] = ()  # one of them tells how to refuse offers
    takes_variables_in_offers: bool = True


_CHINA = {
    "most_characters": 500,
    "most_parts": 8,
    "barred_symbols": "￥¥★☆※◆●",
    "barred_words": ("催款", "催缴", "加微信", "加我微信", "邀请到店"),
    "takes_links": False,
}
_GREETINGS = ("生日快乐", "节日快乐", "新年快乐", "春节快乐", "中秋快乐")
_REPLY_R = ("拒收请回复R", "拒收请回复 R")
_REPLY_TD = ("回T退订", "回TD退订", "退订回T", "退订回TD", "回复TD退订")

PROFILES = {
    "twilio": Profile(
        label=pgettext_lazy("SMS provider", "Twilio"),
        most_characters=1600,
        most_parts=10,
        offer_endings=("Reply STOP to opt out", "reply STOP", *_REPLY_TD, *_REPLY_R),
    ),
    "twilio_cn": Profile(
        label=pgettext_lazy("SMS provider", "Twilio, to mainland China"), takes_replies=False, **_CHINA
    ),
    "aliyun": Profile(
        label=pgettext_lazy("SMS provider", "Aliyun"),
        not_in_notices=_GREETINGS,
        offer_endings=_REPLY_R + _REPLY_TD,
        **_CHINA,
    ),
    "tencent": Profile(
        label=pgettext_lazy("SMS provider", "Tencent Cloud"),
        doubtful_words=("培训",),
        offer_endings=_REPLY_R + _REPLY_TD,
        **_CHINA,
    ),
    "huawei": Profile(
        label=pgettext_lazy("SMS provider", "Huawei Cloud"),
        doubtful_words=("培训",),
        offer_endings=_REPLY_R,
        takes_variables_in_offers=False,
        **_CHINA,
    ),
}
OFFER_WORDS = (
    "优惠", "折扣", "打折", "限时", "抢购", "特价", "秒杀", "促销", "立减", "满减", "红包", "中奖", "大礼包",
    "名额有限", "discount", "special offer", "limited time", "% off", "coupon", "promotion", "free gift",
)  # fmt: skip
_OPT_OUT = re.compile(r"退订|拒收请回复|reply stop", re.IGNORECASE)
_LINK = re.compile(r"https?://|www\.|\b[a-z0-9-]+\.(?:com|cn|net|org|top|xyz|vip|cc|io|me)\b", re.IGNORECASE)
_VARIABLE = re.compile(r"\{[^{}]*\}")
_MAINLAND = {"Asia/Shanghai", "Asia/Urumqi", "Asia/Chongqing", "Asia/Harbin", "PRC"}


@dataclass(frozen=True)
class _Case:
    """A text as it stands in the editor, and `sent`: an example of it as a phone shows it, with the signature."""

    text: str
    sent: str
    purpose: Purpose
    profile: Profile


def lint(text, *, purpose, provider, sent=None):
    """[Finding] of a text for the provider's profile of that name, errors first.

    `text` is what is written, without the signature; its variables stand in braces. `sent` is an example of what goes
    out, signature and all: it is what is measured. Without it the text itself is.
    """
    case = _Case(text, text if sent is None else sent, Purpose(purpose), PROFILES[provider])
    return [finding for rule in RULES for finding in rule(case)]


def has_errors(findings):
    return any(finding.is_error for finding in findings)


def profile_of_twilio(branch):
    """Carriers of mainland China take less than others; a branch writes to the people where it is."""
    return "twilio_cn" if branch.time_zone in _MAINLAND else "twilio"


def profile_of(channel, branch):
    """The profile behind a channel at a branch; None for one that no carrier is behind, such as a printed slip."""
    if channel == "sms":
        return profile_of_twilio(branch)
    name = channel.removeprefix("sms_")
    return name if name in PROFILES else None


# --- the rules -------------------------------------------------------------------------------------------


def _error(sentence, **facts):
    return Finding(Severity.ERROR, sentence % facts)


def _warning(sentence, **facts):
    return Finding(Severity.WARNING, sentence % facts)


def _found(words, text):
    lower = text.casefold()
    return [word for word in words if word.casefold() in lower]


def _empty(case):
    if not case.text.strip():
        yield _error(_("There is no text yet."))


def _brackets(case):
    if re.search("[【】]", case.text):
        yield _error(_("The brackets 【】 mark the signature, which is put in front by itself: leave them out."))


def _symbols(case):
    if symbols := [symbol for symbol in case.profile.barred_symbols if symbol in case.text]:
        yield _error(
            _("The carriers refuse the sign %(symbols)s: write an amount with “yuan” behind it, and no ornaments."),
            symbols=" ".join(symbols),
        )


def _barred_words(case):
    for word in _found(case.profile.barred_words, case.text):
        yield _error(_("%(provider)s bars the words “%(word)s”."), provider=case.profile.label, word=word)


def _links(case):
    if not case.profile.takes_links and (link := _LINK.search(case.text)):
        yield _error(
            _("%(provider)s takes no web addresses (“%(link)s”): carriers drop such a message."),
            provider=case.profile.label,
            link=link[0],
        )


def _offers_in_notices(case):
    if case.purpose == Purpose.MARKETING:
        return
    for word in _found(OFFER_WORDS + case.profile.not_in_notices, case.text):
        yield _error(
            _("“%(word)s” makes this notice an advertisement, which needs the family's consent: leave it out."),
            word=word,
        )
    if _OPT_OUT.search(case.text):
        yield _error(_("How to refuse messages stands below offers only: leave it out of a notice."))


def _offers(case):
    if case.purpose != Purpose.MARKETING:
        return
    if not case.profile.takes_variables_in_offers and _VARIABLE.search(case.text):
        yield _error(_("%(provider)s takes no variables in an offer."), provider=case.profile.label)
    if not case.profile.takes_replies:
        yield from _offers_without_replies(case)
    elif not case.text.rstrip(" .。").endswith(case.profile.offer_endings):
        yield _error(
            _("An offer ends with how to refuse the next one, for example “%(ending)s”."),
            ending=case.profile.offer_endings[0],
        )


def _offers_without_replies(case):
    if _OPT_OUT.search(case.text):
        yield _error(
            _("Answers do not reach us through %(provider)s: say how else to refuse."), provider=case.profile.label
        )
    else:
        yield _warning(_("Say how a family refuses the next offer, for example by a call to the front desk."))


def _length(case):
    if len(case.sent) > case.profile.most_characters:
        yield _error(
            _("With the signature these are %(count)s characters; %(provider)s takes %(most)s."),
            count=len(case.sent),
            provider=case.profile.label,
            most=case.profile.most_characters,
        )
    elif (parts := count_parts(case.sent)) > case.profile.most_parts:
        yield _error(
            _("This is sent in %(count)s parts; more than %(most)s arrive in pieces, or not at all."),
            count=parts,
            most=case.profile.most_parts,
        )


def _doubtful_words(case):
    for word in _found(case.profile.doubtful_words, case.text):
        yield _warning(_("%(provider)s often refuses texts with “%(word)s”."), provider=case.profile.label, word=word)


RULES: list[Callable] = [
    _empty,
    _brackets,
    _symbols,
    _barred_words,
    _links,
    _offers_in_notices,
    _offers,
    _length,
    _doubtful_words,
]
