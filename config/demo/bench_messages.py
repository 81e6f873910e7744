"""What messaging does at the large school on its busiest evening, each as often as asked for."""

from datetime import timedelta

from branches.models import Branch
from config.demo import DemoError
from config.demo.bench_timetable import saturday
from config.demo.bench_work import Task
from core.clock import moment
from scheduling.reminders import plan_class_reminders


def _evening(number):
    """The moment at which the reminders of a Saturday, the fullest day, are due at all branches."""
    branch = Branch.objects.first()
    return moment(saturday(number % 4 + 1) - timedelta(days=1), branch.class_reminder_at, branch.time_zone)


def _plan(number):
    """As the job finds the evening: nothing is planned yet."""
    now = _evening(number)

    def plan():
        if not plan_class_reminders(now=now):
            raise DemoError("0")

    return plan


def _plan_again(number):
    """As the job finds it a minute later, and every minute until the morning."""
    now = _evening(number)
    plan_class_reminders(now=now)
    return lambda: plan_class_reminders(now=now)


TASKS = [
    Task("plan-reminders", 30_000, 200, _plan, least=2),
    Task("plan-again", 30_000, 200, _plan_again, least=2),
]
