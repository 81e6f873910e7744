"""How values are written on pages."""

from decimal import Decimal

from django import template

from core import clock, phones
from core.money import yuan as money_text

register = template.Library()

register.filter("day", clock.day_text)
register.filter("phone", phones.national)
register.filter("masked", phones.masked)
register.filter("yuan", money_text)


@register.filter
def credits(value):
    """Lesson credits without a useless ".0": 11, 0.5, −2."""
    value = Decimal(value or 0)
    text = f"{value:.0f}" if value == value.to_integral_value() else f"{value:.1f}"
    return text.replace("-", "−")


@register.filter
def get(mapping, key):
    """What stands in a mapping under a key that only the template knows; None without it."""
    return mapping.get(key)


@register.simple_tag
def lesson_time(lesson):
    """11月22日 周日 08:30–10:00, in the branch's wall-clock time."""
    return clock.span_text(lesson.starts_at, lesson.ends_at, lesson.branch.time_zone)


@register.simple_tag
def lesson_hours(lesson):
    """08:30–10:00, in the branch's wall-clock time."""
    return clock.hours_text(lesson.starts_at, lesson.ends_at, lesson.branch.time_zone)


@register.inclusion_tag("partials/credits.html")
def credits_left(balance):
    """What is left, as a word with a colour."""
    return {"balance": balance, "owed": -balance if balance < 0 else 0}
