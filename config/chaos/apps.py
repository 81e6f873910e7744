import http.client

from django.apps import AppConfig

from core.failpoints import failpoint


class ChaosConfig(AppConfig):
    """Makes a process part of a run: it may write to the stand-in, and it may die between request and answer."""

    name = "config.chaos"
    label = "chaos"

    def ready(self):
        from messaging import gateways

        gateways.is_allowed_base_url = gateways.is_loopback
        answer = http.client.HTTPConnection.getresponse

        def getresponse(connection):
            failpoint("post.written")
            return answer(connection)

        http.client.HTTPConnection.getresponse = getresponse
