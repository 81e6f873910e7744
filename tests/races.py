"""Many people at once."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

from django.db import connection


def with_own_connection(call):
    """The call's result, or the exception it raised; for a thread, whose connection is closed afterwards."""
    try:
        return call()
    except Exception as error:
        return error
    finally:
        connection.close()


def at_once(calls):
    """Make the calls in threads that start together; returns their results or exceptions."""
    barrier = Barrier(len(calls))

    def start_together(call):
        connection.ensure_connection()
        barrier.wait(timeout=60)
        return call()

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(lambda call: with_own_connection(lambda: start_together(call)), calls))
