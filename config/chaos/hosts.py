"""R16: two hosts, each with a supervisor and a cluster of its own, send from one outbox."""

import time
from collections import Counter
from datetime import timedelta
from functools import partial

from django.utils import timezone
from django_q.models import Schedule, Task

from config.chaos.processes import run_jobs_of_host
from config.chaos.runs import settle, steady_spec, under_way
from config.chaos.spec import hostile
from messaging.models import MessageAttempt

HOSTS = 2
EVERY_MINUTE = "config.chaos.jobs.nothing"  # both hosts' schedulers see that it is due; one may call it


def run_hosts(options):
    start, since = time.monotonic(), timezone.now()
    works = [partial(run_jobs_of_host, number) for number in range(1, HOSTS + 1)]
    with under_way(steady_spec(options, misfortune=hostile()), works=works) as driver:
        Schedule.objects.create(name="chaos", func=EVERY_MINUTE, schedule_type=Schedule.MINUTES, minutes=1)
        driver.keep_on(lambda: False, seconds=options.minutes * 60)
        ticks = Task.objects.filter(group="chaos").count()
        result = settle("R16", driver, start)
    Schedule.objects.all().delete()
    most = (timezone.now() - since) / timedelta(minutes=1) + 2
    fewest = options.minutes > 1  # a scheduler looks twice a minute
    hosts = Counter(worker.partition(":")[0] for worker in MessageAttempt.objects.values_list("worker", flat=True))
    shares = ", ".join(f"{count} by {host}" for host, count in sorted(hosts.items()))
    notes = f"{options.minutes} min; {shares}; {ticks} calls by the schedule of a minute"
    return result.with_notes(notes, is_right=len(hosts) == HOSTS and fewest <= ticks <= most)
