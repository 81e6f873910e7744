"""What the kinds of messages are called, for staff."""

_kinds = {}


def name_kind(kind, name):
    """Each app names its own kinds, beside their renderers. `name` is lazy: the reader's language decides."""
    _kinds[kind] = name


def kind_name(kind):
    return str(_kinds.get(kind, kind))


def named_kinds():
    """(kind, name) pairs, for a choice."""
    return list(_kinds.items())
