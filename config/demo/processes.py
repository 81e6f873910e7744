"""What a demo runs, and whether it is up."""

import urllib.request
from urllib.parse import urlsplit

import waitress
from django.conf import settings
from django.core.management import call_command
from django.core.wsgi import get_wsgi_application


def processes():
    """{name: function that works until it is told to stop}."""
    return {"web": _serve_pages, "twilio": _run_twilio, "jobs": _run_jobs}


def _serve_pages():
    address = urlsplit(settings.PUBLIC_BASE_URL).netloc
    waitress.serve(get_wsgi_application(), listen=address, threads=8, _quiet=True)


def _run_twilio():
    call_command("fake_twilio", port=urlsplit(settings.TWILIO_API_BASE_URL).port, skip_checks=True)


def _run_jobs():
    call_command("run_jobs", skip_checks=True)


def are_up():
    return answers(f"{settings.PUBLIC_BASE_URL}/healthz") and answers(f"{settings.TWILIO_API_BASE_URL}/")


def answers(url):
    try:
        with urllib.request.urlopen(url, timeout=2):  # noqa: S310  our own address
            return True
    except OSError:
        return False
