"""What people do with families and with those who ask."""

from students.services.enquiries import (
    EnquiryError,
    ask_again,
    assign_enquiry,
    close_as_lost,
    open_enquiry,
    reopen_enquiry,
    set_next_follow_up,
    set_stage,
    sign_up,
    sign_up_students,
    to_pool,
)
from students.services.families import register_student
from students.services.follow_ups import record_follow_up

__all__ = [
    "EnquiryError",
    "ask_again",
    "assign_enquiry",
    "close_as_lost",
    "open_enquiry",
    "record_follow_up",
    "register_student",
    "reopen_enquiry",
    "set_next_follow_up",
    "set_stage",
    "sign_up",
    "sign_up_students",
    "to_pool",
]
