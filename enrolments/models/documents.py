"""Papers with a number: receipts, contracts, statements; and what families ask invoices for."""

from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from branches.credit_codes import validate_credit_code
from branches.models import Branch, User
from enrolments.models.orders import Order
from enrolments.models.payments import Payment
from enrolments.querysets import DocumentQuerySet, InvoiceRequestQuerySet
from students.models import Student


class DocumentKind(models.TextChoices):
    RECEIPT = "receipt", pgettext_lazy("document", "Receipt")
    CONTRACT = "contract", pgettext_lazy("document", "Contract")
    STATEMENT = "statement", pgettext_lazy("document", "Statement")


class Numbering(models.Model):
    """The last number given: locked while a paper is issued, so that none is left out or given twice."""

    branch = models.ForeignKey(Branch, models.PROTECT, related_name="numberings")
    kind = models.CharField(max_length=10, choices=DocumentKind)
    year = models.PositiveSmallIntegerField()  # of the branch's wall clock
    last_number = models.PositiveIntegerField(default=0)

    class Meta:
        verbose_name = _("numbering")
        verbose_name_plural = _("numberings")
        constraints = [models.UniqueConstraint(fields=["branch", "kind", "year"], name="numbering_once")]

    def __str__(self):
        return f"{self.kind} {self.year} {self.last_number}"


class Document(models.Model):
    """A paper as it was issued. What stands on it is `data` and never changes (enrolments.guards).

    A wrong one is made void and stays; the one in its place names it (`replaces`).
    """

    Kind = DocumentKind
    PREFIXES = {DocumentKind.RECEIPT: "SJ", DocumentKind.CONTRACT: "HT", DocumentKind.STATEMENT: "DZ"}

    branch = models.ForeignKey(Branch, models.PROTECT, related_name="documents", verbose_name=_("branch"))
    kind = models.CharField(_("kind"), max_length=10, choices=DocumentKind)
    year = models.PositiveSmallIntegerField(_("year"))
    number = models.PositiveIntegerField(_("number"))
    order = models.ForeignKey(
        Order, models.PROTECT, null=True, blank=True, related_name="documents", verbose_name=_("order")
    )
    payment = models.ForeignKey(
        Payment, models.PROTECT, null=True, blank=True, related_name="documents", verbose_name=_("payment")
    )
    student = models.ForeignKey(
        Student, models.PROTECT, null=True, blank=True, related_name="documents", verbose_name=_("student")
    )
    amount_minor = models.IntegerField(_("amount"))
    data = models.JSONField(_("content"))
    verify_code = models.CharField(_("code to check it"), max_length=16, unique=True)
    issued_at = models.DateTimeField(_("issued at"))
    issued_by = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name=_("issued by"))
    prints = models.PositiveIntegerField(_("times printed"), default=0)
    voided_at = models.DateTimeField(_("void since"), null=True, blank=True)
    voided_by = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("made void by")
    )
    void_reason = models.CharField(_("reason"), max_length=200, blank=True)
    replaces = models.OneToOneField(
        "self", models.PROTECT, null=True, blank=True, related_name="replaced_by", verbose_name=_("in place of")
    )

    objects = DocumentQuerySet.as_manager()

    class Meta:
        verbose_name = _("document")
        verbose_name_plural = _("documents")
        ordering = ["-issued_at", "-pk"]
        permissions = [("void_document", "Can make a document void")]
        constraints = [
            models.UniqueConstraint(fields=["branch", "kind", "year", "number"], name="document_number"),
            models.UniqueConstraint(
                fields=["payment"],
                condition=Q(kind="receipt", voided_at__isnull=True),
                name="document_one_receipt",
                violation_error_message=_("This payment has a receipt already."),
            ),
            models.UniqueConstraint(
                fields=["order", "student"],
                condition=Q(kind="contract", voided_at__isnull=True),
                name="document_one_contract",
                violation_error_message=_("There is a contract for this child and this order already."),
            ),
            models.CheckConstraint(
                name="document_is_about",
                condition=Q(kind="receipt", order__isnull=False, payment__isnull=False)
                | Q(kind="contract", order__isnull=False, student__isnull=False)
                | Q(kind="statement", student__isnull=False),
            ),
            models.CheckConstraint(
                name="document_void_with_reason",
                condition=Q(voided_at__isnull=True, voided_by__isnull=True, void_reason="")
                | (Q(voided_at__isnull=False, voided_by__isnull=False) & ~Q(void_reason="")),
            ),
        ]
        indexes = [models.Index(fields=["branch", "kind", "issued_at"], name="document_of_a_day")]

    def __str__(self):
        return self.number_text

    def get_absolute_url(self):
        return reverse("document", args=[self.pk])

    @property
    def number_text(self):
        """SJ-yinzhou-2026-00012: the branch is part of it, for each counts by itself."""
        return f"{self.PREFIXES[self.kind]}-{self.branch.code}-{self.year}-{self.number:05d}"

    @property
    def is_valid(self):
        """Not made void, and the money it is about was not taken back."""
        return self.voided_at is None and not (self.payment and hasattr(self.payment, "reversed_by"))


class InvoiceRequest(models.Model):
    """发票申请: a family wants an invoice; it is issued outside this system, and its number written here.

    When money of it goes back, the invoice has to be reversed (红冲) before the books are right again.
    """

    class State(models.TextChoices):
        REQUESTED = "requested", pgettext_lazy("invoice", "To be issued")
        ISSUED = "issued", pgettext_lazy("invoice", "Issued")
        REVERSAL_NEEDED = "reversal_needed", pgettext_lazy("invoice", "To be reversed")
        REVERSED = "reversed", pgettext_lazy("invoice", "Reversed")
        WITHDRAWN = "withdrawn", pgettext_lazy("invoice", "Withdrawn")

    class Title(models.TextChoices):
        PERSON = "person", pgettext_lazy("invoice", "Person")
        COMPANY = "company", pgettext_lazy("invoice", "Company")

    order = models.ForeignKey(Order, models.PROTECT, related_name="invoice_requests", verbose_name=_("order"))
    title_kind = models.CharField(_("kind of title"), max_length=10, choices=Title, default=Title.PERSON)
    title = models.CharField(_("invoice title"), max_length=100)
    tax_number = models.CharField(_("tax number"), max_length=18, blank=True, validators=[validate_credit_code])
    amount_minor = models.PositiveIntegerField(_("amount"))
    state = models.CharField(_("state"), max_length=20, choices=State, default=State.REQUESTED)
    invoice_number = models.CharField(_("invoice no."), max_length=30, blank=True)
    reversal_number = models.CharField(_("no. of the reversal"), max_length=30, blank=True)
    reversal_reason = models.CharField(_("reason of the reversal"), max_length=200, blank=True)
    requested_at = models.DateTimeField(_("requested at"))
    requested_by = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name=_("requested by"))
    issued_at = models.DateTimeField(_("issued at"), null=True, blank=True)
    reversed_at = models.DateTimeField(_("reversed at"), null=True, blank=True)
    handled_by = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("handled by")
    )
    token = models.CharField(_("token"), max_length=64, unique=True)  # a double click asks once

    objects = InvoiceRequestQuerySet.as_manager()

    class Meta:
        verbose_name = _("invoice request")
        verbose_name_plural = _("invoice requests")
        ordering = ["requested_at", "pk"]
        constraints = [
            models.CheckConstraint(name="invoicerequest_amount", condition=Q(amount_minor__gt=0)),
            models.CheckConstraint(
                name="invoicerequest_company_has_number",
                condition=Q(title_kind="person") | ~Q(tax_number=""),
                violation_error_message=_("A company's invoice needs its tax number."),
            ),
            models.CheckConstraint(
                name="invoicerequest_numbers",
                condition=Q(state__in=["requested", "withdrawn"], invoice_number="", reversal_number="")
                | (Q(state__in=["issued", "reversal_needed"], reversal_number="") & ~Q(invoice_number=""))
                | (Q(state="reversed") & ~Q(invoice_number="") & ~Q(reversal_number="")),
            ),
        ]

    def __str__(self):
        return f"{self.title} {self.get_state_display()}"

    @property
    def branch_id(self):
        """An invoice belongs to the order's branch, for permissions."""
        return self.order.branch_id
