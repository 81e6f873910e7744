"""Two enquiries of one child: found, put side by side, merged, and parted again."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.generic import ListView, TemplateView

from branches.pages import StaffPageMixin
from sales.forms.merge import MergeForm
from sales.models import EnquiryMerge
from sales.services.merging import MergeError, in_order, merge_enquiries, why_not_merge
from sales.services.unmerging import ChangedSinceError, unmerge_enquiries
from sales.twins import RELATED, comparison, counts_of, facts, later_twins, twins_of, with_earlier
from sales.views.enquiry import EnquiryMixin
from students.models import Enquiry

MERGE = "students.merge_enquiry"
FOUND = 10


class EnquiryMergeView(EnquiryMixin, TemplateView):
    """First the other one: of the same phone, or found by a search, whose words stay out of the address (POST).

    Then both side by side (?with=17); the button there merges.
    """

    permission_required = MERGE
    template_name = "sales/merge.html"

    @cached_property
    def other(self):
        chosen = self.request.POST.get("other") or self.request.GET.get("with", "")
        return self._other(chosen) if chosen.isdecimal() else None

    def _other(self, pk):
        enquiries = Enquiry.objects.visible_to(self.request.user).select_related(*RELATED)
        other = get_object_or_404(enquiries, pk=pk)
        if not self.request.user.has_perm(MERGE, other):
            raise PermissionDenied
        return other

    def post(self, request, *args, **kwargs):
        form = MergeForm(request.POST)
        if "q" in request.POST or not (self.other and form.is_valid()):
            return self.render_to_response(self.get_context_data())
        kept, merged = in_order(self.enquiry, self.other)
        try:
            merge_enquiries(kept=kept, merged=merged, choices=form.choices, by=request.user, now=self.now)
        except MergeError as error:
            messages.error(request, str(error))
            return redirect(reverse("enquiry_merge", args=[self.enquiry.pk]))
        messages.success(request, _("Merged. Wrong? It can be undone here for 30 days."))
        return redirect("enquiry", kept.pk)

    def get_context_data(self, **kwargs):
        context = super().get_context_data(
            title=_("Merge %(child)s with another enquiry") % {"child": self.enquiry}, enquiry=self.enquiry, **kwargs
        )
        return context | (self._both() if self.other else self._candidates())

    def _both(self):
        user = self.request.user
        kept, merged = in_order(self.enquiry, self.other)
        return {
            "kept": kept,
            "merged": merged,
            "refusal": why_not_merge(kept, merged),
            "rows": comparison(kept, merged),
            "facts": facts(kept, merged),
            "counts": zip(counts_of(kept, user), counts_of(merged, user), strict=True),
        }

    def _candidates(self):
        text = self.request.POST.get("q", "").strip()[:50]
        found = Enquiry.objects.visible_to(self.request.user).exclude(pk=self.enquiry.pk).select_related(*RELATED)
        return {
            "text": text,
            "twins": twins_of(self.enquiry, self.request.user)[:FOUND],
            "found": found.matching(text)[:FOUND] if text else None,
        }


class EnquiryUnmergeView(StaffPageMixin, TemplateView):
    """The button that parts them again. What was changed since is named, and the rest is one more click."""

    permission_required = MERGE
    template_name = "sales/unmerge.html"
    http_method_names = ["post"]

    def setup(self, request, *args, **kwargs):
        super().setup(request, *args, **kwargs)
        if not self.has_permission():  # dispatch says so: the right comes before the object
            return
        merges = EnquiryMerge.objects.visible_to(request.user).select_related("kept__branch", "merged__branch")
        self.merge = get_object_or_404(merges, pk=kwargs["pk"])
        if not request.user.has_perm(MERGE, self.merge.kept):
            raise PermissionDenied

    def post(self, request, *args, **kwargs):
        leaves = "leaves_changed" in request.POST
        try:
            unmerge_enquiries(merge=self.merge, by=request.user, now=timezone.now(), leaves_changed=leaves)
        except ChangedSinceError as error:
            title = _("Undo the merge of %(child)s") % {"child": self.merge.merged}
            return self.render_to_response(self.get_context_data(title=title, merge=self.merge, error=error))
        except MergeError as error:
            messages.error(request, str(error))
        else:
            messages.success(request, _("%(child)s stands by itself again.") % {"child": self.merge.merged})
        return redirect("enquiry", self.merge.kept_id)


class EnquiryDuplicatesView(StaffPageMixin, ListView):
    """Open enquiries of a phone that asked before. Of the same child; ?name=any: brothers and sisters too."""

    title = gettext_lazy("Possible duplicates")
    permission_required = MERGE
    template_name = "sales/duplicates.html"
    paginate_by = 50

    @property
    def of_one_name(self):
        return self.request.GET.get("name") != "any"

    def get_queryset(self):
        twins = later_twins(self.request.user, of_one_name=self.of_one_name)
        return twins.select_related("branch", "owner", "channel").order_by("-registered_date", "-pk")

    def get_context_data(self, **kwargs):
        context = super().get_context_data(of_one_name=self.of_one_name, **kwargs)
        page = list(context["page_obj"].object_list)
        context["pairs"] = with_earlier(page, self.request.user, of_one_name=self.of_one_name)
        return context
