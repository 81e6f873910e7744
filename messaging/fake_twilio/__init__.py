"""A stand-in for Twilio on this machine: for trying the software out, and for its tests.

It keeps what it was given, speaks the Messages API as Twilio's own client uses it, reports delivery with signed
callbacks, and shows the phones and the texts on them. The rest of the software does not know it: it is
reached by TWILIO_API_BASE_URL like Twilio itself.
"""
