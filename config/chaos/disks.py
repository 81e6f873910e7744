"""A small disk of a run's own, which can be filled: a tmpfs that only this command and its children see."""

import ctypes
import os
from contextlib import contextmanager, suppress

from django.utils.translation import gettext as _

_MS_REC, _MS_PRIVATE, _MNT_DETACH = 0x4000, 0x40000, 2
STEP = 4096


class DiskError(Exception):
    """No disk of our own can be made here; it says why."""


def make_small(folder, *, megabytes):
    """Put a disk of this size over an empty folder. It needs root, or user namespaces; it ends with the processes."""
    user, group = os.getuid(), os.getgid()
    libc = ctypes.CDLL(None, use_errno=True)
    try:
        os.unshare(os.CLONE_NEWNS if user == 0 else os.CLONE_NEWNS | os.CLONE_NEWUSER)
        if user != 0:
            _stay_oneself(user, group)
        _must(libc.mount(b"none", b"/", None, _MS_REC | _MS_PRIVATE, None))
        _must(libc.mount(b"tmpfs", str(folder).encode(), b"tmpfs", 0, f"size={megabytes}m,mode=755".encode()))
    except OSError as error:
        problem = _("R6 fills a disk of its own, which this system does not let it make (%(reason)s): try it as root.")
        raise DiskError(problem % {"reason": error.strerror}) from error


def take_away(folder):
    ctypes.CDLL(None).umount2(str(folder).encode(), _MNT_DETACH)


def _stay_oneself(user, group):
    """In a user namespace of our own: the same user, who may mount there."""
    for name, line in {"setgroups": "deny", "uid_map": f"{user} {user} 1", "gid_map": f"{group} {group} 1"}.items():
        with open(f"/proc/self/{name}", "w") as file:  # noqa: PTH123  one write, as the kernel wants it
            file.write(line)


def _must(answer):
    if answer != 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))


@contextmanager
def full(folder):
    """Not a byte is left; in the end all of it is free again."""
    filler = folder / "filler"
    with filler.open("wb", buffering=0) as file:
        with suppress(OSError):
            os.posix_fallocate(file.fileno(), 0, os.statvfs(folder).f_bavail * os.statvfs(folder).f_bsize)
        file.seek(0, os.SEEK_END)
        top_up(file)
        try:
            yield lambda: top_up(file)
        finally:
            filler.unlink()


def top_up(file):
    """Take what was freed meanwhile."""
    with suppress(OSError):
        while file.write(b"\0" * STEP):
            pass
