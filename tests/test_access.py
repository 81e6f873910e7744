"""Who may open what: every URL × {nobody, teacher A, desk A, manager A, manager B, owner}.

The objects in the URLs belong to branch A; teacher A teaches the lesson. A URL without a row here fails.
"""

import pytest
from django.urls import URLPattern, get_resolver, reverse

from branches.models import LegalEntity
from day_close.models import DayClose
from day_close.money import by_method
from enrolments.models import DiscountRule, Suspension, Transfer, WriteOff
from enrolments.services import issue_receipt, request_invoice
from messaging.models import InboundMessage, MessageTemplate
from messaging.services import queue_message
from notices.models import Notice
from payroll.models import PayRate, PayScheme, PaySlip
from renewals.models import RenewalOpportunity
from sales.models import Campaign, EnquiryMerge, ReferralReward
from scheduling.models import AvailabilityWindow, LeavePolicy, MakeUp, TeacherAbsence, TimetableChange, TrialBooking
from students.models import CustomField
from students.services import CheckedFile, record_follow_up
from tests.enrolments.refund_cases import ask
from tests.enrolments.statement_cases import aside, statement_line
from tests.factories import (
    NOW,
    AttendanceFactory,
    BranchFactory,
    CalendarDayFactory,
    CalendarFeedFactory,
    ChannelFactory,
    ClassGroupFactory,
    CoursePackageFactory,
    EnquiryFactory,
    EnrolmentFactory,
    GuardianshipFactory,
    RoomFactory,
    SchoolBreakFactory,
    WaitingListEntryFactory,
    at,
    desk_of,
    manager_of,
    owner_of_school,
    sell,
    teacher_of,
)
from tests.sales.ways_in_cases import form_of, source_of

PEOPLE = ["nobody", "teacher_a", "desk_a", "manager_a", "manager_b", "owner"]

# GET, in the order of PEOPLE; "login" is a redirect to the sign-in page, 405 a page that only takes POST.
PAGES = {
    "home": "login 200 200 200 200 200",
    "search": "login 403 200 200 200 200",
    "to_call": "login 200 200 200 200 200",
    "student_new": "login 403 200 200 200 200",
    "student": "login 403 200 200 404 200",
    "enrol": "login 403 200 200 404 200",
    "place": "login 403 200 200 404 200",
    "books": "login 403 403 200 200 200",
    "month": "login 403 403 200 404 200",
    "month_xlsx": "login 403 403 200 404 200",
    "confirmations": "login 403 403 200 404 200",
    "confirmations_xlsx": "login 403 403 200 404 200",
    "lesson_reply": "login 403 405 405 404 405",
    "reconciliation": "login 403 403 302 302 302",  # to the running month
    "reconciliation_month": "login 403 403 200 404 200",
    "reconciliation_xlsx": "login 403 403 200 404 200",
    "match_again": "login 403 403 405 404 405",
    "lines_aside": "login 403 403 405 404 405",
    "statement_import": "login 403 403 200 404 200",
    "line_match": "login 403 403 405 405 405",
    "match_undo": "login 403 403 405 405 405",
    "statement": "login 403 200 200 404 200",
    "statement_pdf": "login 403 200 200 404 200",
    "transfer": "login 403 200 200 404 200",
    "correct": "login 403 403 200 404 200",
    "suspend": "login 403 200 200 404 200",
    "transfer_undo": "login 403 405 405 405 405",
    "suspension_list": "login 403 200 200 200 200",
    "resume": "login 403 405 405 405 405",
    "expiring": "login 403 200 200 200 200",
    "write_off_new": "login 403 405 405 405 405",
    "write_off_step": "login 403 405 405 405 405",
    "wallet": "login 403 200 200 404 200",
    "refund_new": "login 403 200 200 404 200",
    "order_list": "login 403 200 200 200 200",
    "order_export": "login 403 200 200 200 200",
    "order": "login 403 200 200 404 200",
    "class_renewals": "login 403 200 200 404 200",
    "renewal_slips": "login 403 200 200 404 200",
    "refund_list": "login 403 200 200 200 200",
    "refund": "login 403 200 200 404 200",
    "refund_pdf": "login 403 200 200 404 200",
    "week": "login 200 200 200 200 200",
    "timetable_data": "login 200 200 200 200 404",  # the owner begins with the numbers of all branches
    "lesson": "login 200 200 200 404 200",
    "lesson_move": "login 403 403 405 405 405",
    "lesson_cancel": "login 403 403 405 405 405",
    "lesson_slots": "login 403 403 200 404 200",
    "roll_call": "login 200 200 200 404 200",
    "undo_roll_call": "login 405 405 405 405 405",
    "roll_sheet": "login 200 200 200 404 200",
    "attendance_leave": "login 403 200 200 404 200",
    "withdraw_leave": "login 403 405 405 405 405",
    "make_up_list": "login 403 200 200 200 200",
    "make_up": "login 403 200 200 404 200",
    "cancel_make_up": "login 403 405 405 405 405",
    "enquiry_list": "login 403 200 200 200 200",
    "enquiry_board": "login 403 200 200 200 200",
    "enquiry_export": "login 403 403 200 200 200",
    "enquiry_give": "login 403 403 405 405 405",
    "pool": "login 403 200 200 200 200",
    "enquiry_claim": "login 403 405 405 404 405",
    "enquiry_give_up": "login 403 405 405 404 405",
    "hand_over": "login 403 403 200 200 200",
    "sales_policy": "login 403 403 200 200 200",
    "enquiry": "login 403 200 200 404 200",
    "enquiry_new": "login 403 200 200 200 200",
    "enquiry_lookup": "login 403 405 405 405 405",
    "enquiry_ask": "login 403 405 405 405 405",
    "hand_over_requests": "login 403 200 200 200 200",
    "enquiry_edit": "login 403 200 200 404 200",
    "enquiry_lost": "login 403 405 405 404 405",
    "enquiry_reopen": "login 403 405 405 404 405",
    "enquiry_answer": "login 403 405 405 404 405",
    "enquiry_sign_up": "login 403 200 200 404 200",
    "enquiry_merge": "login 403 200 200 404 200",
    "enquiry_unmerge": "login 403 405 405 404 405",
    "enquiry_duplicates": "login 403 200 200 200 200",
    "referral_list": "login 403 403 200 200 200",
    "referral_reward": "login 403 403 405 404 405",
    "referral_take_back": "login 403 403 405 404 405",
    "enquiry_trial": "login 403 200 200 404 200",
    "own_trial": "login 403 405 405 405 405",
    "lesson_trials": "login 403 200 200 404 200",
    "cancel_trial": "login 403 405 405 405 405",
    "trial_result": "login 403 405 405 405 405",
    "clash": "login 403 403 200 404 200",
    "over_full": "login 403 403 200 404 200",
    "class_list": "login 200 200 200 200 200",
    "class_new": "login 403 403 200 200 200",
    "class_detail": "login 200 200 200 404 200",
    "class_times": "login 403 403 200 404 200",
    "class_length": "login 403 403 405 404 405",
    "class_transfer": "login 403 200 200 404 200",
    "class_wait": "login 403 405 405 404 405",
    "waiting_entry": "login 403 405 405 405 405",
    "timetable_pdf": "login 404 200 200 404 200",
    "feed_list": "login 200 200 200 200 200",
    "feed_revoke": "login 405 405 405 405 405",
    "calendar_days": "login 403 200 200 200 200",
    "calendar_fill": "login 403 403 405 405 405",
    "calendar_move": "login 403 403 200 200 200",
    "calendar_day_remove": "login 403 403 405 405 405",
    "school_break_add": "login 403 403 405 405 405",
    "school_break_remove": "login 403 403 405 405 405",
    "teacher_list": "login 403 403 200 200 200",
    "teacher_detail": "login 403 403 200 404 200",
    "teacher_weekly_time": "login 403 403 405 405 405",
    "teacher_dated_time": "login 403 403 405 405 405",
    "teacher_work": "login 403 403 403 403 405",
    "teacher_time_remove": "login 403 403 405 405 405",
    "travel_times": "login 403 403 403 403 200",
    "teacher_absence": "login 403 403 200 200 200",
    "teacher_absence_withdraw": "login 403 403 405 405 405",
    "cancel_day": "login 403 403 200 200 200",
    "timetable_changes": "login 403 403 200 200 200",
    "undo_change": "login 403 403 405 405 405",
    "student_papers": "login 403 200 200 404 200",
    "order_papers": "login 403 200 200 404 200",
    "contract": "login 403 200 200 404 200",
    "invoice_new": "login 403 200 200 404 200",
    "receipt_print": "login 403 405 405 405 405",
    "receipt_day": "login 403 200 200 200 200",
    "document": "login 403 200 200 404 200",
    "document_print": "login 403 405 405 405 405",
    "document_void": "login 403 403 405 405 405",
    "invoice_list": "login 403 200 200 200 200",
    "invoice_step": "login 403 405 405 405 405",
    "notice_list": "login 403 200 200 200 200",
    "notice_new": "login 403 200 200 200 200",
    "notice": "login 403 200 200 404 200",
    "notice_edit": "login 403 200 200 404 200",
    "notice_step": "login 403 405 405 404 405",
    "notice_report": "login 403 200 200 404 200",
    "renewals": "login 403 200 200 200 200",
    "renewal_remind": "login 403 200 200 200 200",
    "renewal_contact": "login 403 405 405 405 405",
    "renewal_rates": "login 403 403 200 200 200",
    "renewal_rates_export": "login 403 403 200 200 200",
    "renewal_rate": "login 403 403 200 200 200",
    "renewal_forecast": "login 403 403 200 200 200",
    "forecast_children": "login 403 403 200 200 200",
    "numbers": "login 403 403 200 200 200",
    "numbers_funnel": "login 403 403 200 200 200",
    "numbers_lessons": "login 403 403 200 200 200",
    "numbers_money": "login 403 403 200 200 200",
    "numbers_branches": "login 403 403 200 200 200",
    "numbers_rows": "login 403 403 200 200 200",
    "payroll": "login 403 403 200 200 200",
    "own_payslips": "login 200 200 200 200 200",
    "payroll_prepare": "login 403 403 405 405 405",
    "payroll_approve": "login 403 403 403 403 200",
    "payroll_export": "login 403 403 200 200 200",
    "payslip": "login 200 404 200 404 200",
    "payslip_approve": "login 403 403 403 403 405",
    "custom_fields": "login 403 403 403 403 200",
    "custom_field_new": "login 403 403 403 403 200",
    "custom_field": "login 403 403 403 403 200",
    "custom_field_step": "login 403 403 403 403 405",
    "enquiry_follow_up": "login 403 200 200 404 200",
    "student_follow_up": "login 403 200 200 404 200",
    "follow_up_file": "login 403 200 200 404 200",
    "reveal_phone": "login 403 405 405 405 405",
    "phone_reveals": "login 403 403 200 200 200",
    "phone_reveal_day": "login 403 403 200 404 200",
    "day_close_today": "login 403 302 302 302 302",  # to today's of the own branch
    "day_close": "login 403 200 200 404 200",
    "day_close_list": "login 403 200 200 200 200",
    "day_close_xlsx": "login 403 200 200 200 200",
    "day_close_pdf": "login 403 200 200 404 200",
    "day_close_take_back": "login 403 403 405 405 405",
    "health": "login 403 403 403 403 200",
    "consent": "login 403 200 200 404 200",
    "guardian_phone": "login 403 200 200 404 200",
    "message_arrived": "login 403 405 405 405 405",
    "message_once_more": "login 403 405 405 405 405",
    "messages": "login 403 200 200 200 200",
    "message_handled": "login 403 405 405 405 405",
    "message_again": "login 403 405 405 405 405",
    "by_hand": "login 403 200 200 200 200",
    "by_hand_told": "login 403 405 405 405 405",
    "by_hand_not_reached": "login 403 405 405 405 405",
    "slips": "login 403 200 200 404 200",
    "branch_channels": "login 403 403 200 404 200",
    "channels": "login 403 403 302 302 302",  # to the own branch
    "message_cost": "login 403 403 200 200 200",
    "message_cost_xlsx": "login 403 403 200 200 200",
    "replies": "login 403 200 200 200 200",
    "reply_answer": "login 403 405 405 405 405",
    "reply_handled": "login 403 405 405 405 405",
    "message_templates": "login 403 403 200 200 200",
    "message_template": "login 403 403 200 200 200",  # each at a branch of his own
    "message_template_decide": "login 403 403 405 404 405",
    "enquiry_forms": "login 403 200 200 200 200",
    "enquiry_form_switch": "login 403 403 405 405 405",
    "form_poster": "login 403 200 200 404 200",
    "enquiry_sources": "login 403 403 200 200 200",
    "enquiry_source_revoke": "login 403 403 405 405 405",
    "channel_costs": "login 403 403 302 302 302",  # to the running month
    "channel_costs_month": "login 403 403 200 404 200",
    # For families that scanned a poster, and for other systems: a token is the key.
    "public_form": "200 200 200 200 200 200",
    "public_form_thanks": "200 200 200 200 200 200",
    "api:api_enquiries": "405 405 405 405 405 405",
    "api:openapi-json": "200 200 200 200 200 200",
    "api:api-root": "404 404 404 404 404 404",
    # For calendar programs: the secret in the address is the key.
    "feed": "404 404 404 404 404 404",
    # For whoever holds a paper: the code on it is the key.
    "verify": "404 404 404 404 404 404",
    # For machines: no personal data, and the report of a message's fate carries a signature.
    "twilio_status": "405 405 405 405 405 405",
    "twilio_inbound": "405 405 405 405 405 405",
    "healthz": "200 200 200 200 200 200",
    "readyz": "200 200 200 200 200 200",
    "jobs_health": "503 503 503 503 503 503",
    "metrics": "200 200 200 200 200 200",
    "set_language": "302 302 302 302 302 302",
    "admin:index": "login 200 200 200 200 200",
    "admin:login": "200 302 302 302 302 302",
    "admin:logout": "302 405 405 405 405 405",
    "admin:password_change": "login 200 200 200 200 200",
    "admin:password_change_done": "login 200 200 200 200 200",
    "admin:autocomplete": "login 403 403 403 403 403",
    "admin:jsi18n": "login 200 200 200 200 200",
    "admin:search": "login 200 200 200 200 200",
    "admin:view_on_site": "login 404 404 404 404 404",
    "admin:app_list": "login 404 200 200 200 200",
    "admin:auth_user_password_change": "login 403 403 403 403 200",
}

# What a POST without data is answered: 302 is done (or back with a sentence), 200 the form again.
POSTS = {
    "enquiry_give": "login 403 403 302 302 302",
    "enquiry_claim": "login 403 302 302 404 302",  # it is in no pool: they are told so
    "enquiry_give_up": "login 403 403 302 404 302",  # the desk does not own it
    "hand_over": "login 403 403 302 302 302",
    "sales_policy": "login 403 403 200 200 200",
    "enquiry_follow_up": "login 403 200 200 404 200",
    "student_follow_up": "login 403 200 200 404 200",
    "enquiry_new": "login 403 200 200 200 200",
    "enquiry_lookup": "login 403 200 200 200 200",
    "enquiry_ask": "login 403 404 404 404 404",  # without the number nobody learns what there is
    "enquiry_edit": "login 403 200 200 404 200",
    "enquiry_lost": "login 403 302 302 404 302",
    "enquiry_reopen": "login 403 302 302 404 302",
    "enquiry_answer": "login 403 302 302 404 302",
    "student_new": "login 403 200 200 200 200",
    "enrol": "login 403 200 200 404 200",
    "place": "login 403 200 200 404 200",
    "transfer": "login 403 200 200 404 200",
    "correct": "login 403 403 200 404 200",
    "suspend": "login 403 200 200 404 200",
    "transfer_undo": "login 403 302 302 404 302",
    "resume": "login 403 302 302 404 302",
    "lesson_reply": "login 403 302 302 404 302",
    "write_off_new": "login 403 302 302 404 302",
    "write_off_step": "login 403 403 403 404 403",  # a step that is not named is nobody's
    "wallet": "login 403 403 403 404 403",
    "refund_new": "login 403 200 200 404 200",
    "order": "login 403 302 302 404 302",
    "class_renewals": "login 403 200 200 404 200",
    "refund": "login 403 403 403 404 403",  # a step that is not named is nobody's
    "lesson_move": "login 403 403 200 404 200",
    "lesson_cancel": "login 403 403 200 404 200",
    "calendar_days": "login 403 403 200 200 200",
    "calendar_fill": "login 403 403 302 302 302",
    "calendar_move": "login 403 403 302 302 302",
    "calendar_day_remove": "login 403 403 302 404 404",  # the first one takes it away
    "school_break_add": "login 403 403 200 200 200",
    "school_break_remove": "login 403 403 302 404 404",
    "teacher_detail": "login 403 403 302 404 302",
    "teacher_weekly_time": "login 403 403 200 404 200",
    "teacher_dated_time": "login 403 403 200 404 200",
    "teacher_work": "login 403 403 403 403 200",
    "teacher_time_remove": "login 403 403 302 404 404",
    "travel_times": "login 403 403 403 403 302",
    "roll_call": "login 200 200 200 404 200",
    "undo_roll_call": "login 302 302 302 404 302",
    "attendance_leave": "login 403 302 200 404 200",  # the first one records it, the others are told so
    "withdraw_leave": "login 403 302 302 404 302",
    "make_up": "login 403 302 302 404 302",
    "cancel_make_up": "login 403 302 302 404 302",
    "enquiry_sign_up": "login 403 200 200 404 200",
    "enquiry_merge": "login 403 200 200 404 200",
    "enquiry_unmerge": "login 403 302 302 404 302",
    "referral_reward": "login 403 403 302 404 302",
    "referral_take_back": "login 403 403 302 404 302",
    "enquiry_trial": "login 403 302 302 404 302",
    "own_trial": "login 403 302 302 404 302",
    "lesson_trials": "login 403 302 302 404 302",
    "cancel_trial": "login 403 302 302 404 302",
    "trial_result": "login 403 302 302 404 302",
    "clash": "login 403 403 200 404 200",
    "over_full": "login 403 403 200 404 200",
    "class_new": "login 403 403 200 200 200",
    "class_times": "login 403 403 200 404 200",
    "class_length": "login 403 403 200 404 200",
    "class_transfer": "login 403 200 200 404 200",
    "class_wait": "login 403 302 302 404 302",
    "waiting_entry": "login 403 302 302 404 302",
    "feed_list": "login 200 200 200 200 200",
    "feed_revoke": "login 404 404 302 404 302",
    "teacher_absence": "login 403 403 200 200 200",
    "teacher_absence_withdraw": "login 403 403 302 404 302",
    "cancel_day": "login 403 403 200 200 200",
    "undo_change": "login 403 403 302 404 302",
    "books": "login 403 403 403 403 302",
    "month": "login 403 403 403 404 302",  # it is not over: the page says so
    "match_again": "login 403 403 302 404 302",
    "lines_aside": "login 403 403 302 404 302",
    "statement_import": "login 403 403 200 404 200",
    "line_match": "login 403 403 302 404 302",
    "match_undo": "login 403 403 302 404 302",
    "payroll_prepare": "login 403 403 302 302 302",
    "payroll_approve": "login 403 403 403 403 302",
    "payslip_approve": "login 403 403 403 403 302",
    "contract": "login 403 200 200 404 200",
    "invoice_new": "login 403 200 200 404 200",
    "receipt_print": "login 403 200 200 404 200",
    "receipt_day": "login 403 302 302 302 302",
    "document_print": "login 403 200 200 404 200",
    "document_void": "login 403 403 302 404 302",
    "invoice_step": "login 403 302 302 404 302",
    "notice_new": "login 403 200 200 200 200",
    "notice_edit": "login 403 200 200 404 200",
    "notice_step": "login 403 403 403 404 403",  # a step that is not named is nobody's
    "renewal_remind": "login 403 302 302 302 302",
    "renewal_contact": "login 403 302 302 404 302",
    "message_handled": "login 403 302 302 404 302",
    "message_again": "login 403 302 302 404 302",
    "custom_field_new": "login 403 403 403 403 200",
    "custom_field": "login 403 403 403 403 200",
    "custom_field_step": "login 403 403 403 403 302",
    "reveal_phone": "login 403 200 200 404 200",
    "day_close": "login 403 200 200 404 200",
    "day_close_take_back": "login 403 403 302 404 302",
    "consent": "login 403 404 404 404 404",
    "guardian_phone": "login 403 200 200 404 200",
    "message_arrived": "login 403 302 302 404 302",
    "message_once_more": "login 403 302 302 404 302",
    "by_hand_told": "login 403 302 302 404 302",
    "by_hand_not_reached": "login 403 302 302 404 302",
    "slips": "login 403 302 302 404 302",
    "branch_channels": "login 403 403 302 404 302",
    "reply_answer": "login 403 302 302 404 302",
    "reply_handled": "login 403 302 302 404 302",
    "message_template": "login 403 403 200 200 200",
    "message_template_decide": "login 403 403 302 404 302",
    "enquiry_forms": "login 403 403 200 200 200",
    "enquiry_form_switch": "login 403 403 302 404 302",
    "enquiry_sources": "login 403 403 200 200 200",
    "enquiry_source_revoke": "login 403 403 302 404 302",
    "channel_costs_month": "login 403 403 302 404 302",
    "public_form": "200 200 200 200 200 200",
    "api:api_enquiries": "401 401 401 401 401 401",
}

# The back office: list | add | change and history | delete, each for teacher A, desk A, manager A, manager B
# and the owner. Nobody is sent to the sign-in page.
ADMIN = {
    "branches_branch": "403 200 200 200 200 | 403 403 403 403 200 | 403 200 200 404 200 | 403 403 403 403 403",
    "branches_room": "403 200 200 200 200 | 403 403 200 200 200 | 403 200 200 404 200 | 403 403 403 403 403",
    "branches_calendarday": "403 200 200 200 200 | 403 403 200 200 200 | 403 200 200 404 200 | 403 403 200 404 200",
    "branches_schoolbreak": "403 200 200 200 200 | 403 403 200 200 200 | 403 200 200 404 200 | 403 403 200 404 200",
    "branches_legalentity": "403 403 200 200 200 | 403 403 403 403 200 | 403 403 200 404 200 | 403 403 403 403 403",
    "branches_user": "403 403 200 200 200 | 403 403 403 403 200 | 403 403 200 404 200 | 403 403 403 403 403",
    "courses_subject": "403 200 200 200 200 | 403 403 403 403 200 | 403 200 200 200 200 | 403 403 403 403 403",
    "courses_course": "403 200 200 200 200 | 403 403 403 403 200 | 403 200 200 200 200 | 403 403 403 403 403",
    "courses_coursepackage": "403 200 200 200 200 | 403 403 200 200 200 | 403 200 200 200 200 | 403 403 403 403 403",
    "parents_guardian": "403 200 200 200 200 | 403 200 200 200 200 | 403 200 200 404 200 | 403 403 403 403 403",
    "students_student": "403 200 200 200 200 | 403 403 403 403 403 | 403 200 200 404 200 | 403 403 403 403 403",
    "students_channel": "403 200 200 200 200 | 403 403 403 403 200 | 403 200 200 200 200 | 403 403 403 403 403",
    "students_enquiry": "403 200 200 200 200 | 403 200 200 200 200 | 403 200 200 404 200 | 403 403 403 403 403",
    "enrolments_discountrule": "403 200 200 200 200 | 403 403 200 200 200 | 403 200 200 404 200 | 403 403 403 403 403",
    "enrolments_enrolment": "403 200 200 200 200 | 403 403 403 403 403 | 403 200 200 404 200 | 403 403 403 403 403",
    "sales_campaign": "403 403 200 200 200 | 403 403 200 200 200 | 403 403 200 404 200 | 403 403 403 403 403",
    "notices_noticepolicy": "403 403 200 200 200 | 403 403 403 403 403 | 403 403 200 404 200 | 403 403 403 403 403",
    "renewals_reminderpolicy": "403 403 200 200 200 | 403 403 403 403 403 | 403 403 200 404 200 | 403 403 403 403 403",
    "payroll_payscheme": "403 403 200 200 200 | 403 403 403 403 200 | 403 403 200 200 200 | 403 403 403 403 403",
    "payroll_payrate": "403 403 200 200 200 | 403 403 403 403 200 | 403 403 200 404 200 | 403 403 403 403 403",
    "scheduling_leavepolicy": "403 403 200 200 200 | 403 403 200 200 200 | 403 403 200 404 200 | 403 403 403 403 403",
    "scheduling_classgroup": "403 200 200 200 200 | 403 403 200 200 200 | 403 200 200 404 200 | 403 403 403 403 403",
    "messaging_outboundmessage": (
        "403 200 200 200 200 | 403 403 403 403 403 | 403 200 200 404 200 | 403 403 403 403 403"
    ),
    # The queue's own tables show what runs on the whole machine: for a superuser alone.
    "django_q_schedule": "403 403 403 403 403 | 403 403 403 403 403 | 403 403 403 403 403 | 403 403 403 403 403",
    "django_q_success": "403 403 403 403 403 | 403 403 403 403 403 | 403 403 403 403 403 | 403 403 403 403 403",
    "django_q_failure": "403 403 403 403 403 | 403 403 403 403 403 | 403 403 403 403 403 | 403 403 403 403 403",
    "django_q_ormq": "403 403 403 403 403 | 403 403 403 403 403 | 403 403 403 403 403 | 403 403 403 403 403",
}
# The queue's admin looks for the row before it asks for the right, and leads back to the index.
HISTORY = {model: "302 302 302 302 302" for model in ADMIN if model.startswith("django_q")}
VIEWS = {"changelist": 0, "add": 1, "change": 2, "history": 2, "delete": 3}


@pytest.fixture
def world(db):
    """Branch A with one of everything, branch B with a manager."""
    a, b = BranchFactory(name="奥体校区"), BranchFactory(name="河西校区")
    attendance = AttendanceFactory(
        enrolment__branch=a,
        lesson__class_group__branch=a,
        lesson__starts_at=NOW,
        lesson__ends_at=at("2030-01-01 10:00"),
    )
    enrolment, lesson = attendance.enrolment, attendance.lesson
    enrolment.student.branches.set([a])
    teacher = teacher_of(a)
    lesson.teacher = lesson.class_group.teacher = teacher
    lesson.branch = a
    lesson.save()
    lesson.class_group.save()
    room = RoomFactory(branch=a)
    package = CoursePackageFactory(course=enrolment.course)
    message = queue_message(
        branch=a,
        recipient="guardian:1",
        about=f"student:{enrolment.student_id}",
        kind="class_reminder",
        subject="lesson:1",
        occurrence="day-before",
        due_at=NOW,
        useful_until=at("2030-01-01 10:00"),
    )
    guardian = GuardianshipFactory(student=enrolment.student).guardian
    reply = InboundMessage.objects.create(
        provider_sid="SM1", branch=a, from_phone="+8613800001111", body="好的", meaning="text", received_at=NOW
    )
    notice = Notice.objects.create(text="元旦放假", token="draft", state_at=NOW, written_at=NOW, written_by=teacher)
    notice.branches.add(a)
    missed = MakeUp.objects.create(original=attendance, expires_date=at("2030-01-01 10:00").date(), opened_at=NOW)
    trial = TrialBooking.objects.create(
        lesson=lesson, enquiry=EnquiryFactory(branch=a), booked_by=teacher, booked_at=NOW
    )
    scheme = PayScheme.objects.create(name="每节一百", amount_minor=100_00)
    slip = PaySlip.objects.create(
        teacher=teacher,
        branch=a,
        month="2026-09-01",
        prepared_by=teacher,
        prepared_at=NOW,
        status="approved",
        approved_by=teacher,
        approved_at=NOW,
    )
    refunded = EnrolmentFactory(branch=a)
    sell(refunded)
    refund = ask(refunded, teacher)
    order = refunded.lots.get().item.order
    receipt = issue_receipt(payment=order.payments.get(), by=teacher, now=NOW)
    invoice = request_invoice(
        order=order, title_kind="person", title="李芳", amount_minor=100, by=teacher, now=NOW, token="invoice"
    )
    carried = Transfer.objects.create(
        source=refunded,
        guardian=GuardianshipFactory(student=refunded.student).guardian,
        amount_minor=1,
        reason="转课",
        recorded_at=NOW,
        recorded_by=teacher,
        token="transfer",
    )
    set_aside = aside(statement_line(a), by=teacher)
    people = {
        "nobody": None,
        "teacher_a": teacher,
        "desk_a": desk_of(a),
        "manager_a": manager_of(a),
        "manager_b": manager_of(b),
        "owner": owner_of_school(),
    }
    custom_field = CustomField.objects.create(label="兴趣爱好", kind="text", is_for_enquiry=True)
    objects = {
        "custom_field": custom_field,
        "custom_field_step": custom_field,
        "student": enrolment.student,
        "enrol": enrolment.student,
        "order": order,
        "class_renewals": lesson.class_group,
        "renewal_slips": lesson.class_group,
        "enrolments_discountrule": DiscountRule.objects.create(branch=a, kind="other", name="九五折", percent=5),
        "place": enrolment,
        "statement": enrolment,
        "statement_pdf": enrolment,
        "transfer": enrolment,
        "correct": enrolment,
        "suspend": enrolment,
        "transfer_undo": carried,
        "resume": Suspension.objects.create(
            enrolment=refunded,
            from_date="2026-11-21",
            expected_date="2026-12-21",
            reason="养病",
            recorded_at=NOW,
            recorded_by=teacher,
        ),
        "write_off_new": refunded.lots.get(),
        "write_off_step": WriteOff.objects.create(
            lot=refunded.lots.get(), credits=1, value_minor=1, reason="过期", requested_at=NOW, requested_by=teacher
        ),
        "wallet": carried.guardian,
        "refund_new": enrolment,
        "refund": refund,
        "refund_pdf": refund,
        "student_papers": enrolment.student,
        "order_papers": order,
        "contract_child": refunded.student,
        "invoice_new": order,
        "receipt_print": receipt.payment,
        "document": receipt,
        "document_print": receipt,
        "document_void": receipt,
        "invoice_step": invoice,
        "line_match": set_aside.line,
        "match_undo": set_aside,
        "branches_legalentity": LegalEntity.objects.create(branch=a, name="轻校"),
        "lesson": lesson,
        "lesson_move": lesson,
        "lesson_cancel": lesson,
        "lesson_slots": lesson,
        "roll_call": lesson,
        "undo_roll_call": lesson,
        "roll_sheet": lesson.class_group,
        "attendance_leave": attendance,
        "lesson_reply": attendance,
        "withdraw_leave": attendance,
        "make_up": missed,
        "cancel_make_up": missed,
        "enquiry": trial.enquiry,
        "enquiry_claim": trial.enquiry,
        "enquiry_give_up": trial.enquiry,
        "enquiry_edit": trial.enquiry,
        "enquiry_lost": trial.enquiry,
        "enquiry_reopen": trial.enquiry,
        "enquiry_answer": trial.enquiry,
        "enquiry_trial": trial.enquiry,
        "enquiry_sign_up": trial.enquiry,
        "enquiry_merge": trial.enquiry,
        "enquiry_unmerge": EnquiryMerge.objects.create(
            kept=trial.enquiry, merged=EnquiryFactory(branch=a), at=NOW, by=teacher
        ),
        "referral_reward": trial.enquiry,
        "referral_take_back": ReferralReward.objects.create(
            enquiry=EnquiryFactory(branch=a), state="given", credits=1, lot=refunded.lots.get(), at=NOW, by=teacher
        ),
        "own_trial": trial.enquiry,
        "enquiry_follow_up": trial.enquiry,
        "student_follow_up": enrolment.student,
        "follow_up_file": record_follow_up(
            enquiry=trial.enquiry,
            outcome="thinking",
            by=teacher,
            now=NOW,
            token="follow-up",
            files=[CheckedFile("paper", "application/pdf", b"%PDF-")],
        ).files.get(),
        "lesson_trials": lesson,
        "cancel_trial": trial,
        "trial_result": trial,
        "scheduling_leavepolicy": LeavePolicy.objects.create(branch=a),
        "notice": notice,
        "notice_edit": notice,
        "notice_step": notice,
        "notice_report": notice,
        "notices_noticepolicy": a.notice_policy,
        "renewals_reminderpolicy": a.reminder_policy,
        "over_full": lesson.class_group,
        "class_detail": lesson.class_group,
        "class_times": lesson.class_group,
        "class_length": lesson.class_group,
        "class_transfer": lesson.class_group,
        "class_wait": lesson.class_group,
        "waiting_entry": WaitingListEntryFactory(class_group=lesson.class_group),
        "clash_with": ClassGroupFactory(branch=a),
        "feed_revoke": CalendarFeedFactory(kind="room", resource_id=room.pk),
        "teacher_absence_withdraw": TeacherAbsence.objects.create(
            teacher=teacher, starts_at=NOW, ends_at=at("2030-01-01 10:00"), recorded_by=teacher, recorded_at=NOW
        ),
        "undo_change": TimetableChange.objects.create(branch=a, kind="move", by=teacher, at=NOW),
        "renewal_contact": RenewalOpportunity.objects.create(
            enrolment=refunded,
            student=refunded.student,
            subject=refunded.course.subject,
            cause="low",
            opened_at=NOW,
            due_date=NOW.date(),
        ),
        "enquiry_form_switch": form_of(a),
        "form_poster": form_of(a),
        "enquiry_source_revoke": source_of(a)[0],
        "sales_campaign": Campaign.objects.create(
            branch=a, name="开学季", channel=ChannelFactory(), first_date="2026-09-01", last_date="2026-09-30"
        ),
        "day_close_pdf": (signed_day := _signed_day(a, teacher)),
        "day_close_take_back": signed_day,
        "payslip": slip,
        "payslip_approve": slip,
        "payroll_payscheme": scheme,
        "payroll_payrate": PayRate.objects.create(teacher=teacher, branch=a, scheme=scheme, valid_from="2026-01-01"),
        "message_handled": message,
        "message_again": message,
        "by_hand_told": message,
        "by_hand_not_reached": message,
        "slips": a,
        "branch_channels": a,
        "consent": guardian,
        "guardian_phone": guardian,
        "message_arrived": message,
        "message_once_more": message,
        "reply_answer": reply,
        "reply_handled": reply,
        "message_template_decide": MessageTemplate.objects.create(
            key="class_reminder.room",
            language="zh-hans",
            branch=a,
            version=1,
            text="明天上课",
            state="approved",
            written_by=teacher,
            written_at=NOW,
        ),
        "calendar_day_remove": CalendarDayFactory(branch=a, day="2030-03-05"),
        "school_break_remove": SchoolBreakFactory(branch=a),
        "teacher_detail": teacher,
        "teacher_weekly_time": teacher,
        "teacher_dated_time": teacher,
        "teacher_work": teacher,
        "teacher_time_remove": AvailabilityWindow.objects.create(teacher=teacher, day="2030-02-02"),
        "branches_branch": a,
        "branches_room": room,
        "branches_calendarday": CalendarDayFactory(branch=a),
        "branches_schoolbreak": SchoolBreakFactory(branch=a),
        "branches_user": teacher,
        "courses_subject": enrolment.course.subject,
        "courses_course": enrolment.course,
        "students_channel": ChannelFactory(),
        "courses_coursepackage": package,
        "parents_guardian": guardian,
        "students_student": enrolment.student,
        "students_enquiry": EnquiryFactory(branch=a),
        "enrolments_enrolment": enrolment,
        "scheduling_classgroup": lesson.class_group,
        "messaging_outboundmessage": message,
    }
    return people, objects


def url_names(resolver=None, namespace=""):
    """Every named URL of the project, "admin:index" style."""
    for pattern in (resolver or get_resolver()).url_patterns:
        if not isinstance(pattern, URLPattern):
            yield from url_names(pattern, pattern.namespace or namespace)
        elif pattern.name:
            yield f"{namespace}:{pattern.name}" if namespace else pattern.name


def address(name, objects):
    arguments = {
        "twilio_status": ["unknown"],
        "verify": ["unknown"],
        "contract": [objects["order_papers"].pk, objects["contract_child"].pk],
        "feed": ["unknown"],
        "renewal_rate": ["R7"],
        "message_template": ["class_reminder.room", "zh-hans"],
        "timetable_pdf": ["room", objects["branches_room"].pk],
        "admin:app_list": ["students"],
        "admin:view_on_site": [1, 1],
        "admin:auth_user_password_change": [objects["branches_user"].pk],
        "public_form": [objects["form_poster"].code],
        "public_form_thanks": [objects["form_poster"].code],
        "channel_costs_month": [objects["branches_branch"].pk, 2026, 11],
        "month": _month_sold(objects["branches_branch"]),
        "month_xlsx": _month_sold(objects["branches_branch"]),
        "confirmations": _month_sold(objects["branches_branch"]),
        "confirmations_xlsx": _month_sold(objects["branches_branch"]),
        "reconciliation_month": _month_sold(objects["branches_branch"]),
        "reconciliation_xlsx": _month_sold(objects["branches_branch"]),
        "match_again": _month_sold(objects["branches_branch"]),
        "lines_aside": _month_sold(objects["branches_branch"]),
        "statement_import": [objects["branches_branch"].pk],
        "clash": [objects["over_full"].pk, objects["clash_with"].pk],
        "day_close": [objects["branches_branch"].pk, "2026-11-20"],
        "reveal_phone": ["guardian", objects["guardian_phone"].pk],
        "phone_reveal_day": [objects["branches_user"].pk, "2026-11-20"],
    }
    if name in objects:
        return reverse(name, args=[objects[name].pk])
    return reverse(name, args=arguments.get(name, []))


def _signed_day(branch, by):
    return DayClose.objects.create(
        branch=branch,
        day="2026-11-19",
        figures={
            "methods": by_method([]),
            "orders": {"number": 0, "total_minor": 0, "owing_minor": 0},
            "open": [],
            "rows": {},
        },
        opening_cash_minor=0,
        expected_cash_minor=0,
        counted_cash_minor=0,
        difference_minor=0,
        open_items=0,
        signed_by=by,
        signed_at=NOW,
    )


def _month_sold(branch):
    """The month of the first sale, which is the next to be closed."""
    return [branch.pk, NOW.year, NOW.month]


def answer_to(client, person, url, method="get"):
    client.logout()
    if person:
        client.force_login(person)
    response = getattr(client, method)(url)
    at_login = response.status_code == 302 and "/admin/login/" in response["Location"]
    return "login" if at_login else str(response.status_code)


def test_every_url_has_a_row():
    known = set(PAGES) | {f"admin:{model}_{view}" for model in ADMIN for view in VIEWS}

    assert set(url_names()) == known


@pytest.mark.parametrize("name", PAGES)
def test_pages_answer_each_role_as_the_table_says(client, world, name):
    people, objects = world
    url = address(name, objects)

    answers = [answer_to(client, people[person], url) for person in PEOPLE]

    assert " ".join(answers) == PAGES[name]


@pytest.mark.parametrize("name", POSTS)
def test_posts_answer_each_role_as_the_table_says(client, world, name):
    people, objects = world
    url = address(name, objects)

    answers = [answer_to(client, people[person], url, "post") for person in PEOPLE]

    assert " ".join(answers) == POSTS[name]


@pytest.mark.parametrize("model", ADMIN)
@pytest.mark.parametrize("view", VIEWS)
def test_back_office_answers_each_role_as_the_table_says(client, world, model, view):
    people, objects = world
    args = [] if view in {"changelist", "add"} else [objects[model].pk if model in objects else 1]
    url = reverse(f"admin:{model}_{view}", args=args)

    answers = [answer_to(client, people[person], url) for person in PEOPLE]

    expected = ADMIN[model].split(" | ")[VIEWS[view]]
    assert " ".join(answers) == "login " + (HISTORY.get(model, expected) if view == "history" else expected)
