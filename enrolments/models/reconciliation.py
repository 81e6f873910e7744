"""Statements of WeChat Pay, Alipay and banks, and what of them is in our books."""

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from branches.models import Branch, User
from enrolments.models.payments import Payment
from enrolments.models.refunds import Payout
from enrolments.models.wallet import WalletEntry
from enrolments.querysets import (
    PaymentAccountQuerySet,
    StatementImportQuerySet,
    StatementLineQuerySet,
    StatementMatchQuerySet,
)


class PaymentAccount(models.Model):
    """收款账户: where money of a branch arrives without passing over the desk, and whose statements are read.

    Of its number only the end and a digest are kept: enough to notice the file of another account. `columns` says
    which column of a bank's table means what, {field: title}; empty while its titles are understood by themselves.
    """

    class Kind(models.TextChoices):
        WECHAT = "wechat", _("WeChat Pay")
        ALIPAY = "alipay", _("Alipay")
        BANK = "bank", pgettext_lazy("account", "Bank")

    METHODS = {
        Kind.WECHAT: (Payment.Method.WECHAT,),
        Kind.ALIPAY: (Payment.Method.ALIPAY,),
        Kind.BANK: (Payment.Method.CARD, Payment.Method.TRANSFER),
    }

    branch = models.ForeignKey(Branch, models.PROTECT, related_name="payment_accounts", verbose_name=_("branch"))
    kind = models.CharField(_("kind"), max_length=10, choices=Kind)
    name = models.CharField(pgettext_lazy("account", "name"), max_length=50)
    number_end = models.CharField(_("last signs of its number"), max_length=4, blank=True)
    number_digest = models.CharField(max_length=64, blank=True)
    columns = models.JSONField(pgettext_lazy("statement", "columns"), default=dict, blank=True)

    objects = PaymentAccountQuerySet.as_manager()

    class Meta:
        verbose_name = _("payment account")
        verbose_name_plural = _("payment accounts")
        ordering = ["branch", "kind", "name"]
        constraints = [
            models.UniqueConstraint(
                fields=["branch", "kind", "name"],
                name="paymentaccount_name",
                violation_error_message=_("This branch has an account of this name already."),
            )
        ]

    def __str__(self):
        return self.name

    @property
    def methods(self):
        return self.METHODS[self.kind]


class StatementImport(models.Model):
    """A statement that was read. The file itself is not kept, nor is its name: it may be a person's."""

    account = models.ForeignKey(
        PaymentAccount, models.PROTECT, related_name="imports", verbose_name=_("payment account")
    )
    layout = models.CharField(_("kind of statement"), max_length=20)  # enrolments.bank_statements.layouts
    file_digest = models.CharField(max_length=64)  # SHA-256
    first_day = models.DateField(_("first day"))
    last_day = models.DateField(_("last day"))
    new_lines = models.PositiveIntegerField(_("new lines"))
    known_lines = models.PositiveIntegerField(_("lines known before"))
    passed_over = models.PositiveIntegerField(_("rows without money"))  # closed, failed, neither in nor out
    imported_at = models.DateTimeField(_("imported at"))
    imported_by = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name=_("imported by"))

    objects = StatementImportQuerySet.as_manager()

    class Meta:
        verbose_name = _("imported statement")
        verbose_name_plural = _("imported statements")
        ordering = ["-imported_at", "-pk"]
        constraints = [
            models.UniqueConstraint(fields=["account", "file_digest"], name="statementimport_once"),
            models.CheckConstraint(name="statementimport_days", condition=Q(last_day__gte=F("first_day"))),
        ]

    def __str__(self):
        return f"{self.account} {self.first_day} – {self.last_day}"

    @property
    def branch_id(self):
        return self.account.branch_id


class StatementLine(models.Model):
    """One movement of an account as the provider tells it, in fen: above zero came in, below zero went out.

    A fact of somebody else's: never changed and never removed. `key` is the provider's number with the amount, or a
    digest where a bank gives no number, so that a file read twice adds nothing. Of the payer only the first sign of
    the name is kept, to tell candidates apart; account numbers and user ids of payers are not read at all.
    """

    account = models.ForeignKey(PaymentAccount, models.PROTECT, related_name="lines", verbose_name=_("payment account"))
    statement = models.ForeignKey(
        StatementImport, models.PROTECT, related_name="lines", verbose_name=_("imported statement")
    )
    key = models.CharField(max_length=120)
    occurred_at = models.DateTimeField(_("occurred at"))
    has_time = models.BooleanField(default=True)  # a bank may tell the day only
    day = models.DateField(pgettext_lazy("statement", "day"))  # of the branch's clock
    amount_minor = models.IntegerField(_("amount"))
    reference = models.CharField(_("reference"), max_length=64, blank=True)  # the provider's own number
    other_references = models.CharField(max_length=200, blank=True)  # the merchant's number, the order of a refund
    payer = models.CharField(pgettext_lazy("statement", "payer"), max_length=10, blank=True)  # masked: 王**
    note = models.CharField(pgettext_lazy("statement", "note"), max_length=100, blank=True)

    objects = StatementLineQuerySet.as_manager()

    class Meta:
        verbose_name = _("statement line")
        verbose_name_plural = _("statement lines")
        ordering = ["occurred_at", "pk"]
        permissions = [("reconcile_payments", "Can reconcile payments with statements")]
        constraints = [
            models.UniqueConstraint(fields=["account", "key"], name="statementline_once"),
            models.CheckConstraint(name="statementline_moves", condition=~Q(amount_minor=0)),
        ]
        indexes = [models.Index(fields=["account", "day"], name="statementline_day")]

    def __str__(self):
        return f"{self.day} {self.amount_minor}"

    @property
    def branch_id(self):
        return self.account.branch_id

    @property
    def references(self):
        return [number for number in (self.reference, *self.other_references.split()) if number]


class StatementMatch(models.Model):
    """What a line is: a payment, a payout, a wallet's movement, or, set aside with a reason, none of ours.

    Kept for ever: a match that was wrong is undone by whoever says so, and the line is open again. The database
    refuses a second match of either side while one holds, and any match whose amounts or branches differ.
    """

    class Rule(models.TextChoices):
        REFERENCE = "reference", pgettext_lazy("match", "Same number")
        TIME = "time", pgettext_lazy("match", "Same amount and time")
        HAND = "hand", pgettext_lazy("match", "By hand")
        ASIDE = "aside", pgettext_lazy("match", "Set aside")

    line = models.ForeignKey(StatementLine, models.PROTECT, related_name="matches", verbose_name=_("statement line"))
    payment = models.ForeignKey(
        Payment, models.PROTECT, null=True, blank=True, related_name="matches", verbose_name=_("payment")
    )
    payout = models.ForeignKey(
        Payout,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="matches",
        verbose_name=pgettext_lazy("refund", "payout"),
    )
    wallet_entry = models.ForeignKey(
        WalletEntry, models.PROTECT, null=True, blank=True, related_name="matches", verbose_name=_("wallet entry")
    )
    rule = models.CharField(_("matched by"), max_length=10, choices=Rule)
    reason = models.CharField(pgettext_lazy("statement", "reason"), max_length=100, blank=True)
    matched_at = models.DateTimeField(_("matched at"))
    matched_by = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name=_("matched by"))
    undone_at = models.DateTimeField(_("undone at"), null=True, blank=True)
    undone_by = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("undone by")
    )

    objects = StatementMatchQuerySet.as_manager()

    class Meta:
        verbose_name = _("statement match")
        verbose_name_plural = _("statement matches")
        ordering = ["-matched_at", "-pk"]
        constraints = [
            *[
                models.UniqueConstraint(
                    fields=[side],
                    condition=Q(undone_at__isnull=True),
                    name=f"statementmatch_one_{name}",
                    violation_error_message=_("This was matched meanwhile: open the page anew."),
                )
                for side, name in [
                    ("line", "line"),
                    ("payment", "payment"),
                    ("payout", "payout"),
                    ("wallet_entry", "walletentry"),
                ]
            ],
            models.CheckConstraint(
                name="statementmatch_with_one",
                condition=(
                    Q(rule="aside", payment__isnull=True, payout__isnull=True, wallet_entry__isnull=True)
                    & ~Q(reason="")
                )
                | (
                    Q(reason="")
                    & ~Q(rule="aside")
                    & (
                        Q(payment__isnull=False, payout__isnull=True, wallet_entry__isnull=True)
                        | Q(payment__isnull=True, payout__isnull=False, wallet_entry__isnull=True)
                        | Q(payment__isnull=True, payout__isnull=True, wallet_entry__isnull=False)
                    )
                ),
            ),
            models.CheckConstraint(
                name="statementmatch_undone_by",
                condition=Q(undone_at__isnull=True, undone_by__isnull=True)
                | Q(undone_at__isnull=False, undone_by__isnull=False),
            ),
        ]

    def __str__(self):
        return f"{self.line} {self.get_rule_display()}"

    @property
    def branch_id(self):
        return self.line.account.branch_id

    @property
    def is_aside(self):
        return self.rule == self.Rule.ASIDE
