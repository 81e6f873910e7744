import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.test.utils import CaptureQueriesContext

from parents.models import Guardian
from tests.factories import GuardianFactory
from tests.refusals import refused_by

pytestmark = pytest.mark.django_db


def two_of_one_phone():
    GuardianFactory(phone="+8613812345678")
    GuardianFactory(phone="+8613812345678")


@pytest.mark.parametrize(
    ("constraint", "make"),
    [
        ("parents_guardian_phone", two_of_one_phone),
        ("guardian_phone_e164", lambda: GuardianFactory(phone="13812345678")),
        ("guardian_phone_e164", lambda: GuardianFactory(phone="")),
    ],
)
def test_the_database_refuses(constraint, make):
    with refused_by(constraint):
        make()


def test_several_guardians_may_have_no_phone():
    GuardianFactory.create_batch(2, phone=None)

    assert Guardian.objects.filter(phone=None).count() == 2


def test_a_phone_without_its_country_code_is_not_accepted():
    with pytest.raises(ValidationError) as refusal:
        Guardian(name="王女士", phone="13812345678").full_clean()

    assert "+8613812345678" in str(refusal.value)


@pytest.mark.parametrize("digits", ["5678", "13812345", "345678", "+8613812345678"])
def test_a_guardian_is_found_by_part_of_the_phone(digits):
    guardian = GuardianFactory(phone="+8613812345678")
    GuardianFactory(phone="+8613887654321")

    assert list(Guardian.objects.with_phone_like(digits)) == [guardian]


def test_the_tail_of_the_phone_follows_it():
    guardian = GuardianFactory(phone="+8613812345678")
    Guardian.objects.filter(pk=guardian.pk).update(phone="+8613887654321")

    assert list(Guardian.objects.with_phone_like("4321")) == [guardian]


@pytest.mark.parametrize("text", ["13812345678", "8613812345678", "02412345678"])
def test_a_whole_number_is_looked_up_not_searched_for(text):
    mother = GuardianFactory(phone="+8613812345678", other_phone="+862412345678")
    GuardianFactory(phone="+8613812345679")

    with CaptureQueriesContext(connection) as queries:
        assert list(Guardian.objects.with_phone_like(text)) == [mother]
    assert "LIKE" not in queries[0]["sql"]
