import signal
import threading
from pathlib import Path

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.urls import reverse
from django.utils.translation import gettext as _


class Command(BaseCommand):
    help = "A stand-in for Twilio on this machine, with a page that shows the parents' phones."

    def add_arguments(self, parser):
        parser.add_argument("--port", type=int, default=4010)
        parser.add_argument(
            "--callbacks-delay", type=float, default=1.0, help="seconds between two statuses of a message"
        )
        parser.add_argument("--fresh", action="store_true", help="forget all texts of earlier runs")

    def handle(self, *args, port, callbacks_delay, fresh, **options):
        if not settings.DEBUG:
            raise CommandError(_("The stand-in for Twilio runs with DEBUG on only: it would send nothing."))
        if not (settings.TWILIO_ACCOUNT_SID and settings.TWILIO_AUTH_TOKEN):
            raise CommandError(_("Set TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN: any words will do."))
        path = Path(settings.VAR_DIR) / "fake_twilio.sqlite3"
        if fresh:
            path.unlink(missing_ok=True)
        self._run(path, port, callbacks_delay)

    def _run(self, path, port, delay):
        from messaging.fake_twilio.server import FakeTwilio

        asked_to_stop = threading.Event()
        for signum in (signal.SIGTERM, signal.SIGINT):
            signal.signal(signum, lambda *args: threading.Thread(target=asked_to_stop.set).start())
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            fake = FakeTwilio(
                account_sid=settings.TWILIO_ACCOUNT_SID,
                auth_token=settings.TWILIO_AUTH_TOKEN,
                path=path,
                port=port,
                step_seconds=delay,
                inbound_url=settings.PUBLIC_BASE_URL + reverse("twilio_inbound"),
            )
        except OSError as error:
            problem = _("The stand-in for Twilio cannot use port %(port)d: %(reason)s.")
            raise CommandError(problem % {"port": port, "reason": error.strerror}) from error
        fake.start()
        self.stdout.write(_("The parents’ phones: %(url)s") % {"url": fake.url})
        self.stdout.flush()  # it may be a pipe
        asked_to_stop.wait()
        fake.stop()
