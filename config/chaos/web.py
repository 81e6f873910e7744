"""The site of a run: the page that takes delivery reports, and how long it took for each."""

import os
import time
from pathlib import Path

from django.conf import settings
from django.urls import path

from core.urls import urlpatterns as health_pages
from messaging.views import twilio_status

urlpatterns = [path("hooks/twilio/status/<str:attempt_id>", twilio_status, name="twilio_status"), *health_pages]


class TimingMiddleware:
    """Notes "<status> <milliseconds> <milliseconds of the processor>" per request, for the experiment with reports."""

    def __init__(self, get_response):
        self.get_response = get_response
        self.log = (Path(settings.VAR_DIR) / f"web-{os.getpid()}.times").open("a", buffering=1)

    def __call__(self, request):
        start, work = time.perf_counter(), time.thread_time()
        response = self.get_response(request)
        took, worked = (time.perf_counter() - start) * 1000, (time.thread_time() - work) * 1000
        self.log.write(f"{response.status_code} {took:.2f} {worked:.2f}\n")
        return response


def times():
    """[(status, milliseconds, milliseconds of the processor)] of all requests so far."""
    logs = Path(settings.VAR_DIR).glob("web-*.times")
    lines = [line.split() for log in logs for line in log.read_text().splitlines()]
    return [(int(status), float(took), float(worked)) for status, took, worked in lines]
