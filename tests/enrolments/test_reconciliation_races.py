"""Several people reconcile at the same moment: a line is stored once, a payment is matched once."""

import pytest

from enrolments.models import PaymentAccount, StatementImport, StatementLine, StatementMatch
from enrolments.services.reconciliation import ReconciliationError, import_statement, match_by_hand
from tests.enrolments.statement_cases import statement_line
from tests.enrolments.test_reconciliation import LATER, bill, pay
from tests.factories import NOW, BranchFactory, manager_of
from tests.races import at_once, check_refusals

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("one_race_at_a_time")]

PEOPLE = 4


@pytest.fixture
def branch(transactional_db):
    return BranchFactory(name="奥体校区")


def test_one_file_is_read_once_however_many_send_it(branch):
    account, by = PaymentAccount.objects.create(branch=branch, kind="wechat", name="收款码"), manager_of(branch)
    pay(branch, 100_00, "2026-11-10 10:00")
    rows = bill(("2026-11-10 10:03:00", 100, "N1"), ("2026-11-11 10:00:00", 200, "N2"))

    def read(digest):
        return lambda: import_statement(account=account, rows=rows, file_digest=digest, by=by, now=LATER)

    results = at_once([read("one"), read("one"), read("other"), read("other")])

    assert {type(result) for result in results} == {StatementImport}
    assert (StatementImport.objects.count(), StatementLine.objects.count()) == (2, 2)
    assert StatementMatch.objects.count() == 1


def test_of_many_who_match_one_payment_one_wins(branch):
    payment, by = pay(branch, 100_00, "2026-11-10 10:00"), manager_of(branch)
    lines = [statement_line(branch, number=f"N{number}") for number in range(PEOPLE)]

    def match(line):
        key = ("payment", payment.pk)
        return lambda: match_by_hand(
            line=StatementLine.objects.select_related("account__branch").get(pk=line.pk), key=key, by=by, now=NOW
        )

    results = at_once([match(line) for line in lines])

    assert check_refusals(results, ReconciliationError) == 1
    assert StatementMatch.objects.get().payment == payment
