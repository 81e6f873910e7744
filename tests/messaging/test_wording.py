"""Sentences with variables: filling them in, writing them down, and the ones that the software brings."""

from contextlib import suppress

import pytest
from django.conf import settings
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st

from messaging.lint import PROFILES, lint
from messaging.registry import kind_named
from messaging.wording import (
    TemplateTextError,
    Words,
    all_wordings,
    as_provider_writes,
    fill,
    shown_text,
    stored_text,
    variables_in,
    wording_named,
)

LANGUAGES = [code for code, _name in settings.LANGUAGES]
WORDINGS = {wording.key: wording for wording in all_wordings()}
REMINDER = wording_named("class_reminder.room")
NAMES = sorted(REMINDER.names)
EVERY = pytest.mark.parametrize("key", WORDINGS)
EACH_LANGUAGE = pytest.mark.parametrize("language", LANGUAGES)

plain = st.text().filter(lambda text: not set("{}") & set(text))
pieces = st.lists(st.one_of(plain, st.sampled_from([f"{{{name}}}" for name in NAMES])), max_size=12)
hostile = st.sampled_from(["{child}", "{branch}", "{}", "{", "%(child)s", "%s", "\\1", "\\g<0>", "$room"])
facts = st.fixed_dictionaries({name: st.one_of(st.text(), hostile) for name in NAMES})


# --- filling in ------------------------------------------------------------------------------------------


@given(pieces, facts)
def test_facts_stand_where_their_variables_stood_and_nothing_else_changes(pieces, facts):
    expected = "".join(facts[piece[1:-1]] if piece[:1] == "{" else piece for piece in pieces)

    assert fill("".join(pieces), facts) == expected


def test_a_fact_with_braces_or_signs_stays_as_it_is():
    hostile = {"child": "{course} %(course)s {0} {} \\1 $course", "course": "围棋"}

    assert fill("{child}，{course}", hostile) == f"{hostile['child']}，围棋"


# --- writing down ----------------------------------------------------------------------------------------


@EACH_LANGUAGE
@given(pieces=pieces)
def test_what_is_shown_is_stored_as_it_was(language, pieces):
    text = "".join(pieces).strip()

    assert stored_text(shown_text(text, REMINDER, language), REMINDER, language) == text


@given(st.text(alphabet="ab{}孩子child "))
def test_any_text_is_stored_with_known_variables_or_refused(text):
    with suppress(TemplateTextError):
        stored = stored_text(text, REMINDER, "zh-hans")
        assert variables_in(stored) <= REMINDER.names
        assert not set("{}") & set(fill(stored, dict.fromkeys(NAMES, "")))


@pytest.mark.parametrize(
    "text", ["{}", "{nobody}", "{child", "child}", "{{child}}", "{child.name}", "{0}", "{teacher}"]
)
def test_what_is_no_variable_of_the_sentence_is_refused(text):
    with pytest.raises(TemplateTextError):
        stored_text(text, REMINDER, "zh-hans")


def test_the_code_of_a_variable_is_understood_too():
    assert stored_text("{ child }好", REMINDER, "zh-hans") == "{child}好"


def test_a_provider_reads_variables_with_a_dollar():
    assert as_provider_writes("{child}，{when}。") == "${child}，${when}。"


# --- the built-in ones -----------------------------------------------------------------------------------


@EVERY
@EACH_LANGUAGE
def test_built_in_text_reads_well_with_its_example(key, language):
    wording = WORDINGS[key]
    built_in = wording.built_in(language)

    assert variables_in(built_in) <= wording.names
    read = fill(built_in, wording.example(language))
    assert not set("{}%") & set(read)
    assert all(wording.example(language).values())
    purpose = kind_named(wording.kind).purpose
    assert {
        provider: lint(built_in, purpose=purpose, provider=provider, sent=f"【轻校】{read}") for provider in PROFILES
    } == {provider: [] for provider in PROFILES}


@EVERY
@EACH_LANGUAGE
def test_variables_can_be_told_apart_and_typed(key, language):
    labels = WORDINGS[key].labels(language).values()

    assert len(set(labels)) == len(labels)
    assert not set("{}") & set("".join(labels))


def test_the_catalogue_names_the_same_variables():
    """A translation that left one out would send less than the sentence says."""
    for wording in WORDINGS.values():
        assert len({frozenset(variables_in(wording.built_in(language))) for language in LANGUAGES}) == 1


# --- saying them -----------------------------------------------------------------------------------------


@pytest.mark.django_db
@EVERY
@EACH_LANGUAGE
def test_every_sentence_is_said(key, language, branch):
    wording = WORDINGS[key]
    example = wording.example(language)

    said = Words(branch, language).say(key, **example)

    with translation.override(language):
        assert said == str(wording.default) % example


@pytest.mark.django_db
def test_a_missing_fact_is_an_error_even_when_the_text_does_not_name_it(branch):
    facts = REMINDER.example("zh-hans")
    del facts["room"]

    with pytest.raises(KeyError):
        Words(branch, "zh-hans").say("class_reminder.room", **facts)
