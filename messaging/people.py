"""Whom messages are about and for. Messaging knows references ("student:17"); the apps know the people."""

from collections import defaultdict

_finders = {}
_phone_books = []


def finds_names(prefix):
    """Register `finder(ids) -> {id: name}` for references like "student:17"."""

    def register(finder):
        _finders[prefix] = finder
        return finder

    return register


def names_of(references):
    """{reference: name} of people, at one query per sort of person."""
    ids = defaultdict(set)
    for reference in references:
        prefix, _separator, number = reference.partition(":")
        if prefix in _finders and number.isdecimal():
            ids[prefix].add(int(number))
    return {
        f"{prefix}:{number}": name
        for prefix, numbers in ids.items()
        for number, name in _finders[prefix](numbers).items()
    }


def finds_phones(finder):
    """Register `finder(phone) -> (reference of the person, of whom it is about, branch id)` or None."""
    _phone_books.append(finder)
    return finder


def person_with(phone):
    """Who has this number (E.164), whom that is about, and at which branch; ("", "", None) for a stranger."""
    return next(filter(None, (finder(phone) for finder in _phone_books)), ("", "", None))
