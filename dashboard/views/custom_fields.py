"""The custom fields of the school: their order, and one of them."""

from django.contrib import messages
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.generic import FormView, TemplateView, View

from branches.pages import StaffPageMixin
from dashboard.custom_field_forms import CustomFieldForm, StepForm
from students.models import CustomField
from students.services import (
    CustomFieldError,
    add_custom_field,
    change_custom_field,
    count_choices,
    count_values,
    has_values,
    move_custom_field,
    restore_custom_field,
    retire_custom_field,
)


class CustomFieldListView(StaffPageMixin, TemplateView):
    title = gettext_lazy("Custom fields")
    permission_required = "students.change_customfield"
    template_name = "dashboard/custom_fields.html"

    def get_context_data(self, **kwargs):
        fields = CustomField.objects.prefetch_related("choices")
        return super().get_context_data(
            custom_fields=[field for field in fields if field.is_active],
            retired=[field for field in fields if not field.is_active],
            **kwargs,
        )


class _FieldFormView(StaffPageMixin, FormView):
    template_name = "dashboard/custom_field.html"
    form_class = CustomFieldForm

    def form_valid(self, form):
        try:
            self.save(form)
        except CustomFieldError as error:
            form.add_error(None, str(error))
            return self.form_invalid(form)
        messages.success(self.request, _("“%(field)s” was saved.") % {"field": form.cleaned_data["label"]})
        return redirect("custom_fields")


class CustomFieldNewView(_FieldFormView):
    title = gettext_lazy("New custom field")
    permission_required = "students.add_customfield"

    def save(self, form):
        add_custom_field(choices=form.new_choices, **form.facts)


class CustomFieldView(_FieldFormView):
    permission_required = "students.change_customfield"

    def setup(self, request, *args, **kwargs):
        super().setup(request, *args, **kwargs)
        if self.has_permission():
            self.field = get_object_or_404(CustomField.objects.prefetch_related("choices"), pk=kwargs["pk"])

    def get_form_kwargs(self):
        return super().get_form_kwargs() | {"field": self.field, "locked": has_values(self.field)}

    def get_context_data(self, **kwargs):
        return super().get_context_data(
            title=self.field.label,
            custom_field=self.field,
            counts=count_values(self.field),
            choice_counts=count_choices(self.field),
            **kwargs,
        )

    def save(self, form):
        change_custom_field(field=self.field, choices=form.changed_choices, more_choices=form.new_choices, **form.facts)


class CustomFieldStepView(StaffPageMixin, View):
    """A button of a field: POST step=…, and back to the list."""

    permission_required = "students.change_customfield"
    http_method_names = ["post"]

    def post(self, request, pk):
        field = get_object_or_404(CustomField, pk=pk)
        form = StepForm(request.POST)
        if form.is_valid():
            try:
                self._take(form.cleaned_data["step"], field)
            except CustomFieldError as error:
                messages.error(request, str(error))
        return redirect("custom_fields")

    def _take(self, step, field):
        if step == "retire":
            retire_custom_field(field=field)
            said = _("“%(field)s” is hidden now. Its values are kept.")
            messages.success(self.request, said % {"field": field})
        elif step == "restore":
            restore_custom_field(field=field)
        else:
            move_custom_field(field=field, is_up=step == "up")
