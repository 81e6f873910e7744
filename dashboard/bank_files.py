"""An uploaded statement: its rows, its digest, and the account it is of."""

from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory

from django.utils.translation import gettext as _

from enrolments.bank_statements.reading import StatementError, kind_of
from enrolments.models import PaymentAccount
from enrolments.services.reconciliation import add_account
from imports.files import read_sheets


def read_upload(upload):
    """(rows, SHA-256) of an uploaded file; the reader of the school's books says what is wrong with one.

    It is written to the disk for as long as it is read, and kept nowhere. Raises imports.problems.BookError.
    """
    digest = sha256()
    with TemporaryDirectory() as folder:
        path = Path(folder) / Path(upload.name).name
        with path.open("wb") as stream:
            for chunk in upload.chunks():
                digest.update(chunk)
                stream.write(chunk)
        sheets = [sheet for sheet in read_sheets(path) if not sheet.is_hidden]
    return max((sheet.rows for sheet in sheets), key=len, default=[]), digest.hexdigest()


def account_of(branch, rows):
    """The branch's account of the kind that the file is; a new one where there is none yet."""
    kind = kind_of(rows)
    accounts = list(PaymentAccount.objects.filter(branch=branch, kind=kind).select_related("branch"))
    if len(accounts) > 1:
        raise StatementError(_("There are several accounts of this kind: choose the one that the file is of."))
    return accounts[0] if accounts else new_account(branch, kind)


def new_account(branch, kind, name=""):
    return add_account(branch=branch, kind=kind, name=name or str(PaymentAccount.Kind(kind).label))
