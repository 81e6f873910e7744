"""Which lesson of a class takes which slot of new weekly times. Nothing is read or written here."""

from datetime import timedelta

from scheduling.models import Lesson


def on_the_same_days(lessons, rules):
    """The class meets on the same weekdays at the same hours: each lesson stays on its day, by the rule of it."""
    return [(lesson, _slot_on_its_day(lesson, _rule_for(lesson, rules))) for lesson in lessons]


def _rule_for(lesson, rules):
    """The new rule of the hour that the lesson was planned for; of its weekday; any, for one that has none."""
    by_hour = {(rule.weekday, rule.start_time): rule for rule in rules}
    by_weekday = {rule.weekday: rule for rule in rules}
    planned = lesson.rule and by_hour.get((lesson.rule.weekday, lesson.rule.start_time))
    return planned or by_weekday.get(lesson.local_date.weekday()) or rules[0]


def _slot_on_its_day(lesson, rule):
    return Lesson(
        starts_at=lesson.starts_at,
        ends_at=lesson.starts_at + timedelta(minutes=rule.minutes),
        local_date=lesson.local_date,
        teacher_id=rule.teacher_id,
        room_id=rule.room_id,
        rule=rule,
    )


def pair_in_order(lessons, slots, standing):
    """The lessons in their order take the slots in theirs.

    A lesson that was moved by hand keeps its time and uses up the slot that it overlaps or else the nearest one, so
    that the class does not meet once more in that week. `standing` lessons take no slot and leave none beside them.
    """
    own = [lesson for lesson in lessons if lesson.has_own_time]
    pairs, free = {}, []
    for slot in slots:
        if any(_overlap(slot, lesson) for lesson in standing):
            continue
        in_the_way = next((lesson for lesson in own if _overlap(slot, lesson)), None)
        if in_the_way:
            pairs.setdefault(in_the_way, slot)
        else:
            free.append(slot)
        if len(pairs) + len(free) == len(lessons):
            break
    for lesson in own:
        if lesson not in pairs:
            pairs[lesson] = min(free, key=lambda slot: abs(slot.starts_at - lesson.starts_at))
            free = [slot for slot in free if slot is not pairs[lesson]]
    pairs |= zip([lesson for lesson in lessons if not lesson.has_own_time], free, strict=True)
    return [(lesson, pairs[lesson]) for lesson in lessons]


def _overlap(one, other):
    return one.starts_at < other.ends_at and other.starts_at < one.ends_at
