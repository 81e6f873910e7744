import signal
import sys

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
            "experiment",
            nargs="*",
            default=["R1"],
            help="R1 (default), R2 … as in docs/reliability.md; gate: the small ones",
        )
        add_early_arguments(parser)
        parser.add_argument("--seed", type=int, default=7)
        parser.add_argument("--kills", type=int, default=50)
        parser.add_argument("--messages", type=int, default=10_000)
        parser.add_argument("--freezes", type=int, default=40, help="of R4a: workers that stand still for two leases")
        parser.add_argument("--crashes", type=int, default=100, help="of R2, at each failpoint")
        parser.add_argument("--rounds", type=int, default=100, help="of R3")
        parser.add_argument("--restarts", type=int, default=10, help="of R6, of the run's own PostgreSQL")
        parser.add_argument("--faults", type=int, default=20, help="of R7")
        parser.add_argument("--away", type=float, default=30, help="of R6: seconds without PostgreSQL; of R7: at most")
        parser.add_argument("--locks", type=int, default=20, help="of R6: 10 s with SQLite's file locked")
        parser.add_argument("--fills", type=int, default=3, help="of R6: 10 s with the disk full")
        parser.add_argument("--deploys", type=int, default=20, help="of R19")
        parser.add_argument("--minutes", type=float, default=2, help="of R16 and R20; the goal is 30")
        parser.add_argument("--outage", type=float, default=12, help="of R8: seconds that each trouble lasts")
        parser.add_argument("--rate", type=float, default=5, help="of R20: messages a second")
        parser.add_argument("--old", type=int, default=200_000, help="of R20 and R21: messages of years gone by")
        parser.add_argument("--sample", type=int, default=0, help="of R12: so many time zones by chance; 0: all")
        parser.add_argument("--design", choices=["outbox", "naive"], default="outbox", help="naive: send, then mark")
        parser.add_argument("--keep", action="store_true", help="leave the run's folder, with its logs")

    def handle(self, *args, keep, **options):
        if "config.chaos" not in settings.INSTALLED_APPS:
            raise CommandError(_("Start the harness from the command line: it needs settings of its own."))
        from argparse import Namespace

        from config.chaos.disks import DiskError
        from config.chaos.experiments import named
        from config.chaos.servers import ServerError
        from config.chaos.stage import stage

        for signum in (signal.SIGTERM, signal.SIGHUP):
            signal.signal(signum, lambda *args: sys.exit(1))
        try:
            with stage(keep=keep, is_filled="R6" in options["experiment"] and options["fills"] > 0):
                passed = [self._run(*one) for one in named(options["experiment"], Namespace(**options))]
        except psycopg.Error as error:
            problem = _("The database server refuses: it must be up, and let this user create databases. (%(reason)s)")
            raise CommandError(problem % {"reason": str(error).strip()}) from error
        except (ServerError, DiskError) as error:
            raise CommandError(str(error)) from error
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
