"""What became of a message, in the words of the people at the desk, and why."""

from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from messaging.models import Status


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


def state_of(message):
    return _STATE_OF[message.status]


def statuses_of(key):
    return next(state.statuses for state in STATES if state.key == key)


# The provider's codes: https://www.twilio.com/docs/api/errors
_NUMBER = gettext_lazy("The number is wrong or cannot get messages: ask the guardian for another one.")
_BLOCKED = gettext_lazy("The carrier blocked the text: tell the owner, its words or the signature need a look.")
_ACCOUNT = gettext_lazy("The SMS account is not set up right: tell the owner.")
_BUSY = gettext_lazy("Too many messages at once: it goes out a little later.")
_REASON_OF_CODE = {
    **dict.fromkeys(["21211", "21214", "21217", "21614", "30005", "30006"], _NUMBER),
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
_REASON_OF_STATUS = {
    Status.UNDELIVERED: gettext_lazy("The carrier did not deliver it: call the guardian."),
    Status.FAILED: gettext_lazy("It could not be sent: call the guardian."),
    Status.REJECTED: gettext_lazy("The SMS provider refused it: check the number."),
    Status.UNKNOWN: gettext_lazy("The SMS provider has not answered; it is being asked whether this went out."),
    Status.NEEDS_REVIEW: gettext_lazy("Nobody can tell whether it arrived: call the guardian."),
    Status.SUPPRESSED: gettext_lazy("The guardian wants no messages, or the number does not work."),
    Status.EXPIRED: gettext_lazy("It could not be sent in time."),
}


def reason_of(message):
    """Why a message is where it is, and what to do about it; "" when there is nothing to say."""
    if message.reason:
        return message.reason
    if message.status in (Status.SENT, Status.DELIVERED):
        return ""
    if message.error_code in _REASON_OF_CODE:
        return _REASON_OF_CODE[message.error_code]
    if message.status == Status.QUEUED and message.attempt_count:
        return _("It could not be sent yet and will be tried again.")
    return _REASON_OF_STATUS.get(message.status, "")
