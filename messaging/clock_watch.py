"""Whether the wall clock of this machine can be believed.

A clock that jumps forward by a day makes reminders late, nights bright and whole queues worthless; one that jumps back
says everything again too early. So each job compares how far the wall clock moved since the last one with the boot
clock, which nobody sets. After a jump nothing is sent by this machine until the clock is back, or the provider's server
shows the same time: then the jump was a correction.
"""

import logging
import socket
from datetime import timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path

import requests
from django.conf import settings
from django.db import transaction

from messaging.account import is_configured, is_loopback
from messaging.clock import seconds
from messaging.holds import Reason, begin_hold, end_hold
from messaging.models import ClockReading, Hold

logger = logging.getLogger(__name__)
LIMIT = timedelta(minutes=3)  # less than the provider's clock may differ when its list is read (reconcile.py)
TIMEOUT = 5  # seconds, for the provider's server to answer
_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


def watch_clock(*, now):
    """Compare the clocks; after a jump hold sending up, after its end let it go on."""
    host = socket.gethostname()
    jump, is_new_boot = _read(host, now)
    hold = Hold.objects.open(Reason.CLOCK).filter(host=host).first()
    if abs(jump) > LIMIT:
        hold = _note_jump(hold, host, jump, now)
    if hold or is_new_boot:
        _ask_provider(hold, host, now)


@transaction.atomic
def _read(host, now):
    """(how far the wall clock jumped since it was last looked at, whether the machine was started since)."""
    boot, boot_seconds = _boot_id(), seconds()
    facts = {"boot": boot, "boot_seconds": boot_seconds, "wall_at": now}
    reading, is_first = ClockReading.objects.select_for_update().get_or_create(host=host, defaults=facts)
    before = (reading.boot, reading.boot_seconds, reading.wall_at)
    ClockReading.objects.filter(pk=reading.pk).update(**facts)
    if is_first or before[0] != boot:
        return (min(now - before[2], timedelta(0)), True)
    return (now - before[2] - timedelta(seconds=boot_seconds - before[1]), False)


def _note_jump(hold, host, jump, now):
    """The hold that is open now, if one is: two jumps may cancel each other."""
    total = int(jump.total_seconds()) + (hold.jump_seconds if hold else 0)
    if hold and abs(total) <= LIMIT.total_seconds():
        end_hold(Reason.CLOCK, host=host, now=now)
        logger.warning("the clock of this machine is back; sending goes on")
        return None
    begin_hold(Reason.CLOCK, host=host, jump_seconds=total, now=now)
    Hold.objects.open(Reason.CLOCK).filter(host=host).update(jump_seconds=total)
    logger.error("the clock of this machine jumped by %d s: nothing is sent until it is right", total)
    return Hold.objects.open(Reason.CLOCK).filter(host=host).first()


def _ask_provider(hold, host, now):
    """Its server tells the time with every answer. When it is silent, all stays as it is."""
    shown = provider_time() if is_configured() else None
    if shown is None:
        return
    off = int((now - shown).total_seconds())
    if abs(off) <= LIMIT.total_seconds():
        if hold and end_hold(Reason.CLOCK, host=host, now=now):
            logger.warning("the provider's clock agrees with ours: sending goes on")
    elif hold is None and begin_hold(Reason.CLOCK, host=host, jump_seconds=off, now=now):
        logger.error("the clock of this machine is off by %d s: nothing is sent until it is right", off)


def provider_time():
    """What the provider's server takes for the time; None when it does not say."""
    with requests.Session() as session:
        session.trust_env = not is_loopback(settings.TWILIO_API_BASE_URL)  # no proxy on the way to this machine
        try:
            return parsedate_to_datetime(session.head(settings.TWILIO_API_BASE_URL, timeout=TIMEOUT).headers["Date"])
        except (requests.RequestException, KeyError, ValueError):
            return None


def _boot_id():
    """Empty where the system does not tell: then a start of the machine shows by its boot clock only."""
    try:
        return _BOOT_ID.read_text().strip()
    except OSError:
        return ""
