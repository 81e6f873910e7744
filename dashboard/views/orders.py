"""An order, and the list of orders."""

from functools import cached_property

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import Prefetch
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import pgettext_lazy
from django.views.generic import ListView, TemplateView, View

from branches.pages import StaffPageMixin
from core.clock import local_date
from core.money import yuan
from core.workbook import workbook_response
from dashboard.order_forms import ConfirmForm, OrderFilterForm, PaymentForm, ReasonForm
from dashboard.order_workbook import orders_workbook
from dashboard.orders import STATES, sell, sums_of
from enrolments.models import Order, OrderItem, Payment
from enrolments.services import (
    OrderError,
    PaymentError,
    PrepaymentError,
    WalletError,
    cancel_order,
    remove_item,
    take_back_payment,
    take_payment,
    void_order,
)
from scheduling.clashes import LessonClashError
from scheduling.models import ClassGroup
from scheduling.services import ScheduleError
from students.models import Student


class OrderView(StaffPageMixin, TemplateView):
    """One order: its lines, what was paid and by whom, what is still owing, and what may be done with it now."""

    permission_required = "enrolments.view_order"
    template_name = "dashboard/order.html"
    ACTIONS = {
        "confirm": "enrolments.add_order",
        "remove": "enrolments.add_order",
        "cancel": "enrolments.add_order",
        "pay": "enrolments.add_payment",
        "take_back": "enrolments.take_back_payment",
        "void": "enrolments.void_order",
    }

    def setup(self, request, *args, **kwargs):
        super().setup(request, *args, **kwargs)
        if not self.has_permission():  # dispatch says so: the right comes before the object
            return
        orders = Order.objects.visible_to(request.user).select_related("branch", "guardian", "created_by")
        self.order = get_object_or_404(orders.select_related("confirmed_by"), pk=kwargs["pk"])
        self.now = timezone.now()

    def post(self, request, *args, **kwargs):
        action = request.POST.get("action", "")
        if action not in self.ACTIONS:
            return redirect("order", pk=self.order.pk)
        if not request.user.has_perm(self.ACTIONS[action], self.order):
            raise PermissionDenied
        return getattr(self, f"_{action}")()

    def get_context_data(self, **kwargs):
        user, order = self.request.user, self.order
        may = {action: user.has_perm(permission, order) for action, permission in self.ACTIONS.items()}
        context = {
            "title": _("Order %(order)s") % {"order": order},
            "order": order,
            "items": self._items(),
            "payments": self._payments(),
            "passed_rules": order.passed_rules.select_related("by"),
            "siblings": self._siblings(),
            "today": local_date(self.now, order.branch.time_zone),
            "may": may,
        }
        if order.status == Order.Status.DRAFT and may["confirm"]:
            context["form"] = ConfirmForm(guardian=order.guardian)
        if order.owing_minor and may["pay"]:
            context["pay_form"] = PaymentForm(order=order)
        return super().get_context_data(**context | kwargs)

    def _items(self):
        items = self.order.items.select_related("student", "course", "package", "discount", "lot__enrolment")
        items = list(items.order_by("pk"))
        ids = {item.class_reference.removeprefix("class:") for item in items if item.class_reference}
        groups = {f"class:{group.pk}": group for group in ClassGroup.objects.filter(pk__in=ids)}
        for item in items:
            item.class_group = groups.get(item.class_reference)
        return items

    def _payments(self):
        payments = self.order.payments.select_related("received_by", "reverses")
        return payments.select_related("reversed_by").order_by("received_at", "pk")

    def _siblings(self):
        """Whom a line may be added for with one click: the children of the order and of its family."""
        children = Student.objects.visible_to(self.request.user)
        own = children.filter(order_items__order=self.order)
        if self.order.guardian:
            own |= children.filter(guardians=self.order.guardian)
        return own.distinct()

    # --- what is done with it ---

    def _confirm(self):
        form = ConfirmForm(self.request.POST, guardian=self.order.guardian)
        if not form.is_valid():
            return self._again(form=form)
        data = form.cleaned_data
        try:
            sell(
                order=self.order,
                tenders=form.tenders(self.order.total_minor),
                by=self.request.user,
                now=self.now,
                token=data["token"],
                pass_reason=data["pass_reason"],
                due_date=data["due_date"],
                with_classes="without_class" not in self.request.POST,
            )
        except PrepaymentError as error:
            return self._again(form=form, refused=error)
        except (LessonClashError, ScheduleError) as error:
            form.add_error(None, str(error))
            return self._again(form=form, without_class=True)
        except (OrderError, PaymentError, WalletError) as error:
            form.add_error(None, str(error))
            return self._again(form=form)
        return self._done(_("Confirmed."))

    def _pay(self):
        form = PaymentForm(self.request.POST, order=self.order)
        if not form.is_valid():
            if Payment.objects.filter(order=self.order, token=self.request.POST.get("token", "")).exists():
                return redirect("order", pk=self.order.pk)  # a double click: it has been taken
            return self._again(pay_form=form)
        data = form.cleaned_data
        try:
            take_payment(
                order=self.order,
                method=data["method"],
                amount_minor=data["amount"],
                reference=data["reference"],
                by=self.request.user,
                now=self.now,
                token=data["token"],
            )
        except (PaymentError, WalletError) as error:
            form.add_error(None, str(error))
            return self._again(pay_form=form)
        return self._done(_("%(amount)s received.") % {"amount": yuan(data["amount"])})

    def _take_back(self):
        payment = get_object_or_404(self.order.payments, pk=self._number("payment"))
        return self._with_reason(
            lambda reason: take_back_payment(payment=payment, reason=reason, by=self.request.user, now=self.now),
            _("The payment was taken back."),
        )

    def _remove(self):
        return self._try(
            lambda: remove_item(item=get_object_or_404(self.order.items, pk=self._number("item"))),
            _("The line was taken out."),
        )

    def _cancel(self):
        return self._with_reason(
            lambda reason: cancel_order(order=self.order, reason=reason), _("The order was cancelled.")
        )

    def _void(self):
        return self._with_reason(
            lambda reason: void_order(order=self.order, reason=reason, by=self.request.user, now=self.now),
            _("The order was made void."),
        )

    def _number(self, name):
        text = self.request.POST.get(name, "")
        return int(text) if text.isdecimal() else 0

    def _with_reason(self, act, done):
        form = ReasonForm(self.request.POST)
        if not form.is_valid():
            messages.error(self.request, _("Write a reason: it stays with the order."))
            return redirect("order", pk=self.order.pk)
        return self._try(lambda: act(form.cleaned_data["reason"]), done)

    def _try(self, act, done):
        try:
            act()
        except (OrderError, PaymentError, WalletError) as error:
            messages.error(self.request, str(error))
            return redirect("order", pk=self.order.pk)
        return self._done(done)

    def _done(self, sentence):
        messages.success(self.request, sentence)
        return redirect("order", pk=self.order.pk)

    def _again(self, **context):
        self.order.refresh_from_db()
        return self.render_to_response(self.get_context_data(**context))


class OrderListMixin(StaffPageMixin):
    """The orders that a person may see, as narrowed down."""

    permission_required = "enrolments.view_order"

    @cached_property
    def form(self):
        user = self.request.user
        branches = user.branches_with(self.permission_required)
        return OrderFilterForm(self.request.GET, branches=branches, groups=ClassGroup.objects.visible_to(user))

    @cached_property
    def narrowed(self):
        user = self.request.user
        return self.form.narrow(Order.objects.visible_to(user), Student.objects.visible_to(user))

    @property
    def chosen(self):
        state = self.form.chosen("state")
        orders = self.narrowed.filter(STATES[state]) if state in STATES else self.narrowed
        items = OrderItem.objects.select_related("student", "course", "package").order_by("pk")
        return orders.select_related("branch", "created_by").prefetch_related(Prefetch("items", items))


class OrderListView(OrderListMixin, ListView):
    """All orders with their sums; what is owing is one click away."""

    title = pgettext_lazy("order", "Orders")
    template_name = "dashboard/order_list.html"
    paginate_by = 50

    def get_queryset(self):
        return self.chosen.order_by("-created_at", "-pk")

    def get_context_data(self, **kwargs):
        state = self.form.chosen("state") or ""
        sums = sums_of(self.narrowed)
        cards = [
            {"value": value, "label": label, "number": sums[value], "is_chosen": value == state}
            for value, label in OrderFilterForm.STATES
            if value
        ]
        return super().get_context_data(form=self.form, cards=cards, sums=sums, state=state, **kwargs)


class OrderWorkbookView(OrderListMixin, View):
    """The same orders, and the payments for them, as a workbook for the accountant."""

    def get(self, request, *args, **kwargs):
        content = orders_workbook(self.chosen.order_by("created_at", "pk"))
        return workbook_response(content, "orders.xlsx")
