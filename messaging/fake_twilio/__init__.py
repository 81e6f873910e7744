"""A stand-in for Twilio on this machine: for trying the software out, and for its tests.

It keeps what it was given, speaks the Messages API as Twilio's own client uses it, reports delivery with signed
callbacks, and shows the phones and the texts on them; what one writes back there is posted as Twilio posts it, and its
words STOP and START are heeded. The rest of the software does not know it: it is
reached by TWILIO_API_BASE_URL like Twilio itself.

What it does as Twilio does: ids, statuses and their order, the bodies of errors, paging and filters of the list, magic
numbers, no report of the first status, signatures by Twilio's own algorithm. What it does not:

- The list shows a message as soon as it is taken in. Twilio does not promise that (the outbox waits two minutes).
- Its dates come from the clock of our own machine.
- A report that is refused (4xx) is not sent again, one that fails is, three times at once and then never.
- Segments and prices are not billed, rates are not limited, the queue of a sender never overflows by itself.
- `ValidityPeriod` is taken and not heeded; scheduling, media, alphanumeric senders and subaccounts do not exist.
- Chance (seeded.py) delivers a message at once: its status says where it ended before the first report is posted.
"""
