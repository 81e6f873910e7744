"""The open enquiries by stage. Nobody drags a card: what happens moves it, and its page is where that is noted."""

from django.db.models import Count
from django.utils.translation import gettext_lazy
from django.views.generic import TemplateView

from sales.views.overview import CHIPS, EnquiryChoiceMixin
from students.models import Enquiry

STAGES = [stage for stage in Enquiry.Stage if stage not in Enquiry.ENDED]
MOST = 20  # cards in a column; the list has the rest


class EnquiryBoardView(EnquiryChoiceMixin, TemplateView):
    title = gettext_lazy("Enquiries")
    template_name = "sales/enquiry_board.html"

    def get_context_data(self, **kwargs):
        return super().get_context_data(form=self.form, tabs=self.tabs, lanes=list(self._lanes()), **kwargs)

    def _lanes(self):
        """A column for each open stage: those due first, then the newest."""
        open_ones = self.chosen.open()
        counts = dict(open_ones.order_by().values_list("stage").annotate(Count("pk")))
        for stage in STAGES:
            number = counts.get(stage, 0)
            yield {
                "stage": stage,
                "chip": CHIPS[stage],
                "number": number,
                "enquiries": self.described(self._cards(open_ones, stage)) if number else [],
                "more": max(number - MOST, 0),
            }

    def _cards(self, enquiries, stage):
        related = enquiries.filter(stage=stage).select_related("branch__sales_policy", "course", "owner")
        return list(related.order_by(*self.form.order)[:MOST])
