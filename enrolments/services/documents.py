"""Papers with a number: issued once, printed, made void and issued anew."""

import secrets
from zoneinfo import ZoneInfo

from django.db import transaction
from django.db.models import F, Sum
from django.utils.formats import number_format
from django.utils.translation import gettext as _

from branches.contract_terms import barred_terms
from branches.models import LegalEntity
from core.clock import local_date
from enrolments.contract_facts import ContractIncompleteError, blanks_of
from enrolments.models import Document, Numbering, Payment
from enrolments.services.orders import lock_order

Kind = Document.Kind
CODE_ALPHABET = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"  # nothing that is read as something else
CODE_LENGTH = 16  # 79 bits: not to be guessed


class DocumentError(Exception):
    """The paper cannot be issued or changed so; the sentence says why and what to do."""


@transaction.atomic
def issue_receipt(*, payment, by, now):
    """The receipt of a payment, with the next number: once, until it is made void. Returns the document.

    After a void one it is issued with what is known now, and names the one in whose place it stands.
    """
    order = lock_order(payment.order)
    payment = Payment.objects.select_related("received_by").get(pk=payment.pk)
    if document := _standing(Kind.RECEIPT, payment=payment):
        return document
    _refuse_receipt(payment)
    replaces = _last_void(Kind.RECEIPT, payment=payment)
    return _issue(
        order.branch,
        Kind.RECEIPT,
        _receipt_data(order, payment, replaces),
        {"order": order, "payment": payment, "amount_minor": payment.amount_minor, "replaces": replaces},
        by=by,
        now=now,
    )


def _refuse_receipt(payment):
    if payment.amount_minor < 0 or Payment.objects.filter(reverses=payment).exists():
        raise DocumentError(_("This payment was taken back: it gets no receipt."))
    if payment.method == Payment.Method.BOOK:
        raise DocumentError(_("This payment was taken over from the books: its receipt is the one of then."))


def _receipt_data(order, payment, replaces):
    """What stands on the receipt; money in fen, days and moments as the branch's people read them."""
    until_then = order.payments.filter(pk__lte=payment.pk).aggregate(sum=Sum("amount_minor"))["sum"]
    legal = LegalEntity.objects.of(order.branch)
    return {
        "received": _minute(payment.received_at, order.branch),
        "school": {
            "name": legal.name if legal else order.branch.name,
            "branch": order.branch.name,
            "supervised_account": legal.supervised_account if legal else "",
        },
        "payer": _payer(order),
        "items": [
            _receipt_item(item) for item in order.items.select_related("student", "course", "lot").order_by("pk")
        ],
        "order": {"total_minor": order.total_minor - order.forgiven_minor, "paid_minor": until_then},
        "amount_minor": payment.amount_minor,
        "method": payment.method,
        "reference": payment.reference,
        "received_by": payment.received_by.name,
        "replaces": replaces.number_text if replaces else "",
    }


def _minute(at, branch):
    return f"{at.astimezone(ZoneInfo(branch.time_zone)):%Y-%m-%d %H:%M}"


def _payer(order):
    """The guardian; of a family that the books do not name, the children."""
    if order.guardian:
        return order.guardian.name
    return "、".join(dict.fromkeys(order.items.order_by("pk").values_list("student__name", flat=True)))


def _receipt_item(item):
    lot = getattr(item, "lot", None)
    return {
        "student": item.student.name,
        "course": item.course.name,
        "paid_credits": plain_number(item.paid_credits),
        "gift_credits": plain_number(item.gift_credits),
        "amount_minor": item.amount_minor,
        "discount_minor": item.discount_minor,
        "valid_until": f"{lot.expires_date:%Y-%m-%d}" if lot and lot.expires_date else "",
    }


def plain_number(credits):
    """Lessons as people write them: 20, 7.5."""
    return number_format(credits.normalize() if credits % 1 else int(credits), use_l10n=False)


@transaction.atomic
def issue_contract(*, order, student, facts, by_hand, typed, by, now):
    """The service contract of an order for one child, with the next number: once, until it is made void.

    `facts` are the fields of the model contract (enrolments.contract_facts); `by_hand` the keys left to the pen;
    `typed` the keys that only this print carries. Raises ContractIncompleteError for any other empty field.
    """
    order = lock_order(order)
    if document := _standing(Kind.CONTRACT, order=order, student=student):
        return document
    if blanks := blanks_of(facts, by_hand=by_hand, typed=typed):
        raise ContractIncompleteError(blanks)
    legal = LegalEntity.objects.of(order.branch)
    own_terms = legal.own_terms if legal else ""
    _refuse_terms(own_terms)
    replaces = _last_void(Kind.CONTRACT, order=order, student=student)
    data = {
        "facts": facts,
        "by_hand": sorted(set(by_hand) - set(typed)),
        "own_terms": [line for line in own_terms.splitlines() if line.strip()],
        "replaces": replaces.number_text if replaces else "",
    }
    amount = order.items.filter(student=student).aggregate(sum=Sum("amount_minor"))["sum"] or 0
    about = {"order": order, "student": student, "amount_minor": amount, "replaces": replaces}
    return _issue(order.branch, Kind.CONTRACT, data, about, by=by, now=now)


def _refuse_terms(own_terms):
    for words, reason in barred_terms(own_terms):
        raise DocumentError(
            _("The school's own terms say “%(words)s”. %(reason)s Change them in the legal details.")
            % {"words": words, "reason": reason}
        )


@transaction.atomic
def void_document(*, document, reason, by, now):
    """A paper that is wrong stays, marked; the money behind it is not touched. Repeating it changes nothing."""
    if not reason.strip():
        raise DocumentError(_("Write why the document is made void."))
    standing = Document.objects.filter(pk=document.pk, voided_at__isnull=True)
    standing.update(voided_at=now, voided_by=by, void_reason=reason.strip())
    return Document.objects.get(pk=document.pk)


@transaction.atomic
def record_prints(*, documents):
    """Count a print of each. Returns {id: how many there were before}: none for the first, which is the original."""
    rows = Document.objects.filter(pk__in=[document.pk for document in documents])
    before = dict(rows.select_for_update(of=["self"]).order_by("pk").values_list("pk", "prints"))
    rows.update(prints=F("prints") + 1)
    return before


def _standing(kind, **about):
    return Document.objects.filter(kind=kind, voided_at__isnull=True, **about).first()


def _last_void(kind, **about):
    """The void one that nothing stands in the place of yet."""
    rows = Document.objects.filter(kind=kind, voided_at__isnull=False, replaced_by__isnull=True, **about)
    return rows.select_related("branch").order_by("-pk").first()


def _issue(branch, kind, data, about, *, by, now):
    year = local_date(now, branch.time_zone).year
    document = Document(
        branch=branch,
        kind=kind,
        year=year,
        number=_next_number(branch, kind, year),
        verify_code="".join(secrets.choice(CODE_ALPHABET) for _character in range(CODE_LENGTH)),
        issued_at=now,
        issued_by=by,
        **about,
    )
    document.data = {"number": document.number_text, "verify_code": document.verify_code} | data
    document.save(force_insert=True)
    return document


def _next_number(branch, kind, year):
    """Whoever comes next waits for the end of this transaction: a number that is rolled back is given again."""
    Numbering.objects.get_or_create(branch=branch, kind=kind, year=year)
    numbering = Numbering.objects.select_for_update().get(branch=branch, kind=kind, year=year)
    numbering.last_number += 1
    numbering.save(update_fields=["last_number"])
    return numbering.last_number
