"""Children, their guardians, and those who asked about a course."""

from students.models.enquiries import Channel, Enquiry, EnquiryChange
from students.models.follow_ups import FollowUp, FollowUpFile
from students.models.people import Guardianship, Student

__all__ = ["Channel", "Enquiry", "EnquiryChange", "FollowUp", "FollowUpFile", "Guardianship", "Student"]
