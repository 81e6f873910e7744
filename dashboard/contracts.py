"""What a contract says, gathered from where it is kept; what is kept nowhere stays empty and is asked for."""

from django.db.models import Max, Min

from branches.models import LegalEntity
from core.clock import local_date
from core.money import yuan
from core.phones import national
from enrolments.contract_text import words
from enrolments.pdf.capitals import capital_amount
from enrolments.services.documents import plain_number
from scheduling.models import ClassMember, Lesson


def known_facts(order, student, *, now):
    """The fields of enrolments.contract_facts, as text; of the student's items in this order, a course each."""
    items = list(order.items.filter(student=student).select_related("course__subject").order_by("pk"))
    legal = LegalEntity.objects.of(order.branch)
    return {
        **_school(order.branch, legal),
        **_student(student),
        **_guardian(order, student),
        "courses": [_course(order, item, legal, now=now) for item in items],
        **_charges(order, items, legal),
    }


def _school(branch, legal):
    facts = {"school_address": branch.address, "contact_phone": branch.phone}
    if legal is None:
        return facts
    has_end = not legal.registration_is_unlimited
    return facts | {
        "school_name": legal.name,
        "school_address": branch.address or legal.address,
        "approving_authority": legal.approving_authority,
        "registering_authority": legal.registering_authority,
        "licence_number": legal.licence_number,
        "licence_expires": _day(legal.licence_expires_date),
        "icp_number": legal.icp_number if legal.teaches_online else words("no_icp"),
        "credit_code": legal.credit_code,
        "registration_expires": _day(legal.registration_expires_date) if has_end else words("unlimited"),
        "contact_name": legal.contact_name,
        "contact_phone": legal.contact_phone or branch.phone,
    }


def _student(student):
    return {
        "student_name": student.name,
        "student_gender": words(student.gender) if student.gender else "",
        "student_birth_date": _day(student.birth_date),
        "student_school": student.school,
        "student_grade": student.grade,
    }


def _guardian(order, student):
    guardian = order.guardian or student.main_guardian
    if guardian is None:
        return {}
    tie = student.guardianships.filter(guardian=guardian).first()
    return {
        "guardian_name": guardian.name,
        "guardian_relation": tie.relation if tie else "",
        "guardian_phone": national(guardian.phone) if guardian.phone else "",
    }


def _course(order, item, legal, *, now):
    place = "online" if legal and legal.teaches_online else "offline"
    kind = "academic" if item.course.subject.is_academic else "other"
    total, gift = item.paid_credits + item.gift_credits, item.gift_credits
    facts = {"total": plain_number(total), "gift": plain_number(gift)}
    adviser = item.student.adviser or order.confirmed_by or order.created_by
    return {
        "category": words(f"{place}_{kind}"),
        "course_name": item.course.name,
        "adviser": adviser.name,
        "lessons_total": words("with_gift", **facts) if gift else facts["total"],
        "lesson_minutes": str(item.course.minutes),
        "minimum": words("no_minimum"),
        **_class(order, item, now=now),
    }


def _class(order, item, *, now):
    """Of the class that the child is in for this course; nothing while it is in none."""
    members = ClassMember.objects.filter(
        enrolment__student=item.student,
        enrolment__course=item.course,
        enrolment__branch=order.branch,
        left_date__isnull=True,
    )
    member = members.select_related("class_group__teacher").order_by("-pk").first()
    if member is None:
        return {}
    group, today = member.class_group, local_date(now, order.branch.time_zone)
    since = max(member.joined_date, item.start_date)
    days = Lesson.objects.active().filter(class_group=group, local_date__gte=since)
    ends = days.aggregate(first=Min("local_date"), last=Max("local_date"))
    rules = group.rules.exclude(valid_until__lt=today)
    one_to_one = group.capacity == 1
    return {
        "class_name": group.name,
        "lesson_times": "、".join(str(rule) for rule in rules),
        "first_date": _day(ends["first"]),
        "last_date": _day(ends["last"]),
        "teaching_form": words("one_to_one") if one_to_one else words("small_class", capacity=group.capacity),
        "teacher": group.teacher.name,
    }


def _charges(order, items, legal):
    amount = sum(item.amount_minor for item in items)
    before = legal.refund_days_before if legal else None
    after = order.branch.refund_full_days
    return {
        "amount": words("amount", amount=yuan(amount), words=capital_amount(amount)),
        "payment_plan": _payment_plan(order),
        "supervision": words(legal.supervision) if legal and legal.supervision else "",
        "supervised_account": legal.supervised_account if legal else "",
        "refund_days_before": "" if before is None else str(before),
        "refund_days_after": "" if after is None else str(after),
    }


def _payment_plan(order):
    """Nothing while money is owing and no day is agreed for it: then somebody has to say."""
    if not order.owing_minor:
        return words("paid_at_once")
    if order.due_date is None:
        return ""
    return words("in_parts", paid=yuan(order.paid_minor), owing=yuan(order.owing_minor), due=_day(order.due_date))


def _day(day):
    return f"{day:%Y-%m-%d}" if day else ""
