"""What comes from outside: a name, a number or a text is cleaned, or refused with a ValueError for the sender."""

import unicodedata

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from core.names import clean_name
from core.phones import parse_phone

NAME_LENGTH = 50
PHONE_LENGTH = 16  # of E.164, with the plus


def clean_text(text):
    """Without blanks around it; control characters have no place in a name or a note, and databases refuse some."""
    text = " ".join(text.split())
    if any(unicodedata.category(sign) in {"Cc", "Cs"} for sign in text):
        raise ValueError(_("This holds signs that cannot be read. Send plain text."))
    return text


def clean_required(text):
    text = clean_text(text)
    if not text:
        raise ValueError(_("This must not be empty."))
    return text


def clean_child(text):
    name = clean_name(clean_text(text))
    if not name:
        raise ValueError(_("Write the child's name."))
    if len(name) > NAME_LENGTH:  # spelt out it may be longer than it was typed
        raise ValueError(_("At most %(number)s signs.") % {"number": NAME_LENGTH})
    return name


def clean_phone(text):
    """E.164. The sentence does not repeat the number: it may end up in the sender's logs."""
    sentence = _("This is not a valid phone number: check the digits (a mobile has 11).")
    try:
        phone = parse_phone(text)
    except ValidationError as error:
        raise ValueError(sentence) from error
    if len(phone) > PHONE_LENGTH:
        raise ValueError(sentence)
    return phone
