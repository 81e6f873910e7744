"""Who is whose guardian: what the forms offer. A family may write another word in the back office."""

from django.utils.translation import gettext_lazy as _

RELATIONS = [_("Mother"), _("Father"), _("Grandparent"), _("Other")]
