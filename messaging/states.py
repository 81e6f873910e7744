"""What became of a message, in the words of the people at the desk, and why."""

from dataclasses import dataclass, replace

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from messaging.models import BY_HAND, Status


@dataclass(frozen=True)
class State:
    """What a person needs to know of a status. `chip` is the colour that goes with the word."""

    key: str
    word: str
    chip: str
    statuses: tuple


STATES = [
    State("to_send", gettext_lazy("To be sent"), "", (Status.QUEUED, Status.CLAIMED, Status.SENDING)),
    State("sent", pgettext_lazy("message", "Sent"), "info", (Status.ACCEPTED, Status.SENT)),
    State("delivered", pgettext_lazy("message", "Delivered"), "ok", (Status.DELIVERED,)),
    State("failed", pgettext_lazy("message", "Failed"), "bad", (Status.UNDELIVERED, Status.FAILED, Status.REJECTED)),
    State("review", gettext_lazy("To be checked"), "warn", (Status.UNKNOWN, Status.NEEDS_REVIEW)),
    State(
        "not_sent",
        pgettext_lazy("message", "Not sent"),
        "",
        (Status.SUPPRESSED, Status.EXPIRED, Status.CANCELLED),
    ),
]
_STATE_OF = {status: state for state in STATES for status in state.statuses}
# What people carry, and nobody has said yet what became of it. It is no status of its own.
TO_TELL = "by_hand"
_TO_TELL = {
    "call": State(TO_TELL, gettext_lazy("To be called"), "warn", ()),
    "slip": State(TO_TELL, gettext_lazy("Slip to hand out"), "warn", ()),
}


def state_of(message):
    """`message.teller` names who said that it arrived, where the query asks (with_teller)."""
    state = _STATE_OF[message.status]
    if message.channel not in BY_HAND:
        return state
    if message.status == Status.ACCEPTED:
        return _TO_TELL[message.channel]
    teller = getattr(message, "teller", None)
    if message.status == Status.DELIVERED and teller:
        return replace(state, word=_("Told by %(person)s") % {"person": teller})
    return state


def statuses_of(key):
    return next(state.statuses for state in STATES if state.key == key)


def in_state(messages, key):
    """Of a queryset, those that are in the state of this key."""
    if key == TO_TELL:
        return messages.by_hand()
    statuses = statuses_of(key)
    found = messages.filter(status__in=statuses)
    return found.exclude(status=Status.ACCEPTED, channel__in=BY_HAND) if Status.ACCEPTED in statuses else found


# The provider's codes: https://www.twilio.com/docs/api/errors
_NUMBER = gettext_lazy("The number is wrong or cannot get messages: ask the guardian for another one.")
_BLOCKED = gettext_lazy("The carrier blocked the text: tell the owner, its words or the signature need a look.")
_ACCOUNT = gettext_lazy("The SMS account is not set up right: tell the owner.")
_BUSY = gettext_lazy("Too many messages at once: it goes out a little later.")
# No text will ever get to this number. The last is Aliyun's, as far as the column holds it.
NUMBER_CODES = ("21211", "21214", "21217", "21614", "30005", "30006", "isv.MOBILE_NUMBER_IL")
_REASON_OF_CODE = {
    **dict.fromkeys(NUMBER_CODES, _NUMBER),
    **dict.fromkeys(["30004", "30007"], _BLOCKED),
    **dict.fromkeys(["20003", "20005", "20403", "20404", "21212", "21603", "21606", "21659"], _ACCOUNT),
    **dict.fromkeys(["20429", "21611", "30001"], _BUSY),
    "21408": gettext_lazy("The SMS account may not send to this country: tell the owner."),
    "21610": gettext_lazy("The guardian has asked to get no more messages."),
    "21612": gettext_lazy("This number cannot be reached from ours: call the guardian."),
    "30003": gettext_lazy("The phone could not be reached: it is off, or without signal."),
    "30008": gettext_lazy("The carrier gave no reason: call the guardian to be sure."),
    "30610": gettext_lazy("Quiet hours: it goes out when they are over."),
}
_UNREACHABLE = gettext_lazy("The provider cannot be reached from our server.")  # codes that are no numbers: our own
_REASON_OF_STATUS = {
    Status.UNDELIVERED: gettext_lazy("The carrier did not deliver it: call the guardian."),
    Status.FAILED: gettext_lazy("It could not be sent: call the guardian."),
    Status.REJECTED: gettext_lazy("The SMS provider refused it: check the number."),
    Status.UNKNOWN: gettext_lazy("The SMS provider has not answered; it is being asked whether this went out."),
    Status.NEEDS_REVIEW: gettext_lazy("Nobody can tell whether it arrived: call the guardian."),
    Status.SUPPRESSED: gettext_lazy("The guardian wants no messages, or the number does not work."),
    Status.EXPIRED: gettext_lazy("It could not be sent in time."),
}
_REASON_BY_HAND = {
    ("call", Status.UNDELIVERED): gettext_lazy("Nobody answered the call: try again, or tell the family in person."),
    ("slip", Status.UNDELIVERED): gettext_lazy("The slip could not be handed over: call the guardian."),
    ("call", Status.EXPIRED): gettext_lazy("Nobody was called in time."),
    ("slip", Status.EXPIRED): gettext_lazy("The slip was not handed over in time."),
}


def words_of_code(code):
    """What a provider's code means for the school; "" for one that says nothing to people."""
    return _REASON_OF_CODE.get(code) or (_UNREACHABLE if code and not code.isdecimal() else "")


def reason_of(message):
    """Why a message is where it is, and what to do about it; "" when there is nothing to say."""
    if message.reason:
        return message.reason
    if message.status in (Status.SENT, Status.DELIVERED):
        return _word_of_staff(message)
    if by_hand := _REASON_BY_HAND.get((message.channel, message.status)):
        return by_hand
    if message.error_code in _REASON_OF_CODE:
        return _REASON_OF_CODE[message.error_code]
    if message.status == Status.QUEUED and message.attempt_count:
        return _("It could not be sent yet and will be tried again.")
    return _REASON_OF_STATUS.get(message.status, "")


def asks_for_another_number(message):
    """Whether another number of the guardian would mend it."""
    failed = message.status in (Status.UNDELIVERED, Status.FAILED, Status.REJECTED)
    return failed and (message.error_code in NUMBER_CODES or not (message.error_code or message.to_phone))


def _word_of_staff(message):
    """That a text arrived is known from the provider, or else it is said by whom."""
    teller = getattr(message, "teller", None)
    if not teller or message.status != Status.DELIVERED or message.channel in BY_HAND:
        return ""
    return _("%(person)s found out that it arrived.") % {"person": teller}
