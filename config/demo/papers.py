"""The demo school's legal details, and a receipt and a contract as pictures."""

import shutil
import subprocess

from django.db import transaction
from django.utils.translation import gettext as _

from branches.credit_codes import check_character
from branches.models import Branch, LegalEntity
from config.demo import DemoError
from dashboard.contracts import known_facts
from dashboard.documents import print_contract, print_receipts
from enrolments.contract_facts import blanks_of
from enrolments.models import Order, Payment
from enrolments.services import enrol_student, issue_contract, issue_receipt
from scheduling.models import ClassMember

CODE = "91211202DEM0A1B2C"  # of no company; its check character follows
DOTS_PER_INCH = 110
FULL_REFUND_DAYS = 7


def set_legal_details():
    """What contracts and receipts need of the school: all of it invented."""
    LegalEntity.objects.create(
        name="轻校演示培训学校有限公司",
        address="演示市示范区学习路 1 号",
        credit_code=CODE + check_character(CODE),
        approving_authority="示范区教育局",
        registering_authority="示范区市场监督管理局",
        registration_is_unlimited=True,
        licence_number="教民演示 0000001 号",
        licence_expires_date="2030-06-30",
        contact_name="演示前台",
        contact_phone="400-000-0000",
        supervision=LegalEntity.Supervision.CUSTODY,
        supervised_account="演示银行示范支行 0000 1111 2222",
        refund_days_before=1,
    )
    Branch.objects.update(refund_full_days=FULL_REFUND_DAYS)


def print_examples(*, now):
    """[(name, PNG)]: a sale's papers. The sale is rolled back: looking at the demo changes nothing in it."""
    if not shutil.which("pdftoppm"):
        raise DemoError(_("Pictures of papers need pdftoppm: install the package poppler-utils."))
    with transaction.atomic():
        pdfs = _papers_of_a_sale(now)
        transaction.set_rollback(True)
    return [(name, _picture(pdf)) for name, pdf in pdfs.items()]


def _papers_of_a_sale(now):
    members = ClassMember.objects.filter(left_date__isnull=True).select_related(
        "enrolment__student", "class_group__teacher"
    )
    member = members.order_by("enrolment__balance", "pk").first()  # who has fewest left may buy by the law
    enrolment, by = member.enrolment, member.class_group.teacher
    package = enrolment.course.packages.order_by("price_minor").first()
    lot = enrol_student(
        student=enrolment.student,
        branch=enrolment.branch,
        package=package,
        method=Payment.Method.WECHAT,
        sold_by=by,
        start_date=now.date(),
        now=now,
        token="picture",  # noqa: S106  of a sale that is rolled back
    )
    order = Order.objects.get(items__lot=lot)
    receipt = issue_receipt(payment=order.payments.get(), by=by, now=now)
    facts = known_facts(order, enrolment.student, now=now)
    contract = issue_contract(
        order=order,
        student=enrolment.student,
        facts=facts,
        by_hand=[blank.key for blank in blanks_of(facts)],
        typed=[],
        by=by,
        now=now,
    )
    return {
        "receipt-80mm": print_receipts([receipt], size="80mm", now=now),
        "receipt-a5": print_receipts([receipt], size="a5", now=now),
        "contract": print_contract(contract),
    }


def _picture(pdf):
    """Its first page."""
    command = ["pdftoppm", "-png", "-r", f"{DOTS_PER_INCH}", "-singlefile", "-"]
    return subprocess.run(command, input=pdf, capture_output=True, check=True).stdout  # noqa: S603
