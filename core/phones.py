"""Phone numbers: stored as E.164 (+8613812345678), shown the way people dial them."""

import phonenumbers
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

REGION = "CN"  # how a number without a country code is read


def parse_phone(text):
    """E.164 of what somebody typed; raises ValidationError with a sentence that names the mend."""
    try:
        number = phonenumbers.parse(str(text), REGION)
    except phonenumbers.NumberParseException as error:
        raise ValidationError(_("“%(text)s” is not a phone number.") % {"text": text}) from error
    if not phonenumbers.is_valid_number(number):
        raise ValidationError(
            _("“%(text)s” is not a valid phone number: check the digits (a mobile has 11).") % {"text": text}
        )
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def whole_number(digits):
    """E.164 of digits that are a whole number of this region; None for a part of one."""
    try:
        return parse_phone(digits)
    except ValidationError:
        return None


def national(phone):
    """+8613812345678 → 138 1234 5678."""
    if not phone:
        return ""
    number = phonenumbers.parse(phone)
    if number.country_code != phonenumbers.country_code_for_region(REGION):
        return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.INTERNATIONAL)
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.NATIONAL)


def masked(phone):
    """+8613812345678 → 138****5678: enough to recognise, too little to call."""
    digits = str(phone or "").removeprefix("+86")
    return f"{digits[:3]}****{digits[-4:]}" if len(digits) >= 7 else digits
