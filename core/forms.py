"""Form pieces that every app uses."""

import secrets

from django import forms


class TokenMixin(forms.Form):
    """A hidden token, new with every form that is shown: a double click then counts once."""

    token = forms.CharField(widget=forms.HiddenInput, max_length=64, initial=lambda: secrets.token_urlsafe(16))
