"""What people do with families and with those who ask."""

from students.services.custom_fields import (
    CustomFieldError,
    add_custom_field,
    carry_custom_values,
    change_custom_field,
    count_choices,
    count_values,
    has_values,
    move_custom_field,
    restore_custom_field,
    retire_custom_field,
)
from students.services.enquiries import (
    EnquiryError,
    ask_again,
    assign_enquiry,
    close_as_lost,
    link_enquiries,
    open_enquiry,
    reopen_enquiry,
    set_next_follow_up,
    set_stage,
    sign_up,
    sign_up_students,
    to_pool,
)
from students.services.families import register_student
from students.services.files import CheckedFile, FileRefusedError, check_file
from students.services.follow_ups import record_follow_up, record_student_follow_up
from students.services.phones import PhoneRevealError, reveal_phone

__all__ = [
    "CheckedFile",
    "CustomFieldError",
    "EnquiryError",
    "FileRefusedError",
    "PhoneRevealError",
    "add_custom_field",
    "ask_again",
    "assign_enquiry",
    "carry_custom_values",
    "change_custom_field",
    "check_file",
    "close_as_lost",
    "count_choices",
    "count_values",
    "has_values",
    "link_enquiries",
    "move_custom_field",
    "open_enquiry",
    "record_follow_up",
    "record_student_follow_up",
    "register_student",
    "reopen_enquiry",
    "restore_custom_field",
    "retire_custom_field",
    "reveal_phone",
    "set_next_follow_up",
    "set_stage",
    "sign_up",
    "sign_up_students",
    "to_pool",
]
