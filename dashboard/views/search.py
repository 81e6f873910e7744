from functools import cached_property

from django.db.models import Prefetch
from django.utils.translation import gettext_lazy as _
from django.views.generic import ListView

from branches.pages import StaffPageMixin
from enrolments.models import Enrolment
from scheduling.models import ClassGroup
from students.custom_fields import put_cells
from students.forms import CustomFilterForm
from students.models import Enquiry, Student


class SearchView(StaffPageMixin, ListView):
    """One box for everything a person may see; without a text it lists the students."""

    title = _("Students")
    permission_required = "students.view_student"
    template_name = "dashboard/search.html"
    paginate_by = 30

    def get_queryset(self):
        user, text = self.request.user, self.text
        students = Student.objects.visible_to(user).with_guardians()
        enrolments = Enrolment.objects.visible_to(user).select_related("course", "branch")
        found = self.custom.narrow(students.matching(text) if text else students)
        return found.prefetch_related(Prefetch("enrolments", enrolments.order_by("pk"), to_attr="accounts"))

    @cached_property
    def custom(self):
        return CustomFilterForm(self.request.GET, target="student", form_id="student-filters")

    @property
    def text(self):
        return self.request.GET.get("q", "").strip()[:50]

    def get_context_data(self, **kwargs):
        context = super().get_context_data(
            search_text=self.text, class_groups=self._class_groups(), enquiries=self._enquiries(), **kwargs
        )
        columns = put_cells(context["object_list"], self.custom.shown)
        return context | {"custom": self.custom, "custom_columns": columns}

    def _class_groups(self):
        if not self.text:
            return []
        groups = ClassGroup.objects.visible_to(self.request.user).filter(name__icontains=self.text)
        return groups.select_related("branch", "teacher").with_counts()[:8]

    def _enquiries(self):
        if not self.text:
            return []
        enquiries = Enquiry.objects.visible_to(self.request.user).open().matching(self.text)
        return enquiries.select_related("course", "branch")[:8]
