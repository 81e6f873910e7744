"""First passwords for new staff: made once, written to one file, kept nowhere else."""

import csv
import os
import secrets
from contextlib import contextmanager

from django.contrib.auth.hashers import make_password
from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from branches.models import User

ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"  # nothing that reads like something else
LENGTH = 10
FORMULA = ("=", "+", "-", "@")  # begin a formula in Excel


def give_passwords(users, path):
    """Give those of `users` who cannot sign in yet a password each, and list them in a new CSV file; returns them."""
    newcomers = [user for user in users if user.is_active and not user.has_usable_password()]
    passwords = ["".join(secrets.choice(ALPHABET) for _letter in range(LENGTH)) for _user in newcomers]
    for user, password in zip(newcomers, passwords, strict=True):
        user.password = make_password(password)
    if newcomers:
        with transaction.atomic(), _private_file(path) as file:
            User.objects.bulk_update(newcomers, ["password"])
            sheet = csv.writer(file)
            sheet.writerow([pgettext("person", "Name"), _("Sign-in"), _("First password")])
            for user, password in zip(newcomers, passwords, strict=True):
                sheet.writerow([_text(user.name), _text(user.username), password])
    return newcomers


@contextmanager
def _private_file(path):
    """A new file that only its owner reads; gone again where the list could not be finished."""
    number = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(number, "w", encoding="utf-8-sig", newline="") as file:
            yield file
    except BaseException:
        path.unlink()
        raise


def _text(value):
    return f"'{value}" if value.startswith(FORMULA) else value
