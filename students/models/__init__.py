"""Children, their guardians, and those who asked about a course."""

from students.models.custom_fields import CustomChoice, CustomField
from students.models.enquiries import Channel, Enquiry, EnquiryChange
from students.models.follow_ups import FollowUp, FollowUpFile
from students.models.people import Guardianship, Student
from students.models.phones import PhoneReveal

__all__ = [
    "Channel",
    "CustomChoice",
    "CustomField",
    "Enquiry",
    "EnquiryChange",
    "FollowUp",
    "FollowUpFile",
    "Guardianship",
    "PhoneReveal",
    "Student",
]
