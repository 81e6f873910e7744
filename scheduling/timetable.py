"""The shape of a timetable page: lessons become cards in columns or rows. Plain values in, plain values out."""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from django.db import models
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core.clock import WEEKDAYS, day_text
from scheduling.models import Lesson

STEP = 5  # minutes: the grid's finest line (static/css/timetable_grid.css)
MOST_LANES = 20  # side by side; the stylesheet knows no more
COLUMN_WIDTH, LANE_WIDTH = 4.5, 1.7  # rem: the narrowest that can be read (static/css/timetable.css)
PAGE_WIDTH = 55  # rem: what the smallest screen with a grid has for columns
HUES = 12


class By(models.TextChoices):
    """What stands at the head of a column, or of a row."""

    DAY = "day", gettext_lazy("By day")
    ROOM = "room", gettext_lazy("By room")
    TEACHER = "teacher", gettext_lazy("By teacher")
    CLASS = "class", gettext_lazy("By class")


class Span(models.TextChoices):
    WEEK = "week", gettext_lazy("Whole week")
    DAY = "day", gettext_lazy("One day")


class State(models.TextChoices):
    """How a lesson stands at this moment: its status, and whether its roll is overdue."""

    PLANNED = "planned", gettext_lazy("Planned")
    HELD = "held", gettext_lazy("Held")
    UNCALLED = "uncalled", gettext_lazy("Not called")
    CANCELLED = "cancelled", gettext_lazy("Cancelled")


@dataclass
class Card:
    """A lesson in its branch's wall-clock time; `lane` of `lanes` is its place among parallel ones."""

    lesson: Lesson
    state: State
    is_clash: bool
    begins: datetime
    ends: datetime
    may_change: bool = False  # by the person who looks at it: then the card opens the lesson, else its roll call
    lane: int = 0
    lanes: int = 1

    @property
    def hours(self):
        return f"{self.begins:%H:%M}–{self.ends:%H:%M}"

    @property
    def grid_from(self):
        return on_grid(self.begins)

    @property
    def grid_until(self):
        """Rounded up to the grid; a lesson over midnight ends with the page."""
        if self.ends.date() > self.begins.date():
            return "24:00"
        return on_grid(self.ends + timedelta(minutes=-self.ends.minute % STEP))

    @property
    def hue(self):
        """A course keeps its colour, on every page and in every week."""
        return self.lesson.class_group.course_id % HUES

    @property
    def count(self):
        """8/12; with a guest that comes to try 8+1/12."""
        guests = f"+{self.lesson.trial_count}" if self.lesson.trial_count else ""
        return f"{self.lesson.student_count}{guests}/{self.lesson.class_group.capacity}"

    @property
    def is_overfull(self):
        return self.lesson.student_count + self.lesson.trial_count > self.lesson.class_group.capacity


@dataclass
class Column:
    title: str
    cards: list[Card] = field(default_factory=list)
    day: date | None = None
    is_today: bool = False
    closed_reason: str = ""

    @property
    def lanes(self):
        return max((card.lanes for card in self.cards), default=1)

    @property
    def weekday(self):
        return WEEKDAYS[self.day.weekday()]

    @property
    def number(self):
        """Lessons that take place."""
        return sum(card.state != State.CANCELLED for card in self.cards)


@dataclass(frozen=True)
class Row:
    """A room, teacher or class through the week: one cell of cards per day column."""

    title: str
    cells: list[tuple[Column, list[Card]]]


@dataclass
class ClashPair:
    """Two classes that somebody let clash."""

    classes: tuple[str, str]
    class_ids: tuple[int, int]
    branch_id: int
    branch_name: str
    first_date: date
    wanted: dict = field(default_factory=dict)  # (kind, name) of what both want: in how many lessons
    reasons: dict = field(default_factory=dict)  # reason: who gave it


def on_grid(at):
    """A wall-clock time, rounded down to the grid: "08:35"."""
    return f"{at.hour:02d}:{at.minute // STEP * STEP:02d}"


def state_of(lesson, now):
    if lesson.status == Lesson.Status.PLANNED and lesson.starts_at <= now:
        return State.UNCALLED
    return State(lesson.status)


def cards_of(lessons, *, clashing_ids, now, may_change=lambda lesson: False):
    """Cards in time order. Those of `clashing_ids` have a clash that nobody solved."""
    return [
        Card(
            lesson=lesson,
            state=state_of(lesson, now),
            is_clash=lesson.pk in clashing_ids,
            begins=lesson.starts_at.astimezone(ZoneInfo(lesson.branch.time_zone)),
            ends=lesson.ends_at.astimezone(ZoneInfo(lesson.branch.time_zone)),
            may_change=may_change(lesson),
        )
        for lesson in lessons
    ]


def day_columns(days, cards, *, closed_reasons, today):
    """A column per day, its parallel lessons side by side."""
    by_day = defaultdict(list)
    for card in cards:
        by_day[card.lesson.local_date].append(card)
    return [
        Column(day_text(day), side_by_side(by_day[day]), day, day == today, closed_reasons.get(day, "")) for day in days
    ]


def resource_columns(by, column, resources=()):
    """One day, a column per room, teacher or class; `resources` stand there even when they are free."""
    return [
        Column(_title(resource), side_by_side(cards), column.day, column.is_today, column.closed_reason)
        for resource, cards in by_resource(by, column.cards, resources)
    ]


def resource_rows(by, columns, resources=()):
    """The week, a row per room, teacher or class."""
    cards = [card for column in columns for card in column.cards]
    return [
        Row(
            _title(resource),
            [(column, [card for card in own if card.lesson.local_date == column.day]) for column in columns],
        )
        for resource, own in by_resource(by, cards, resources)
    ]


def by_resource(by, cards, resources):
    """(room, teacher or class; its cards), by name; lessons without a room come last."""
    attribute = {By.ROOM: "room", By.TEACHER: "teacher", By.CLASS: "class_group"}[by]
    groups = {resource: [] for resource in resources}
    for card in cards:
        groups.setdefault(getattr(card.lesson, attribute), []).append(card)
    return sorted(groups.items(), key=lambda group: (group[0] is None, str(group[0])))


def _title(resource):
    return _("No room") if resource is None else str(resource)


def overview_rows(branches, days, numbers, closed_days):
    """Per branch and day, how many lessons there are and how many wait for their roll call."""
    by_cell = {(row["branch_id"], row["local_date"]): row for row in numbers}
    closed = {(row.branch_id, row.day): row.reason for row in closed_days}
    return [
        (
            branch,
            [
                {"day": day, "closed_reason": closed.get((branch.pk, day)), **by_cell.get((branch.pk, day), {})}
                for day in days
            ],
        )
        for branch in branches
    ]


def is_wide(columns):
    """Whether the columns need more than a screen."""
    return sum(max(COLUMN_WIDTH, LANE_WIDTH * column.lanes) for column in columns) > PAGE_WIDTH


def side_by_side(cards):
    """Give each card its lane, and the number of lanes of those it overlaps with. Returns them in time order."""
    in_order = sorted(cards, key=lambda card: (card.begins, card.ends, card.lesson.pk))
    for cluster in _clusters(in_order):
        lane_ends = []
        for card in cluster:
            free = (lane for lane, end in enumerate(lane_ends) if end <= card.begins)
            card.lane = next(free, min(len(lane_ends), MOST_LANES - 1))
            lane_ends[card.lane : card.lane + 1] = [card.ends]
        for card in cluster:
            card.lanes = len(lane_ends)
    return in_order


def _clusters(cards):
    """Runs of cards that overlap, directly or through others. Back to back is no overlap."""
    cluster, until = [], None
    for card in cards:
        if cluster and card.begins >= until:
            yield cluster
            cluster, until = [], None
        cluster.append(card)
        until = max(until or card.ends, card.ends)
    if cluster:
        yield cluster


def hour_lines(cards):
    """The full hours from before the first lesson until after the last: ["08:00", …, "21:00"]."""
    first = min(card.begins.hour for card in cards)
    last = max(-(-_minutes(card.grid_until) // 60) for card in cards)
    return [f"{hour:02d}:00" for hour in range(first, last + 1)]


def _minutes(time):
    return int(time[:2]) * 60 + int(time[3:])


def pair_up(clashes):
    """Kept clashes of the same two classes become one entry, the earliest first."""
    pairs = {}
    for clash in clashes:
        both = sorted([(clash["class_name"], clash["class_id"]), (clash["other_name"], clash["other_class_id"])])
        classes, class_ids = zip(*both, strict=True)
        pair = pairs.setdefault(
            (clash["branch_id"], class_ids),
            ClashPair(classes, class_ids, clash["branch_id"], clash["branch_name"], clash["first_date"]),
        )
        wanted = clash["kind"], clash["resource"]
        pair.wanted[wanted] = pair.wanted.get(wanted, 0) + clash["lessons"]
        pair.reasons[clash["reason"]] = clash["by"]
    return list(pairs.values())
