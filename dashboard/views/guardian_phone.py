"""A guardian's number, corrected where the failed message was found; what failed goes out again in the same step."""

import logging

from django.contrib import messages as notices
from django.db import transaction
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.generic import FormView
from django.views.generic.detail import SingleObjectMixin

from branches.pages import StaffPageMixin
from dashboard.forms import PhoneForm
from messaging.mending import failed_and_useful, send_all_again
from messaging.models import OutboundMessage
from parents.models import Guardian
from parents.services import PhoneTakenError, change_phone

access_log = logging.getLogger("access")


class GuardianPhoneView(StaffPageMixin, SingleObjectMixin, FormView):
    permission_required = "parents.change_guardian"
    template_name = "dashboard/guardian_phone.html"
    form_class = PhoneForm

    def dispatch(self, request, *args, **kwargs):
        if request.user.has_perm(self.permission_required):
            self.object = self.get_object()
        return super().dispatch(request, *args, **kwargs)

    def get_queryset(self):
        return Guardian.objects.visible_to(self.request.user)

    def failed(self):
        """Their messages that did not arrive and would still help."""
        visible = OutboundMessage.objects.visible_to(self.request.user)
        return failed_and_useful(visible, recipient=f"guardian:{self.object.pk}", now=timezone.now())

    def get_form_kwargs(self):
        return super().get_form_kwargs() | {"guardian": self.object}

    def get_context_data(self, **kwargs):
        access_log.info("phone of guardian %s seen by staff %s", self.object.pk, self.request.user.pk)
        context = super().get_context_data(
            title=_("Number of %(guardian)s") % {"guardian": self.object.name},
            guardian=self.object,
            students=self.object.students.visible_to(self.request.user),
            failed=self.failed().select_related("branch"),
            **kwargs,
        )
        del context["object"]  # the theme would lead back to the admin's lists
        return context

    def form_valid(self, form):
        try:
            again = self._change(form.cleaned_data["phone"])
        except PhoneTakenError as error:
            form.add_error("phone", str(error))
            return self.render_to_response(self.get_context_data(form=form, same_number=self._visible(error.other)))
        access_log.info("phone of guardian %s changed by staff %s", self.object.pk, self.request.user.pk)
        notices.success(self.request, _("The number is saved."))
        if again:
            said = ngettext("%(n)s message goes out within a minute.", "%(n)s messages go out within a minute.", again)
            notices.success(self.request, said % {"n": again})
        return redirect(f"{reverse('messages')}?state=todo")

    @transaction.atomic
    def _change(self, phone):
        """Returns how many messages are sent again."""
        change_phone(guardian=self.object, phone=phone, by=self.request.user)
        if "again" not in self.request.POST:
            return 0
        return send_all_again(messages=self.failed(), now=timezone.now())

    def _visible(self, guardian):
        """Whoever has the number already, with the children, if the colleague may know."""
        mine = self.get_queryset().filter(pk=guardian.pk).first()
        children = mine.students.visible_to(self.request.user) if mine else []
        return {"guardian": mine, "students": children}
