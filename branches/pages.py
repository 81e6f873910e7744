"""What every staff page outside the admin shares: sign-in, permission, the theme's frame."""

import datetime

from django.contrib import admin
from django.contrib.auth.mixins import PermissionRequiredMixin
from django.http import Http404
from django.shortcuts import get_object_or_404
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


class BranchMonthMixin(StaffPageMixin):
    """A page on a month of a branch where the permission holds: `branch`, and `month` as its first day."""

    def setup(self, request, *args, **kwargs):
        super().setup(request, *args, **kwargs)
        if not request.user.has_perm(self.permission_required):
            return
        self.branch = get_object_or_404(request.user.branches_with(self.permission_required), pk=kwargs["branch"])
        try:
            self.month = datetime.date(kwargs["year"], kwargs["month"], 1)
        except ValueError as error:
            raise Http404 from error
