from django.core.management.base import BaseCommand
from django.utils import timezone
from django.utils.translation import gettext as _

from messaging.holds import Reason, end_hold, enter_restore_mode, held_after_restore


class Command(BaseCommand):
    help = (
        "After a backup was put back, before the jobs are started: what was due by now is looked up with the SMS "
        "provider first, so that nothing is sent a second time."
    )

    def add_arguments(self, parser):
        parser.add_argument("--end", action="store_true", help="end it now; it ends by itself after a day")

    def handle(self, *args, end, **options):
        now = timezone.now()
        if end:
            waiting = held_after_restore(now).count()
            end_hold(Reason.RESTORE, now=now)
            answer = _("Restore mode is off. %(count)d messages that were not looked up yet may now be sent.")
        else:
            enter_restore_mode(now=now)
            waiting = held_after_restore(now).count()
            answer = _(
                "Restore mode is on. %(count)d messages are looked up with the SMS provider before they may be sent. "
                "Start “manage.py run_jobs” now."
            )
        self.stdout.write(answer % {"count": waiting})
