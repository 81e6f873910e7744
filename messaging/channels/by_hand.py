"""Channels that people carry: the desk finds the words on its list, says or hands them over, and notes it."""

from django.utils.translation import gettext_lazy as _

from messaging.channels.base import Answer, Channel
from messaging.models import MessageAttempt


class ByHand(Channel):
    is_text = False
    is_by_hand = True

    def is_configured(self):
        return True

    def send(self, attempt, *, valid_for, deadline):
        """It lies on the list of the desk from now on: nothing leaves the machine, so nothing can be doubtful."""
        return Answer(MessageAttempt.Outcome.ACCEPTED, f"hand-{attempt.pk}", "queued")


class PhoneCall(ByHand):
    code = "call"
    label = _("Phone call")


class PrintedSlip(ByHand):
    code = "slip"
    label = _("Printed slip")
    needs_phone = False
