"""What every staff page outside the admin shares: sign-in, permission, the theme's frame."""

from django.contrib import admin
from django.contrib.auth.mixins import PermissionRequiredMixin
from django.views.generic.base import ContextMixin


class StaffPageMixin(PermissionRequiredMixin, ContextMixin):
    """A page in the theme's frame. `permission_required` must hold in some branch of the person.

    Nobody signed in goes to the sign-in page; a missing permission is 403. Which rows the page
    shows is the business of `visible_to`.
    """

    title = ""

    def get_context_data(self, **kwargs):
        context = admin.site.each_context(self.request)
        return super().get_context_data(**{**context, "title": self.title, **kwargs})
