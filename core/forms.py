"""Form pieces that every app uses."""

import secrets
from decimal import Decimal

from django import forms


class TokenMixin(forms.Form):
    """A hidden token, new with every form that is shown: a double click then counts once."""

    token = forms.CharField(widget=forms.HiddenInput, max_length=64, initial=lambda: secrets.token_urlsafe(16))


class YuanField(forms.DecimalField):
    """Typed in yuan, kept in fen."""

    def __init__(self, **kwargs):
        super().__init__(**{"max_digits": 10, "decimal_places": 2, "min_value": 0} | kwargs)

    def prepare_value(self, value):
        return f"{value // 100}.{value % 100:02d}" if isinstance(value, int) else value

    def clean(self, value):
        yuan = super().clean(value)
        return None if yuan is None else int(yuan * 100)

    def has_changed(self, initial, data):
        before = Decimal(initial) / 100 if isinstance(initial, int) else initial
        return super().has_changed(before, data)
