"""When to get in touch next, as people say it: today at six, tomorrow, on Saturday."""

from datetime import time, timedelta

from django.utils.translation import pgettext

from core.clock import local_date, moment

EVENING, MORNING = time(18), time(10)
SATURDAY = 5


def quick_dates(now, time_zone):
    """{key: (word, UTC moment)} of what is still to come, by the branch's clock."""
    today = local_date(now, time_zone)
    saturday = today + timedelta(days=(SATURDAY - today.weekday() - 1) % 7 + 1)
    choices = {
        "today": (pgettext("next contact", "Today 18:00"), moment(today, EVENING, time_zone)),
        "tomorrow": (pgettext("next contact", "Tomorrow 10:00"), moment(today + timedelta(days=1), MORNING, time_zone)),
        "saturday": (pgettext("next contact", "Saturday 10:00"), moment(saturday, MORNING, time_zone)),
    }
    return {key: choice for key, choice in choices.items() if choice[1] > now}
