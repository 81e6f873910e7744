"""The words of the run's messages."""

from config.chaos.spec import KIND, Occurrence
from messaging.registry import Rendered, renders


@renders(KIND)
def note(message, now):
    occurrence = Occurrence(int(message.subject.partition(":")[2]))
    return Rendered(to=occurrence.phone, text=occurrence.text)
