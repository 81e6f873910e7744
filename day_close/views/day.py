"""One day of a branch in the evening: what is open, what came in, the cash counted, and who signs for it."""

from datetime import date, timedelta
from functools import cached_property

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.generic import TemplateView, View

from branches.pages import StaffPageMixin
from core.clock import local_date
from day_close.figures import Figures, changes_since
from day_close.forms import DayForm, SignOffForm, TakeBackForm
from day_close.models import DayClose
from day_close.pdf import day_close_pdf
from day_close.services import DayCloseError, NoteMissingError, sign_off, take_back_sign_off

VIEW = "day_close.view_dayclose"
SIGN = "day_close.sign_off"
TAKE_BACK = "day_close.take_back_sign_off"


class DayCloseTodayView(StaffPageMixin, View):
    """To a day of a branch: the chosen ones, else today's of the person's branch."""

    permission_required = VIEW
    http_method_names = ["get"]

    def get(self, request):
        branches = request.user.branches_with(self.permission_required)
        form = DayForm(request.GET, branches=branches)
        branch = form.chosen("branch") or branches.order_by("pk").first()
        if branch is None:
            raise Http404
        day = form.chosen("day") or local_date(timezone.now(), branch.time_zone)
        return redirect("day_close", branch.pk, f"{day:%Y-%m-%d}")


class DayCloseView(StaffPageMixin, TemplateView):
    """Before somebody signed the day as it stands now; afterwards as it was signed, with what changed since."""

    title = gettext_lazy("Close of the day")
    permission_required = VIEW
    template_name = "day_close/day.html"

    def setup(self, request, *args, **kwargs):
        super().setup(request, *args, **kwargs)
        if not self.has_permission():  # dispatch says so: the right comes before the object
            return
        self.now = timezone.now()
        self.branches = request.user.branches_with(self.permission_required)
        self.branch = get_object_or_404(self.branches, pk=kwargs["branch"])
        self.today = local_date(self.now, self.branch.time_zone)
        self.day = _day_of(kwargs["day"])
        if self.day > self.today:
            raise Http404

    @cached_property
    def standing(self):
        return self._closes().standing().first()

    @cached_property
    def figures(self):
        if self.standing:
            return Figures(**self.standing.figures)
        return Figures.of(self.branch, self.day, now=self.now)

    def _closes(self):
        closes = DayClose.objects.filter(branch=self.branch, day=self.day)
        return closes.select_related("branch", "signed_by", "withdrawn_by")

    @property
    def may_sign(self):
        return self.request.user.branches_with(SIGN).filter(pk=self.branch.pk).exists()

    def post(self, request, *args, **kwargs):
        if not self.may_sign:
            raise PermissionDenied
        form = SignOffForm(request.POST)
        if not form.is_valid():
            return self._again(form)
        try:
            sign_off(branch=self.branch, day=self.day, by=request.user, now=self.now, **form.facts)
        except NoteMissingError as error:
            form.add_error("note", str(error))
            return self._again(form)
        except DayCloseError as error:
            messages.error(request, str(error))
        else:
            messages.success(request, _("The day is signed. Go home."))
        return redirect("day_close", self.branch.pk, f"{self.day:%Y-%m-%d}")

    def _again(self, form):
        if self.standing:  # somebody signed meanwhile: their page says so
            return redirect("day_close", self.branch.pk, f"{self.day:%Y-%m-%d}")
        return self.render_to_response(self.get_context_data(form=form))

    def get_context_data(self, form=None, **url):
        context = super().get_context_data(
            branch=self.branch,
            branches=self.branches,
            day=self.day,
            is_today=self.day == self.today,
            before=self.day - timedelta(days=1),
            after=self.day + timedelta(days=1) if self.day < self.today else None,
            close=self.standing,
            figures=self.figures,
            lines=[{"line": line, "url": line.url(self.branch.pk)} for line in self.figures.lines],
            taken_back=[close for close in self._closes() if close.withdrawn_at],
        )
        return context | (self._signed() if self.standing else self._unsigned(form))

    def _signed(self):
        may_take_back = self.request.user.has_perm(TAKE_BACK, self.standing)
        return {"changes": changes_since(self.standing), "take_back_form": TakeBackForm() if may_take_back else None}

    def _unsigned(self, form):
        if not self.may_sign:
            return {}
        return {"form": form or SignOffForm(initial={"seen": self.figures.mark, "opening_cash": self._left_before()})}

    def _left_before(self):
        """What the drawer held in the morning of the last signed day: a school keeps the same change there."""
        closes = DayClose.objects.standing().filter(branch=self.branch, day__lt=self.day)
        return closes.order_by("-day").values_list("opening_cash_minor", flat=True).first() or 0


def _day_of(text):
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise Http404 from error


class _SignedMixin(StaffPageMixin):
    permission_required = VIEW

    def close(self):
        closes = DayClose.objects.visible_to(self.request.user)
        related = ("branch", "signed_by", "withdrawn_by")
        return get_object_or_404(closes.select_related(*related), pk=self.kwargs["pk"])


class DayClosePdfView(_SignedMixin, View):
    """The signed figures on paper, to be signed by hand and filed."""

    http_method_names = ["get"]

    def get(self, request, *args, **kwargs):
        close = self.close()
        headers = {"Content-Disposition": f'inline; filename="day-close-{close.branch_id}-{close.day:%Y-%m-%d}.pdf"'}
        return HttpResponse(day_close_pdf(close), content_type="application/pdf", headers=headers)


class DayCloseTakeBackView(_SignedMixin, View):
    permission_required = TAKE_BACK
    http_method_names = ["post"]

    def post(self, request, *args, **kwargs):
        close, form = self.close(), TakeBackForm(request.POST)
        if not request.user.has_perm(self.permission_required, close):
            raise PermissionDenied
        if form.is_valid():
            take_back_sign_off(close=close, reason=form.cleaned_data["reason"], by=request.user, now=timezone.now())
            messages.success(request, _("The day is open again; what was signed stays in its history."))
        else:
            messages.error(request, _("Write why the sign-off is taken back."))
        return redirect("day_close", close.branch_id, f"{close.day:%Y-%m-%d}")
