"""Putting right what is known of an enquiry."""

from django.db import transaction

from students.services.enquiries import lock


@transaction.atomic
def change_facts(*, enquiry, **facts):
    """Write down what is known better now. A first channel can be set, and then stays (the database refuses)."""
    enquiry = lock(enquiry)
    for name, value in facts.items():
        setattr(enquiry, name, value)
    enquiry.last_channel = enquiry.last_channel or enquiry.channel
    enquiry.save()
    return enquiry
