from django.core.management.base import BaseCommand

from core.jobs import run_cluster


class Command(BaseCommand):
    help = "The job queue's own process; `run_jobs` starts it and watches it."
    requires_system_checks = ()

    def add_arguments(self, parser):
        parser.add_argument("supervisor_pid", type=int, help="the process that must not be outlived")
        parser.add_argument("supervisor", help="the name under which it sends pulses")

    def handle(self, *args, supervisor, supervisor_pid, **options):
        run_cluster(supervisor, supervisor_pid)
