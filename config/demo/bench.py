"""How long the server takes for a page of the demo school, through all of the middleware."""

import statistics
import time

from django.db import connection
from django.test import Client
from django.utils.translation import gettext as _

from config.demo import DemoError
from config.demo.environment import HOST
from config.demo.pages import PAGES
from config.demo.school import sign_ins

HEAD = ("page", "role", "requests", "p50 ms", "p95 ms", "max ms", "queries", "most")


class QueryCounter:
    """Counts what goes to the database."""

    def __init__(self):
        self.count = 0

    def __call__(self, execute, sql, params, many, context):
        self.count += 1
        return execute(sql, params, many, context)


def measure_pages(requests):
    """Rows under HEAD, one per page."""
    people = dict(sign_ins())
    return [_measure_page(page, people[page.role], requests) for page in PAGES]


def _measure_page(page, user, requests):
    client = Client(headers={"host": HOST})
    client.force_login(user)
    addresses = page.varied(user, requests)
    if not addresses:  # on a Monday nobody has missed a lesson of this week yet
        return (page.name, page.role.value, 0, *["–"] * 3, 0, 0)
    _request(client, addresses[0])  # templates are compiled once per process
    measured = [_request(client, address) for address in addresses]
    times = sorted(milliseconds for milliseconds, _count in measured)
    counts = [count for _milliseconds, count in measured]
    centiles = statistics.quantiles(times, n=100, method="inclusive")
    figures = [f"{figure:.1f}" for figure in (centiles[49], centiles[94], times[-1])]
    return (page.name, page.role.value, len(times), *figures, round(statistics.median(counts)), max(counts))


def _request(client, address):
    """(milliseconds, queries) of one page."""
    counter = QueryCounter()
    with connection.execute_wrapper(counter):
        start = time.perf_counter()
        response = client.get(address)
        milliseconds = (time.perf_counter() - start) * 1000
    if response.status_code != 200:
        raise DemoError(
            _("The page %(address)s answered %(status)d: it cannot be measured.")
            % {"address": address, "status": response.status_code}
        )
    return milliseconds, counter.count
