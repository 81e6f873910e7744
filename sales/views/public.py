"""What a family sees that scanned a poster: a form of four fields, and thanks. Nobody signs in here."""

from django.conf import settings
from django.http import HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from django.utils.cache import add_never_cache_headers
from django.views.generic import FormView, TemplateView
from django.views.generic.base import TemplateResponseMixin

from core.addresses import client_address
from sales.forms.ways_in import PublicForm
from sales.models import EnquiryForm
from sales.services.limits import TooManyError, count_request
from sales.services.ways_in import Asked, Consent, form_id, receive_enquiry


class _PublicMixin(TemplateResponseMixin):
    """In nobody's cache and in no search engine; a form that was switched off says so."""

    def setup(self, request, *args, **kwargs):
        super().setup(request, *args, **kwargs)
        forms = EnquiryForm.objects.select_related("branch", "channel", "campaign", "consent_text")
        self.form_row = get_object_or_404(forms, code=kwargs["code"])

    def dispatch(self, request, *args, **kwargs):
        if self.form_row.is_active:
            response = super().dispatch(request, *args, **kwargs)
        else:
            response = self.say("closed", status=410)
        add_never_cache_headers(response)
        response["X-Robots-Tag"] = "noindex, nofollow"
        return response

    def say(self, word, **more):
        """Another page than the form's own: thanks, closed, busy."""
        context = {"row": self.form_row, "word": word}
        return self.response_class(self.request, "sales/public_word.html", context, using=self.template_engine, **more)

    def get_context_data(self, **kwargs):
        return super().get_context_data(row=self.form_row, **kwargs)


class PublicFormView(_PublicMixin, FormView):
    form_class = PublicForm
    template_name = "sales/public_form.html"

    def post(self, request, *args, **kwargs):
        try:
            self._count()
        except TooManyError as error:
            return self.say("busy", status=429, headers={"Retry-After": str(error.seconds)})
        return super().post(request, *args, **kwargs)

    def _count(self):
        now, address = timezone.now(), client_address(self.request)
        count_request(what=f"form-address:{address}", limit=settings.FORM_SENDS_PER_ADDRESS, now=now)
        count_request(what=f"form:{self.form_row.pk}", limit=settings.FORM_SENDS_PER_FORM, now=now)

    def form_valid(self, form):
        """A robot that filled what nobody sees is thanked like a family, and forgotten."""
        if not form.cleaned_data["website"]:
            self._receive(form.cleaned_data)
        return HttpResponseRedirect(reverse("public_form_thanks", args=[self.form_row.code]))

    def _receive(self, data):
        row, now = self.form_row, timezone.now()
        asked = Asked(data["child_name"], data["phone"], data["course"], data["guardian_name"])
        receive_enquiry(
            way=row,
            external_id=form_id(data["token"], asked),
            branch=row.branch,
            asked=asked,
            consent=Consent(row.consent_text.version, now, row.consent_text),
            campaign=row.campaign,
            now=now,
        )


class PublicFormThanksView(_PublicMixin, TemplateView):
    """The same for everybody, whoever they are and whatever is known of them."""

    def get(self, request, *args, **kwargs):
        return self.say("thanks")
