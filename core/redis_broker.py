"""The job queue in Redis. Imported only where settings.REDIS_URL names one."""

from contextlib import contextmanager

import redis
from django.conf import settings
from django_q.brokers.redis_broker import Redis

from core.brokers import PULSES_KEPT, BrokerError, Patient, first_line, pulse_key

PATIENCE = 5  # seconds that Redis may take to answer; by itself django-q2 waits for ever
LOOK = 1  # seconds to wait for a task before looking whether it is time to stop


class RedisBroker(Redis):
    """django-q2's own, with an end to its patience and one kind of error."""

    @staticmethod
    def get_connection(list_key=None):
        return redis.from_url(settings.REDIS_URL, socket_timeout=PATIENCE, socket_connect_timeout=PATIENCE)

    def enqueue(self, task):
        with _told():
            return super().enqueue(task)

    def queue_size(self):
        with _told():
            return super().queue_size()

    def delete_queue(self):
        with _told():
            return super().delete_queue()


class SupervisedRedis(Patient, RedisBroker):
    troubles = (redis.RedisError,)

    def __init__(self, supervisor):
        super().__init__()
        self.pulses = RedisBroker(pulse_key(supervisor)).list_key

    def take(self):
        self.connection.expire(self.pulses, PULSES_KEPT)
        found = self.connection.blpop([self.pulses, self.list_key], LOOK)
        return [(None, found[1])] if found else []


@contextmanager
def _told():
    try:
        yield
    except redis.RedisError as error:
        raise BrokerError(first_line(error)) from error
