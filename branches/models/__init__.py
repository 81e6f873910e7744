"""The school's places, their calendar, and the people who work there."""

from branches.models.calendar import CalendarDay, SchoolBreak, Weekday
from branches.models.papers import LegalEntity
from branches.models.people import Membership, StaffManager, User
from branches.models.places import Branch, Room, validate_time_zone

__all__ = [
    "Branch",
    "CalendarDay",
    "LegalEntity",
    "Membership",
    "Room",
    "SchoolBreak",
    "StaffManager",
    "User",
    "Weekday",
    "validate_time_zone",
]
