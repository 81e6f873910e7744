"""No English word leaks into a Chinese page: every page of `tests/test_access.py`, as those who run the school."""

import re
from html.parser import HTMLParser

import pytest
from django.urls import reverse

from tests.factories import UserFactory
from tests.test_access import ADMIN, PAGES, VIEWS, address, world  # noqa: F401  (world: a fixture)

# What Chinese writes in Latin letters, and the data of the tests.
ALLOWED = re.compile(
    r"English|^(en|zh-hans)$"  # the menu of languages
    r"|^esc$"  # a key
    r"|^: [\w*]+$"  # how a password is kept
    r"|Excel|CSV|PDF|Twilio|SMS|ID"
    r"|\.(csv|xlsx)\b|[a-z.]+\.com\b|manage\.py \w+"
    r"|\b(SJ|HT|DZ)-|\b[2-9A-Z]{16}\b|ICP"  # numbers and codes of papers
    r"|Asia/Shanghai|#[0-9a-f]{6}|branch-\d+"
    r"|^[A-Z]+(_[A-Z]+)+$"  # what is to be set in the environment
)
LATIN = re.compile(r"[A-Za-z]{2,}")
ICONS = "material-symbols"  # their names are drawn as pictures
UNSEEN = {"script", "style", "template", "noscript"}
VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}
SPOKEN = {"alt", "aria-label", "placeholder", "title", "data-title"}


class _Page(HTMLParser):
    """Collects the text that a person sees or hears."""

    def __init__(self, html):
        super().__init__()
        self.open = []  # [(tag, is its content unseen)]
        self.said = []
        self.feed(html)

    @property
    def is_unseen(self):
        return bool(self.open) and self.open[-1][1]

    def handle_starttag(self, tag, attrs):
        attributes = dict(attrs)
        self.said += [value for name, value in attrs if name in SPOKEN and value]
        if tag == "input" and attributes.get("type") in {"submit", "button", "reset"}:
            self.said.append(attributes.get("value") or "")
        if tag not in VOID:
            unseen = tag in UNSEEN or ICONS in (attributes.get("class") or "")
            self.open.append((tag, self.is_unseen or unseen))

    def handle_endtag(self, tag):
        while tag in [name for name, _unseen in self.open] and self.open.pop()[0] != tag:
            pass  # an element whose end tag may be left out

    def handle_data(self, data):
        if not self.is_unseen:
            self.said.append(data)


def english_on(response):
    """The phrases with Latin words that a person meets on the page."""
    if response.status_code == 405 or not response.get("Content-Type", "").startswith("text/html"):
        return []  # what no person sees
    said = (" ".join(text.split()) for text in _Page(response.content.decode()).said)
    return sorted({text for text in said if LATIN.search(ALLOWED.sub("", text))})


def addresses(objects):
    yield from (address(name, objects) for name in PAGES)
    for model in ADMIN:
        for view in VIEWS:
            args = [] if view in {"changelist", "add"} else [objects[model].pk if model in objects else 1]
            yield reverse(f"admin:{model}_{view}", args=args)
    week = reverse("week")
    yield from (f"{week}?day=2029-12-31&by={by}&span={span}" for by in ("room", "teacher") for span in ("week", "day"))
    yield f"{week}?branch=all"
    yield f"{reverse('search')}?q=查无此人"
    yield "/no-such-page/"


@pytest.mark.parametrize("person", ["nobody", "teacher_a", "manager_a", "owner", "superuser"])
def test_pages_speak_chinese(client, world, person):  # noqa: F811
    people, objects = world
    people["superuser"] = UserFactory(is_superuser=True)
    if people[person]:
        client.force_login(people[person])

    leaks = {(phrase, url) for url in addresses(objects) for phrase in english_on(client.get(url))}

    assert sorted(leaks) == []
