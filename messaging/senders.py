"""How the senders are doing: the circuit breaker and the pace that all workers share.

A sender that fails five times in a row is left alone for half a minute; then one attempt of one worker tries whether it
goes again, and the others wait for what it finds. With a limit of parts a second each part has a slot of its own.
"""

from datetime import timedelta

from django.db import transaction

from messaging.models import MessageAttempt, SenderState
from messaging.rules import BREAKER_FAILURES, BREAKER_PAUSE, PACE_SHARE

Outcome = MessageAttempt.Outcome
_TROUBLE = {Outcome.NOT_SENT, Outcome.THROTTLED, Outcome.UNKNOWN, Outcome.MISCONFIGURED}
SENDER_IS_FULL = "21611"


class Senders:
    """What one worker knows of them; read anew with every batch of messages."""

    def __init__(self):
        self._states = {}

    def refresh(self):
        self._states = {(state.channel, state.sender): state for state in SenderState.objects.all()}

    def closed_until(self, channel, sender, now):
        """Until when to leave a sender alone; None when it may be tried, also as the one that tries it again."""
        state = self._states.get((channel, sender))
        if state is None or state.open_until is None:
            return None
        if state.open_until > now or not self._is_mine_to_try(state, now):
            return max(state.open_until, now) + timedelta(seconds=1)
        return None

    def _is_mine_to_try(self, state, now):
        """Only one worker is the first after the pause."""
        again = now + BREAKER_PAUSE
        same = SenderState.objects.filter(pk=state.pk, open_until=state.open_until)
        is_mine = same.update(open_until=again) == 1
        state.open_until = again
        return is_mine

    def note(self, channel, sender, answer, now):
        """Remember how an attempt went."""
        state = self._states.get((channel, sender))
        if answer.outcome in _TROUBLE:
            self._states[channel, sender] = _note_failure(channel, sender, answer, now)
        elif state is not None and (state.failures or state.open_until):
            state.failures, state.open_until = 0, None
            state.save(update_fields=["failures", "open_until"])


@transaction.atomic
def _note_failure(channel, sender, answer, now):
    SenderState.objects.get_or_create(channel=channel, sender=sender)
    state = SenderState.objects.select_for_update().get(channel=channel, sender=sender)
    state.failures += 1
    state.error_code, state.failed_at = answer.error_code, now
    is_hopeless = answer.outcome == Outcome.MISCONFIGURED or answer.error_code == SENDER_IS_FULL
    if is_hopeless or state.failures >= BREAKER_FAILURES:
        state.open_until = now + BREAKER_PAUSE
    state.save()
    return state


@transaction.atomic
def reserve_slot(*, channel, sender, parts, parts_per_second, now, longest_wait):
    """(moment, whether it is reserved): when the sender may send so many parts. Nobody else gets the same moment.

    What is further away than `longest_wait` is not reserved: whoever comes then asks again.
    """
    SenderState.objects.get_or_create(channel=channel, sender=sender)
    state = SenderState.objects.select_for_update().get(channel=channel, sender=sender)
    slot = max(state.free_at or now, now)
    if slot - now > longest_wait:
        return slot, False
    state.free_at = slot + timedelta(seconds=parts / (parts_per_second * PACE_SHARE))
    state.save(update_fields=["free_at"])
    return slot, True
