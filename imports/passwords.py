"""First passwords for new staff: made once, written to one file, kept nowhere else."""

import csv
import secrets

from django.contrib.auth.hashers import make_password
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from branches.models import User

ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"  # nothing that reads like something else
LENGTH = 10


def give_passwords(school, path):
    """Give every staff member of the books who cannot sign in yet a password, and list them in a CSV file."""
    names = {row.name for row in school.staff}
    newcomers = [user for user in User.objects.filter(name__in=names, is_active=True) if not user.has_usable_password()]
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        path.chmod(0o600)
        sheet = csv.writer(file)
        sheet.writerow([pgettext("person", "Name"), _("Sign-in"), _("First password")])
        for user in newcomers:
            password = "".join(secrets.choice(ALPHABET) for _number in range(LENGTH))
            user.password = make_password(password)
            sheet.writerow([user.name, user.username, password])
    User.objects.bulk_update(newcomers, ["password"])
