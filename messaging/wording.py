"""The sentences of our messages: the built-in ones, which the apps register, and the school's own in their place.

    register_wording("class_reminder.plain", …)         the app, beside its renderer
    with words_of(branch, language) as words:           the renderer
        text = words.say("class_reminder.plain", child=…, when=…)

Variables stand in a text as {child}; filling them in knows nothing else, so that neither a name with braces nor a
stray sign in a text can break a message.
"""

import logging
import re
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property

from django.utils import translation
from django.utils.translation import gettext as _

from messaging.models import MessageTemplate

logger = logging.getLogger(__name__)
_IN_CATALOGUE = re.compile(r"%\((\w+)\)s")
_PLACE = re.compile(r"\{([^{}]*)\}")


@dataclass(frozen=True)
class Variable:
    """What a sentence can say. `label` is its name in the editor, `example` what it may read like; both lazy."""

    name: str
    label: str
    example: str


@dataclass(frozen=True)
class Wording:
    """A sentence: which kind of message it belongs to, when it is said, and what it can name."""

    key: str
    label: str  # when it is said, for staff
    default: str  # lazy, with %(child)s, as in the catalogue
    variables: tuple[Variable, ...]
    is_whole: bool = False  # the whole message, not one sentence of several

    @property
    def kind(self):
        return self.key.partition(".")[0]

    @property
    def names(self):
        return {variable.name for variable in self.variables}

    def built_in(self, language):
        """Its text with the variables as {child}."""
        with translation.override(language):
            return _IN_CATALOGUE.sub(r"{\1}", str(self.default))

    def example(self, language):
        """A fact for every variable."""
        with translation.override(language):
            return {variable.name: str(variable.example) for variable in self.variables}

    def labels(self, language):
        """{name: what the editor calls it}"""
        with translation.override(language):
            return {variable.name: str(variable.label) for variable in self.variables}


class UnknownWordingError(LookupError):
    def __init__(self, key):
        super().__init__(_("There is no sentence “%(key)s”.") % {"key": key})


class TemplateTextError(ValueError):
    """A text cannot be a template; the sentence says why."""


_wordings: dict[str, Wording] = {}


def register_wording(key, *, label, default, variables, is_whole=False):
    _wordings[key] = Wording(key, label, default, tuple(variables), is_whole)


def wording_named(key):
    try:
        return _wordings[key]
    except KeyError:
        raise UnknownWordingError(key) from None


def all_wordings():
    """In the order in which the apps registered them: those of a kind together."""
    return list(_wordings.values())


# --- texts with variables --------------------------------------------------------------------------------


def variables_in(text):
    return set(_PLACE.findall(text))


def fill(text, facts):
    """`text` with its variables filled in, in one go: what a fact holds is never read as a variable."""
    return _PLACE.sub(lambda place: facts[place[1]], text)


def shown_text(text, wording, language):
    """A text as the editor shows it: {孩子} in place of {child}."""
    labels = wording.labels(language)
    return _PLACE.sub(lambda place: f"{{{labels.get(place[1], place[1])}}}", text)


def as_provider_writes(text):
    """A text for the pages of a provider that approves it: ${child}."""
    return _PLACE.sub(r"${\1}", text)


def stored_text(text, wording, language):
    """A text of the editor as it is stored: {child} for {孩子}. Raises TemplateTextError."""
    names = {label: name for name, label in wording.labels(language).items()} | {name: name for name in wording.names}
    if stray := re.search(r"[{}]", _PLACE.sub("", text)):
        raise TemplateTextError(
            _("A brace “%(sign)s” stands alone: a variable has one before and one behind.") % {"sign": stray[0]}
        )

    def coded(place):
        name = names.get(place[1].strip())
        if name is None:
            raise TemplateTextError(_unknown_variable(place[0], wording, language))
        return f"{{{name}}}"

    return _PLACE.sub(coded, text).strip()


def _unknown_variable(place, wording, language):
    known = " ".join(f"{{{label}}}" for label in wording.labels(language).values())
    return _("This sentence knows no %(variable)s. It can say: %(known)s") % {"variable": place, "known": known}


# --- saying them -----------------------------------------------------------------------------------------


class Words:
    """The sentences of a branch in one language. The school's own are read once, when the first one is said."""

    def __init__(self, branch, language):
        self.branch, self.language = branch, language

    def say(self, key, **facts):
        """The sentence, with all of its variables given: whatever the school writes, nothing can be missing."""
        wording = wording_named(key)
        return fill(self.text(wording), _as_text({name: facts[name] for name in wording.names}))

    def text(self, wording):
        own = self._own.get(wording.key)
        if own and not variables_in(own) <= wording.names:  # of another version of the software
            logger.error(
                "the template of %s names what the sentence does not know; the built-in text is sent", wording.key
            )
            own = None
        return own or wording.built_in(self.language)

    @cached_property
    def _own(self):
        in_use = MessageTemplate.objects.in_use().for_branch(self.branch)
        return dict(in_use.filter(language=self.language).values_list("key", "text"))


@contextmanager
def words_of(branch, language):
    """The words of a branch, while dates and everything else are in the same language."""
    with translation.override(language):
        yield Words(branch, language)


def approved_code(key, *, branch, provider, text, facts):
    """The provider's code of the template in use whose words are these; "" when it has not approved them."""
    approved = MessageTemplate.objects.in_use().for_branch(branch).filter(key=key, provider=provider)
    for template in approved:
        if variables_in(template.text) <= facts.keys() and fill(template.text, _as_text(facts)) == text:
            return template.provider_code
    return ""


def _as_text(facts):
    return {name: str(fact) for name, fact in facts.items()}


# --- examples --------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Example:
    """A real case for the preview: whose it is (`key` tells it from others), and what it makes of the variables."""

    key: str
    name: str
    facts: dict[str, str]


_examples: dict[str, Callable] = {}


def gives_examples(*kinds):
    """Register `finder(branch, now) -> [Example]`, of the branch's children, in the language in force."""

    def register(finder):
        _examples.update(dict.fromkeys(kinds, finder))
        return finder

    return register


def examples_of(wording, *, branch, language, now):
    if branch is None or wording.kind not in _examples:
        return []
    with translation.override(language):
        return _examples[wording.kind](branch, now)
