"""Keeps the demo's processes together: they start, speak and stop as one."""

import multiprocessing
import os
import selectors
import signal
import sys
import time
from contextlib import suppress

from django.utils.translation import gettext as _

from config.demo import DemoError
from core.processes import die_with_parent

GRACE = 25  # seconds: `run_jobs` itself waits 20 for a text that is being sent
STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Child:
    """A process in a group of its own: Ctrl-C reaches the supervisor alone. Its lines get its name.

    It is forked, not started: Django is loaded once for all of them, which is most of the time a start takes.
    """

    def __init__(self, name, work):
        self.name = name
        self.rest = b""
        self.output, its_output = os.pipe()
        context = multiprocessing.get_context("fork")
        self.process = context.Process(target=_be_child, args=[work, its_output, os.getpid()], name=name)
        self.process.start()
        os.close(its_output)

    def pass_on_output(self):
        """Print what it has said, in whole lines; False once it will say no more."""
        data = os.read(self.output, 65536)
        *lines, self.rest = (self.rest + data).split(b"\n")
        for line in lines:
            sys.stdout.buffer.write(f"{self.name:7}| ".encode() + line + b"\n")
        sys.stdout.flush()
        return bool(data)

    def kill(self):
        """End what is left of its group."""
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.join()


def _be_child(work, output, supervisor_pid):
    os.setsid()
    for signum in STOP_SIGNALS:
        signal.signal(signum, signal.SIG_DFL)
    os.dup2(output, sys.stdout.fileno())
    os.dup2(output, sys.stderr.fileno())
    sys.stdout.reconfigure(line_buffering=True)
    die_with_parent(signal.SIGTERM)
    if os.getppid() == supervisor_pid:
        work()


class Supervisor:
    """Starts `processes` {name: function} on entering, and leaves none of them running.

    When one of them ends by itself, DemoError says which.
    """

    def __init__(self, processes):
        self.processes = processes
        self.selector = selectors.DefaultSelector()
        self.children = []
        self.parent_pid = os.getppid()
        self.is_stopping = False

    def __enter__(self):
        self._heed_signals()
        try:
            for name, work in self.processes.items():
                child = Child(name, work)
                self.children.append(child)
                self.selector.register(child.output, selectors.EVENT_READ, child)
        except BaseException:
            self._stop_all()
            raise
        return self

    def __exit__(self, *error):
        self._stop_all()

    def wait_until(self, is_so, *, seconds):
        """True as soon as `is_so()` says so; False when told to stop before, or when it takes too long."""
        deadline = time.monotonic() + seconds
        while not self._should_stop() and time.monotonic() < deadline:
            if is_so():
                return True
            self._listen(0.05)
        return False

    def wait_for_stop(self):
        while not self._should_stop():
            self._listen(0.5)

    def _heed_signals(self):
        is_nohup = signal.getsignal(signal.SIGHUP) == signal.SIG_IGN
        for signum in STOP_SIGNALS:
            if not (is_nohup and signum == signal.SIGHUP):
                signal.signal(signum, self._stop_soon)

    def _stop_soon(self, signum, frame):
        self.is_stopping = True

    def _listen(self, seconds):
        for key, _events in self.selector.select(seconds):
            try:
                has_more = key.data.pass_on_output()
            except BrokenPipeError:  # nobody reads: `manage.py demo | head`
                self.is_stopping, has_more = True, False
            if not has_more:
                self.selector.unregister(key.fd)

    def _should_stop(self):
        """True when asked to; an error when a process ended by itself.

        `uv run` stands between the terminal and this process: when it is killed, nobody would stop the demo.
        """
        for child in self.children:
            if not child.process.is_alive():
                raise DemoError(
                    _("“%(name)s” has ended (code %(code)d), so all was stopped: see its lines above.")
                    % {"name": child.name, "code": child.process.exitcode}
                )
        return self.is_stopping or ("UV" in os.environ and os.getppid() != self.parent_pid)

    def _stop_all(self):
        """The last one first: what it is busy with may need those before it."""
        for child in reversed(self.children):
            child.process.terminate()
            deadline = time.monotonic() + GRACE
            while child.process.is_alive() and time.monotonic() < deadline:
                self._listen(0.1)
            child.kill()
        self._listen(0)
        self.selector.close()
        for child in self.children:
            os.close(child.output)
