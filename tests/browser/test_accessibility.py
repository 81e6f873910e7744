"""WCAG 2.2 AA by axe, on every page of the staff, in both themes: nothing serious or critical."""

import pytest
from axe_playwright_python.base import AXE_SCRIPT
from django.test import Client

from tests.test_access import ADMIN, PAGES, PEOPLE, address, reverse, world  # noqa: F401

PARTS = 8  # of the pages; each is a test, so that the workers share them
OPTIONS = {
    "runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]},
    "resultTypes": ["violations"],
}
CONTRAST = OPTIONS | {"runOnly": {"type": "rule", "values": ["color-contrast"]}}  # all that a theme can change


def pages_of(objects, owner):
    """Addresses of the pages (HTML) that the owner may open."""
    client = Client()
    client.force_login(owner)
    named = [address(name, objects) for name in PAGES if PAGES[name].split()[-1] == "200"]
    lists = [reverse(f"admin:{model}_changelist") for model in ADMIN if ADMIN[model].split()[4] == "200"]
    for url in [*named, *lists]:
        response = client.get(url)
        if response["Content-Type"].startswith("text/html") and b"<html" in response.content:  # no piece of a page
            yield url


def serious(page, options):
    """["rule: where" …]"""
    page.evaluate(AXE_SCRIPT)
    found = page.evaluate("options => axe.run(document, options)", options)["violations"]
    return [
        f"{one['id']} {node['target'][0]}: {node['failureSummary'].splitlines()[-1].strip()}"
        for one in found
        if one["impact"] in ("serious", "critical")
        for node in one["nodes"]
    ]


@pytest.mark.parametrize("part", range(PARTS))
def test_pages_are_accessible(page_as, world, part):  # noqa: F811
    people, objects = world
    page = page_as(people["owner"])
    findings = []

    for url in sorted(pages_of(objects, people["owner"]))[part::PARTS]:
        for theme, options in [("light", OPTIONS), ("dark", CONTRAST)]:
            page.emulate_media(color_scheme=theme)
            page.goto(url)
            findings += [f"{url} ({theme}) {finding}" for finding in serious(page, options)]

    assert not findings, "\n".join(findings)
