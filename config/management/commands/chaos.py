import shutil
import signal
import sys
from contextlib import suppress
from pathlib import Path

import psycopg
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import connection
from django.utils.translation import gettext as _

from config.chaos.environment import add_early_arguments


class Command(BaseCommand):
    help = "Kill, freeze and mislead the sending of messages by seed, and count what it cost: docs/reliability.md."
    requires_system_checks = ()

    def add_arguments(self, parser):
        parser.add_argument(
            "experiment", nargs="*", default=["R1"], help="R1 (default), R2, R3, R4a, R10, R12, R13, gate"
        )
        add_early_arguments(parser)
        parser.add_argument("--seed", type=int, default=7)
        parser.add_argument("--kills", type=int, default=50)
        parser.add_argument("--messages", type=int, default=10_000)
        parser.add_argument("--freezes", type=int, default=40, help="of R4a: workers that stand still for two leases")
        parser.add_argument("--crashes", type=int, default=100, help="of R2, at each failpoint")
        parser.add_argument("--rounds", type=int, default=100, help="of R3")
        parser.add_argument("--sample", type=int, default=0, help="of R12: so many time zones by chance; 0: all")
        parser.add_argument("--design", choices=["outbox", "naive"], default="outbox", help="naive: send, then mark")
        parser.add_argument("--keep", action="store_true", help="leave the run's folder, with its logs")

    def handle(self, *args, keep, **options):
        if "config.chaos" not in settings.INSTALLED_APPS:
            raise CommandError(_("Start the harness from the command line: it needs settings of its own."))
        from argparse import Namespace

        from config.chaos.databases import drop_database, make_database
        from config.chaos.experiments import named

        for signum in (signal.SIGTERM, signal.SIGHUP):
            signal.signal(signum, lambda *args: sys.exit(1))
        Path(settings.VAR_DIR).mkdir(mode=0o700)
        try:
            make_database()
            passed = [self._run(*one) for one in named(options["experiment"], Namespace(**options))]
        except psycopg.Error as error:
            problem = _("The database server refuses: it must be up, and let this user create databases. (%(reason)s)")
            raise CommandError(problem % {"reason": str(error).strip()}) from error
        finally:
            with suppress(psycopg.Error):
                drop_database()
            if not keep:
                shutil.rmtree(settings.VAR_DIR, ignore_errors=True)
        if not all(passed):
            sys.exit(1)

    def _run(self, experiment, options):
        """Print what an experiment saw; whether it saw what it should."""
        result = experiment(options)
        verdict = result.verdict
        self.stdout.write(
            f"{result.name:4} {'passed' if result.has_passed else 'FAILED'}  seed {options.seed}  {connection.vendor}  "
            f"{options.design}  lost {verdict.lost}  duplicate {verdict.duplicate}  false {verdict.false}  "
            f"unresolved {verdict.unresolved}  {result.wall:.1f} s  {result.messages} messages  "
            f"{result.messages / result.wall:.0f}/s"
        )
        for line in filter(None, [result.notes, *verdict.details]):
            self.stdout.write(f"     {line}")
        self.stdout.flush()
        return result.has_passed
