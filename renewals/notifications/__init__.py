"""Who is told that credits run low, when, and in which words.

It is a balance notice, a service message: what is left, until when, and where to ask. No offer, no price, no address.

    accounts   what a reminder has to know of an enrolment, and what speaks against one
    letters    which guardian gets what: all that is low of one guardian is one message a day
    planning   the cadence: once a day per branch, at its hour
    words      the last look when a message is sent, and the sentences
"""

from renewals.notifications import examples, wordings  # noqa: F401  (they register themselves)
from renewals.notifications.letters import LeftOut, Letter, queue_letters, write_letters
from renewals.notifications.planning import plan_renewal_reminders
from renewals.notifications.words import RENEWAL_REMINDER, text_of

__all__ = [
    "RENEWAL_REMINDER",
    "LeftOut",
    "Letter",
    "plan_renewal_reminders",
    "queue_letters",
    "text_of",
    "write_letters",
]
