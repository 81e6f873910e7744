"""What the law wants to know of the school on its contracts and receipts."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from branches.contract_terms import validate_terms
from branches.credit_codes import validate_credit_code
from branches.models.places import Branch
from branches.querysets import LegalEntityQuerySet


class LegalEntity(models.Model):
    """办学主体: who enters into the contract with a family, as on its licences (GF-2021-2604).

    One without a branch stands for every branch that has none of its own. Fields may stay empty here; a contract
    is refused while one that it needs is (enrolments.contract_facts).
    """

    class Supervision(models.TextChoices):
        """How the prepaid money is kept safe; the contract ticks one."""

        CUSTODY = "custody", pgettext_lazy("supervision", "Bank custody")
        DEPOSIT = "deposit", pgettext_lazy("supervision", "Risk deposit")

    branch = models.OneToOneField(
        Branch,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="legal_entity",
        verbose_name=_("branch"),
        help_text=_("Empty: for all branches without one of their own."),
    )
    name = models.CharField(_("full name"), max_length=100, help_text=_("As on the licence."))
    address = models.CharField(_("registered address"), max_length=200, blank=True)
    credit_code = models.CharField(_("credit code"), max_length=18, blank=True, validators=[validate_credit_code])
    approving_authority = models.CharField(_("approving authority"), max_length=100, blank=True)
    registering_authority = models.CharField(_("registering authority"), max_length=100, blank=True)
    registration_expires_date = models.DateField(_("registration valid until"), null=True, blank=True)
    registration_is_unlimited = models.BooleanField(_("registration without an end"), default=False)
    licence_number = models.CharField(_("teaching licence no."), max_length=50, blank=True)
    licence_expires_date = models.DateField(_("teaching licence valid until"), null=True, blank=True)
    teaches_online = models.BooleanField(_("teaches online"), default=False)
    icp_number = models.CharField(_("ICP number"), max_length=50, blank=True, help_text=_("For lessons online only."))
    contact_name = models.CharField(_("contact"), max_length=50, blank=True)
    contact_phone = models.CharField(_("contact's phone"), max_length=20, blank=True)
    supervision = models.CharField(_("supervision of prepaid money"), max_length=10, choices=Supervision, blank=True)
    supervised_account = models.CharField(
        _("supervised account"), max_length=100, blank=True, help_text=_("Bank and number, as they go on receipts.")
    )
    refund_days_before = models.PositiveSmallIntegerField(
        _("full refund before the first lesson"),
        null=True,
        blank=True,
        help_text=_("Who leaves so many days before the class opens gets everything back. 0: until the day before."),
    )
    own_terms = models.TextField(
        _("our own terms"),
        blank=True,
        max_length=3000,
        validators=[validate_terms],
        help_text=_("Added at the end of each contract, one paragraph a line."),
    )

    objects = LegalEntityQuerySet.as_manager()

    class Meta:
        verbose_name = _("legal details")
        verbose_name_plural = _("legal details")
        ordering = ["branch__name"]
        constraints = [
            models.UniqueConstraint(
                models.Value(1),
                condition=Q(branch__isnull=True),
                name="legalentity_one_for_all",
                violation_error_message=_("There are legal details for all branches already."),
            ),
            models.CheckConstraint(
                name="legalentity_registration_ends_or_not",
                condition=Q(registration_is_unlimited=False) | Q(registration_expires_date__isnull=True),
                violation_error_message=_("The registration has an end or has none; not both."),
            ),
        ]

    def __str__(self):
        return self.name
