from django.core.management.base import BaseCommand

from core.fallback import run_job_loop


class Command(BaseCommand):
    help = "Runs the periodic jobs without the queue; `run_jobs` starts it when the queue cannot be kept up."
    requires_system_checks = ()

    def add_arguments(self, parser):
        parser.add_argument("supervisor_pid", type=int, help="the process that must not be outlived")

    def handle(self, *args, supervisor_pid, **options):
        run_job_loop(supervisor_pid)
