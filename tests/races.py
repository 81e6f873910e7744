"""Many people at once."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
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
    with crowd(len(calls)) as meet:
        return meet(calls)


@contextmanager
def crowd(size):
    """So many people, each at a connection that lasts for all rounds: opening one costs more than most races.

    Gives a function like `at_once`, for as many calls as there are people.
    """
    barrier = Barrier(size)

    def start_together(call):
        connection.ensure_connection()
        barrier.wait(timeout=60)  # nobody takes two calls: each waits here for the others
        try:
            return call()
        except Exception as error:
            return error

    with ThreadPoolExecutor(size) as pool:

        def meet(calls):
            if len(calls) != size:
                raise ValueError(f"{size} people, {len(calls)} calls")
            return list(pool.map(start_together, calls))

        try:
            yield meet
        finally:
            meet([lambda: connection.close()] * size)  # each his own


def check_refusals(results, *errors):
    """Who did not win was told so in a sentence: no deadlock, no locked database, no constraint in the way.

    Returns how many won.
    """
    losers = [result for result in results if isinstance(result, Exception)]
    assert [repr(error) for error in losers if not isinstance(error, errors)] == []
    return len(results) - len(losers)
