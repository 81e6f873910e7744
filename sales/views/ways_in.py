"""The ways in, for managers: public forms with their posters, and systems that post by token."""

from functools import cached_property

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.generic import FormView, View

from branches.pages import StaffPageMixin
from core.clock import local_date
from sales.forms.ways_in import NewFormForm, NewSourceForm
from sales.models import EnquiryForm, EnquirySource
from sales.poster import poster_pdf
from sales.services.forms_and_sources import make_form, make_source, revoke_source, switch_form

PER_PAGE = 25


def link_of(form):
    return settings.PUBLIC_BASE_URL + reverse("public_form", args=[form.code])


class _BranchChoiceMixin(StaffPageMixin):
    """A page of one of the person's branches, chosen by ?branch=."""

    add_permission = ""

    @cached_property
    def branches(self):
        return list(self.request.user.branches_with(self.permission_required).order_by("name"))

    @cached_property
    def branch(self):
        chosen = self.request.GET.get("branch", "")
        branch = next((one for one in self.branches if str(one.pk) == chosen), next(iter(self.branches), None))
        if branch is None:
            raise Http404
        return branch

    @property
    def may_add(self):
        return self.request.user.has_perm(self.add_permission, self.branch)

    def post(self, request, *args, **kwargs):
        if not self.may_add:
            raise PermissionDenied
        return super().post(request, *args, **kwargs)

    def get_context_data(self, **kwargs):
        return super().get_context_data(branches=self.branches, branch=self.branch, may_add=self.may_add, **kwargs)


class EnquiryFormsView(_BranchChoiceMixin, FormView):
    title = gettext_lazy("Public forms")
    permission_required = "sales.view_enquiryform"
    add_permission = "sales.add_enquiryform"
    template_name = "sales/forms.html"
    form_class = NewFormForm

    def get_form_kwargs(self):
        today = local_date(timezone.now(), self.branch.time_zone)
        return super().get_form_kwargs() | {"branch": self.branch, "today": today}

    def form_valid(self, form):
        facts = {"branch": self.branch, "by": self.request.user, "now": timezone.now()}
        made = make_form(**form.cleaned_data, **facts)
        messages.success(self.request, _("The form is open: print its poster, or copy its link."))
        return redirect(f"{reverse('enquiry_forms')}?branch={made.branch_id}")

    def get_context_data(self, **kwargs):
        rows = EnquiryForm.objects.visible_to(self.request.user).filter(branch=self.branch)
        rows = rows.with_counts().select_related("channel", "campaign", "made_by")
        page = Paginator(rows, PER_PAGE).get_page(self.request.GET.get("page"))
        for row in page.object_list:
            row.link = link_of(row)
        may_switch = self.request.user.has_perm("sales.change_enquiryform", self.branch)
        return super().get_context_data(page_obj=page, may_switch=may_switch, **kwargs)


class _FormRowMixin(StaffPageMixin):
    def row(self):
        rows = EnquiryForm.objects.visible_to(self.request.user).select_related("branch")
        row = get_object_or_404(rows, pk=self.kwargs["pk"])
        if not self.request.user.has_perm(self.permission_required, row):
            raise PermissionDenied
        return row


class EnquiryFormSwitchView(_FormRowMixin, View):
    """Off, or on again."""

    http_method_names = ("post",)
    permission_required = "sales.change_enquiryform"

    def post(self, request, *args, **kwargs):
        row = self.row()
        switch_form(form=row, is_active=not row.is_active)
        if row.is_active:
            messages.success(request, _("The form is closed: whoever opens its link is told to call."))
        else:
            messages.success(request, _("The form is open again, at the same link."))
        return redirect(f"{reverse('enquiry_forms')}?branch={row.branch_id}")


class EnquiryFormPosterView(_FormRowMixin, View):
    permission_required = "sales.view_enquiryform"

    def get(self, request, *args, **kwargs):
        row = self.row()
        headers = {"Content-Disposition": f'inline; filename="poster-{row.code}.pdf"'}
        return HttpResponse(poster_pdf(row, link_of(row)), content_type="application/pdf", headers=headers)


class EnquirySourcesView(_BranchChoiceMixin, FormView):
    title = gettext_lazy("Systems that post enquiries")
    permission_required = "sales.view_enquirysource"
    add_permission = "sales.add_enquirysource"
    template_name = "sales/sources.html"
    form_class = NewSourceForm

    def get_form(self, form_class=None):
        form = super().get_form(form_class)
        if not self.request.user.is_owner:
            del form.fields["is_for_school"]
        return form

    def form_valid(self, form):
        """No redirect: the token is shown in this answer and never again."""
        data = form.cleaned_data
        branch = None if data.get("is_for_school") else self.branch
        facts = {"name": data["name"], "channel": data["channel"], "branch": branch}
        source, token = make_source(by=self.request.user, now=timezone.now(), **facts)
        return self.render_to_response(self.get_context_data(form=form, token=token, source=source))

    def get_context_data(self, **kwargs):
        user = self.request.user
        rows = EnquirySource.objects.visible_to(user).with_counts().select_related("channel", "branch", "made_by")
        page = Paginator(rows, PER_PAGE).get_page(self.request.GET.get("page"))
        for row in page.object_list:
            row.may_revoke = row.revoked_at is None and user.has_perm("sales.change_enquirysource", row)
        endpoint = f"{settings.PUBLIC_BASE_URL}/api/v1/enquiries"
        return super().get_context_data(page_obj=page, endpoint=endpoint, **kwargs)


class EnquirySourceRevokeView(StaffPageMixin, View):
    http_method_names = ("post",)
    permission_required = "sales.change_enquirysource"

    def post(self, request, *args, **kwargs):
        source = get_object_or_404(EnquirySource.objects.visible_to(request.user), pk=kwargs["pk"])
        if not request.user.has_perm(self.permission_required, source):
            raise PermissionDenied
        revoke_source(source=source, now=timezone.now())
        messages.success(request, _("The token was revoked: what %(name)s posts is refused.") % {"name": source})
        return redirect("enquiry_sources")
