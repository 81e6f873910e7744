from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.generic import TemplateView

from branches.pages import StaffPageMixin
from core.health import read_all
from messaging.sender_health import sender_health


class HealthView(StaffPageMixin, TemplateView):
    """The figures of /healthz/jobs for people: what is not well, and what to do about it."""

    title = _("State of the system")
    permission_required = "core.view_health"
    template_name = "dashboard/health.html"

    def get_context_data(self, **kwargs):
        now = timezone.now()
        readings = sorted(read_all(now), key=lambda reading: reading.is_well)
        return super().get_context_data(readings=readings, senders=sender_health(now), **kwargs)
