"""What the owner sees of the software's own health."""

import pytest
from django.urls import reverse

from core import health
from core.health import Reading

pytestmark = pytest.mark.django_db


@pytest.fixture
def probes(monkeypatch):
    probes = [lambda now: Reading("cups", 3, 5, label="Cups"), lambda now: Reading("plates", 9, 5, mend="Wash up.")]
    monkeypatch.setattr(health, "_probes", probes)
    return probes


def test_what_is_not_well_comes_first_with_what_to_do(client, owner, probes):
    client.force_login(owner)

    response = client.get(reverse("health"))

    assert [reading.name for reading in response.context["readings"]] == ["plates", "cups"]
    assert response.content.decode().count("Wash up.") == 1


@pytest.mark.parametrize("ill", [True, False])
def test_home_has_a_card_only_while_something_is_not_well(client, owner, probes, ill):
    client.force_login(owner)
    probes[:] = probes if ill else probes[:1]

    cards = {card.name: card.number for card in client.get("/").context["cards"]}

    assert cards.get("health") == (1 if ill else None)
