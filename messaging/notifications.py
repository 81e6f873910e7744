"""The words of what staff write themselves."""

from django.utils.translation import pgettext_lazy

from messaging import digest  # noqa: F401  (it registers itself)
from messaging.inbound import ANSWER
from messaging.models import Answer
from messaging.registry import Rendered, renders
from messaging.words import name_kind

name_kind(ANSWER, pgettext_lazy("message", "Answer"))


@renders(ANSWER)
def answer(message, now):
    written = Answer.objects.select_related("inbound").get(pk=message.subject.partition(":")[2])
    return Rendered(to=written.inbound.from_phone, text=written.text)
