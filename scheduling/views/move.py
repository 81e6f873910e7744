"""The server's word on where a lesson is dropped, the same for the board and for the lesson's page."""

import copy
from dataclasses import dataclass, field

from scheduling.alternatives import find_alternatives
from scheduling.clashes import LessonClashError, find_clashes
from scheduling.findings import RuleRefusedError
from scheduling.services import ScheduleError, StaleLessonError, reschedule_lesson
from scheduling.services.changes import wanted_by_all

PLACE = ("starts_at", "ends_at", "teacher", "room")


@dataclass(frozen=True)
class Refusal:
    """Why a lesson does not go where it was wanted, and what is possible instead."""

    message: str
    clashes: list = field(default_factory=list)  # sentences
    findings: list = field(default_factory=list)
    alternatives: list = field(default_factory=list)
    may_keep: bool = False  # with a reason
    is_stale: bool = False


def try_move(lesson, *, wanted, user, now):
    """Move `lesson` to what MoveForm gave as `wanted`; returns its LessonChange or the Refusal, one of them None.

    Both are None when it is there already: twice the same counts once.
    """
    if _is_there(lesson, wanted):
        return None, None
    may_keep = user.has_perm("scheduling.keep_clash", lesson)
    place = {name: wanted[name] for name in PLACE}
    keep_reason = wanted["keep_reason"] if may_keep else ""
    facts = {"version": wanted["version"], "keep_reason": keep_reason, "by": user, "now": now}
    try:
        return reschedule_lesson(lesson=lesson, **place, **facts), None
    except RuleRefusedError as error:
        clashes = _clashes_at(lesson, place)  # a reason is given for all that is in the way, or for nothing
        may_keep = error.needs_reason and may_keep
        return None, _refused(lesson, place, error, now, clashes, error.findings, may_keep)
    except LessonClashError as error:
        return None, _refused(lesson, place, error, now, error.clashes, [], may_keep and bool(error.clashes))
    except StaleLessonError as error:
        return None, Refusal(str(error), is_stale=True)
    except ScheduleError as error:
        return None, Refusal(str(error))


def _is_there(lesson, wanted):
    """A drop that was sent twice finds the lesson where it put it."""
    return lesson.version != wanted["version"] and all(getattr(lesson, name) == wanted[name] for name in PLACE)


def _clashes_at(lesson, place):
    moved = copy.copy(lesson)
    for name, value in place.items():
        setattr(moved, name, value)
    return find_clashes(wanted_by_all([moved]))


def _refused(lesson, place, error, now, clashes, findings, may_keep):
    sentences = list(dict.fromkeys(str(clash) for clash in clashes))
    alternatives = find_alternatives(lesson, now=now, **place)
    return Refusal(str(error), sentences, findings, alternatives, may_keep)
