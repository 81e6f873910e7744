"""More lessons of a class, or fewer: what that comes to is shown on the page of its times, and then done."""

from django.contrib import messages
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from scheduling.forms import LengthForm
from scheduling.services import ScheduleError, change_length
from scheduling.services.length_preview import preview_length
from scheduling.views.classes_times import REFUSALS, ClassTimesView


class ClassLengthView(ClassTimesView):
    """POST shows which lessons are added or fall away, and with action=change does it."""

    http_method_names = ("post",)

    def post(self, request, *args, **kwargs):
        form = LengthForm(request.POST)
        if "X-Fragment" in request.headers:
            return render(request, "scheduling/class_length_preview.html", self._length(form))
        if request.POST.get("action") == "change" and form.is_valid():
            return self._change_length(form)
        return self._page(*self._forms(), **self._length(form))

    def _length(self, form):
        """What would change, counted; or the sentence why nothing would."""
        shown = {"length_form": form, "group": self.group}
        if not form.is_valid():
            return shown
        try:
            total = form.cleaned_data["lessons_total"]
            length = preview_length(class_group=self.group, lessons_total=total, now=self.now)
        except ScheduleError as error:
            return shown | {"length_refusal": str(error)}
        return shown | {"length": length, "is_same_length": length is None}

    def _change_length(self, form):
        facts = {"class_group": self.group, "by": self.request.user, "now": self.now, **form.cleaned_data}
        try:
            change_length(**facts)
        except REFUSALS as error:
            return self._page(*self._forms(), **self._length(form), length_error=str(error))
        text = _("%(class)s has %(number)d lessons in all.")
        messages.success(self.request, text % {"class": self.group, "number": form.cleaned_data["lessons_total"]})
        return redirect("class_detail", pk=self.group.pk)
