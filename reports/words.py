"""What each figure is called, and the formula that is shown under it."""

from typing import NamedTuple

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


class Words(NamedTuple):
    name: str
    formula: str


FUNNEL = {
    "leads": Words(
        pgettext_lazy("figure", "Leads"), _("Enquiries registered. What was merged into another one counts with it.")
    ),
    "valid": Words(
        pgettext_lazy("figure", "Valid leads"), _("Leads without those that were closed as “not a real enquiry”.")
    ),
    "contacted": Words(
        pgettext_lazy("figure", "Contacted"), _("Valid leads with whom somebody spoke; the first contact counts.")
    ),
    "booked": Words(pgettext_lazy("figure", "Booked"), _("Valid leads with a trial booked; the first booking counts.")),
    "came": Words(
        pgettext_lazy("figure", "Visits"),
        _("Families that came to the school, with or without a booking; the first visit counts."),
    ),
    "signed": Words(pgettext_lazy("figure", "Sign-ups"), _("Families that made their first order.")),
    "referred_leads": Words(
        pgettext_lazy("figure", "Referred leads"), _("Leads by a channel of referrals, or brought by a child.")
    ),
    "referred_signed": Words(
        pgettext_lazy("figure", "Referred sign-ups"), _("Of the sign-ups, those that were referred.")
    ),
    "tried": Words(pgettext_lazy("figure", "Attended a trial"), _("Families that came to a trial lesson; each once.")),
    "converted": Words(
        pgettext_lazy("figure", "Signed after a trial"), _("Of the sign-ups, those that had attended a trial before.")
    ),
}
RATES = {  # name, part, whole
    "valid_rate": (Words(pgettext_lazy("figure", "Valid rate"), _("valid leads ÷ leads")), "valid", "leads"),
    "booking_rate": (Words(pgettext_lazy("figure", "Booking rate"), _("booked ÷ valid leads")), "booked", "valid"),
    "visit_rate": (
        Words(pgettext_lazy("figure", "Visit rate"), _("visits ÷ booked; with families that came unbooked")),
        "came",
        "booked",
    ),
    "closing_rate": (
        Words(
            pgettext_lazy("figure", "Closing rate"),
            _("sign-ups ÷ visits; with those without a visit noted"),
        ),
        "signed",
        "came",
    ),
    "trial_rate": (
        Words(pgettext_lazy("figure", "Trial conversion"), _("signed after a trial ÷ attended a trial")),
        "converted",
        "tried",
    ),
}
REFERRAL_A = Words(pgettext_lazy("figure", "Referral rate (a)"), _("referred sign-ups ÷ all sign-ups"))
REFERRAL_B = Words(
    pgettext_lazy("figure", "Referral rate (b)"),
    _("referred leads ÷ children in a class on the first day of the period"),
)
COSTS = {
    "cost": Words(pgettext_lazy("figure", "Cost"), _("What was noted as spent on channels in these months.")),
    "cost_lead": Words(pgettext_lazy("figure", "Cost per lead"), _("cost ÷ leads")),
    "cost_visit": Words(pgettext_lazy("figure", "Cost per visit"), _("cost ÷ visits")),
    "cost_signed": Words(pgettext_lazy("figure", "Cost per sign-up"), _("cost ÷ sign-ups")),
}
PACE = {
    "median": Words(
        pgettext_lazy("figure", "Response time"),
        _("From the enquiry until the first follow-up, reached or not: the middle one (median)."),
    ),
    "within_hour": Words(
        pgettext_lazy("figure", "Answered within an hour"), _("followed up within 60 minutes ÷ valid leads")
    ),
    "within_day": Words(
        pgettext_lazy("figure", "Answered within a day"), _("followed up within 24 hours ÷ valid leads")
    ),
    "contacts": Words(
        pgettext_lazy("figure", "Contacts until signing"),
        _("Follow-ups written down before the sign-up, of a family that signed up: the middle one (median)."),
    ),
}
LESSONS = {
    "classes": Words(
        pgettext_lazy("figure", "Classes"), _("Classes with lessons to come, on the last day of the period, or today.")
    ),
    "members": Words(pgettext_lazy("figure", "Children in classes"), _("On the same day; in two classes twice.")),
    "enrolled_fill": Words(
        pgettext_lazy("figure", "Enrolled fill"), _("children in classes ÷ seats of these classes, on the same day")
    ),
    "average_size": Words(pgettext_lazy("figure", "Average class"), _("children in classes ÷ classes")),
    "attended_fill": Words(
        pgettext_lazy("figure", "Attended fill"),
        _("seats taken in the lessons held, make-ups included ÷ seats of these lessons"),
    ),
    "taken": Words(
        pgettext_lazy("figure", "Seats taken"), _("Children who came to the lessons held, make-ups included.")
    ),
    "lessons": Words(pgettext_lazy("figure", "Lessons held"), _("Lessons whose roll was called.")),
    "hours": Words(pgettext_lazy("figure", "Hours taught"), _("The length of these lessons, in hours of 60 minutes.")),
    "students": Words(pgettext_lazy("figure", "Children taught"), _("Children who came to one of them; each once.")),
    "expected": Words(
        pgettext_lazy("figure", "Expected"),
        _("Children of the class at lessons held, with those on leave; without those who make a lesson up."),
    ),
    "present": Words(pgettext_lazy("figure", "Present"), _("Of those expected, who came; late is present, too.")),
    "late": Words(pgettext_lazy("figure", "Late"), _("Of those present, who came late.")),
    "leave": Words(pgettext_lazy("figure", "On leave"), _("Of those expected, who had asked for leave.")),
    "absent": Words(pgettext_lazy("figure", "Absent"), _("Of those expected, who did not come and had not asked.")),
    "attendance_rate": Words(pgettext_lazy("figure", "Attendance rate"), _("present ÷ expected, leave included")),
    "leave_rate": Words(pgettext_lazy("figure", "Leave rate"), _("on leave ÷ expected")),
    "absence_rate": Words(pgettext_lazy("figure", "Absence rate"), _("absent ÷ expected")),
    "late_rate": Words(pgettext_lazy("figure", "Late rate"), _("late ÷ expected")),
    "owed": Words(pgettext_lazy("figure", "Make-ups owed"), _("Rights to a make-up of lessons missed in the period.")),
    "made_up": Words(pgettext_lazy("figure", "Made up"), _("Of these, the lessons that were made up until today.")),
    "make_up_rate": Words(pgettext_lazy("figure", "Make-up rate"), _("made up ÷ make-ups owed")),
}
CHILDREN = {
    "start": Words(
        pgettext_lazy("figure", "Children at the start"),
        _("In a class that meets, on the first day; a child in two subjects counts twice."),
    ),
    "new": Words(pgettext_lazy("figure", "New"), _("At the end, and not at the start.")),
    "left": Words(pgettext_lazy("figure", "Left"), _("At the start, and not at the end.")),
    "end": Words(
        pgettext_lazy("figure", "Children at the end"), _("The same on the last day, or today while the period runs.")
    ),
    "renewed": Words(pgettext_lazy("figure", "Renewed"), _("Bought a subject again that they had bought before.")),
    "growth_rate": Words(pgettext_lazy("figure", "Growth rate"), _("new ÷ children at the start")),
    "loss_rate": Words(pgettext_lazy("figure", "Loss rate"), _("left ÷ children at the start")),
}
MONEY = {
    "consumed": Words(
        pgettext_lazy("figure", "Lessons consumed"), _("Credits that lessons took, less what was given back.")
    ),
    "recognised": Words(
        pgettext_lazy("figure", "Recognised revenue"),
        _("Σ lessons consumed × the price of a lesson in their package, as the ledger has it; not what was paid in."),
    ),
    "received": Words(
        pgettext_lazy("figure", "Received"), _("Payments for orders, by the day on which the books count them.")
    ),
    "refunded": Words(
        pgettext_lazy("figure", "Refunded value"), _("The value of lessons that refunds took out of the packages.")
    ),
    "prepaid_change": Words(
        pgettext_lazy("figure", "Change of prepaid money"),
        _("taken over + sold + transferred in − recognised − refunded − transferred out − written off − made void"),
    ),
}
DIMENSIONS = {
    "channel": pgettext_lazy("numbers by", "Channel"),
    "owner": pgettext_lazy("numbers by", "Owner"),
    "branch": pgettext_lazy("numbers by", "Branch"),
    "course": pgettext_lazy("numbers by", "Course"),
    "teacher": pgettext_lazy("numbers by", "Teacher"),
}
DIVIDED = {
    "channel": pgettext_lazy("numbers by", "By channel"),
    "owner": pgettext_lazy("numbers by", "By owner"),
    "branch": pgettext_lazy("numbers by", "By branch"),
    "course": pgettext_lazy("numbers by", "By course"),
    "teacher": pgettext_lazy("numbers by", "By teacher"),
}
WITHOUT = {
    "channel": _("Without a channel"),
    "owner": pgettext_lazy("numbers", "Nobody's"),
    "course": _("Without a course"),
}
FIGURES = {**FUNNEL, **LESSONS, **CHILDREN, **MONEY}
