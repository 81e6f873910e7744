import ctypes
import http.client
import socket
import sys
from functools import wraps

from django.apps import AppConfig

from config.chaos.environment import has_production_times, host_name
from core.failpoints import failpoint

_PR_SET_NAME = 15


class ChaosConfig(AppConfig):
    """Makes a process part of a run: it may write to the stand-in, and it may die between request and answer."""

    name = "config.chaos"
    label = "chaos"

    def ready(self):
        from core import fallback, health
        from messaging import gateways

        gateways.is_allowed_base_url = gateways.is_loopback
        answer = http.client.HTTPConnection.getresponse

        def getresponse(connection):
            failpoint("post.written")
            return answer(connection)

        http.client.HTTPConnection.getresponse = getresponse
        if not has_production_times():
            health.PULSE_LIMIT /= 20  # as the pulse itself
            fallback.TICK /= 50  # as the driver's
        name_processes()
        if name := host_name():
            socket.gethostname = lambda: name


def name_processes():
    """Let the kernel's list of processes show which one is the queue's pusher, monitor or worker."""
    from django_q import cluster

    for role in ("pusher", "monitor", "worker"):
        setattr(cluster, role, _named(role, getattr(cluster, role)))


def _named(role, work):
    @wraps(work)
    def named_work(*arguments):
        if sys.platform == "linux":
            ctypes.CDLL(None).prctl(_PR_SET_NAME, role.encode())
        return work(*arguments)

    return named_work
