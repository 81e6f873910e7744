"""The Chinese catalogues are complete: whatever a page can say, it can say in Chinese.

`bin/messages` repairs what fails here, except for the translations themselves. Extracting needs GNU gettext;
without it the tests fail and say so.
"""

import re
import runpy
from functools import cache
from pathlib import Path
from types import SimpleNamespace

import polib
import pytest
from django.apps import apps
from django.conf import settings
from django.utils import translation

messages = SimpleNamespace(**runpy.run_path(str(settings.BASE_DIR / "bin/messages")))

PLACEHOLDER = re.compile(r"%%|%(?:\(\w+\))?(?:\.\d+)?[sdrfi]|\{[^{}]*\}")
CHINESE = re.compile(r"[\u4e00-\u9fff]")
LETTER = re.compile(r"[^\W\d_]")

CATALOGUES = pytest.mark.parametrize(
    ("owner", "domain"), [(owner, domain) for owner in ("own", "vendor") for domain in messages.SUFFIXES]
)


@cache
def extracted(owner, domain):
    source = {"own": messages.own_source, "vendor": messages.vendor_source}[owner]
    return {messages.key(entry) for entry in source(domain)}


def po_path(owner, domain):
    return {"own": messages.OWN, "vendor": messages.VENDOR}[owner] / f"{domain}.po"


def entries(owner, domain):
    return list(messages.read_po(po_path(owner, domain)))


def sentence(entry):
    """Return what the msgstr translates: Chinese has one form, that of the plural."""
    return entry.msgid_plural or entry.msgid


def translated(entry):
    return entry.msgstr_plural.get(0, "") if entry.msgid_plural else entry.msgstr


def placeholders(text):
    return sorted(PLACEHOLDER.findall(text))


@CATALOGUES
def test_every_string_of_the_source_is_in_the_catalogue(owner, domain):
    catalogue = {messages.key(entry) for entry in entries(owner, domain) if not entry.obsolete}

    assert sorted(extracted(owner, domain) - catalogue) == [], "run bin/messages, then translate"


@CATALOGUES
def test_no_entry_has_left_the_source(owner, domain):
    left = [
        entry.msgid
        for entry in entries(owner, domain)
        if entry.obsolete or messages.key(entry) not in extracted(owner, domain)
    ]

    assert left == [], "run bin/messages"


@CATALOGUES
def test_every_entry_is_translated(owner, domain):
    waiting = [entry.msgid for entry in entries(owner, domain) if entry.fuzzy or not translated(entry)]

    assert waiting == []


@CATALOGUES
def test_compiled_catalogue_equals_its_source(owner, domain):
    path = po_path(owner, domain)
    compiled = path.with_suffix(".mo")

    assert compiled.exists() == path.exists()
    if path.exists():
        assert compiled.read_bytes() == polib.pofile(path).to_binary(), "run bin/messages"


@CATALOGUES
def test_placeholders_are_those_of_the_source(owner, domain):
    differing = [
        (sentence(entry), translated(entry))
        for entry in entries(owner, domain)
        if translated(entry) and placeholders(translated(entry)) != placeholders(sentence(entry))
    ]

    assert differing == []


@CATALOGUES
def test_translation_is_chinese(owner, domain):
    english = [
        (entry.msgid, translated(entry))
        for entry in entries(owner, domain)
        if translated(entry)
        and entry.msgid not in messages.SAME_IN_CHINESE
        and LETTER.search(PLACEHOLDER.sub("", entry.msgid))  # else there is no word to translate
        and (translated(entry) == entry.msgid or not CHINESE.search(translated(entry)))
    ]

    assert english == []


def test_django_finds_the_translations():
    expected = {
        f"{entry.msgctxt}\4{entry.msgid}" if entry.msgctxt else entry.msgid: entry.msgstr
        for owner in ("vendor", "own")  # ours wins
        for entry in entries(owner, "django")
        if entry.msgstr
    }

    with translation.override("zh-hans"):
        assert {text: translation.gettext(text) for text in expected} == expected


def test_every_installed_package_with_strings_is_extracted():
    theirs = [app for app in apps.get_app_configs() if Path(app.path).parent != settings.BASE_DIR]

    assert [app.name for app in theirs if has_strings(app) and not is_extracted(app)] == []


def has_strings(app):
    return any("gettext" in path.read_text(encoding="utf-8") for path in Path(app.path).rglob("*.py"))


def is_extracted(app):
    top, _, part = app.name.partition(".")
    if top == "django" and (Path(app.path) / "locale").exists():  # the others' strings are in Django's "conf"
        return part.replace(".", "/") in messages.DJANGO_PARTS
    return top in {"django", *messages.PACKAGES}
