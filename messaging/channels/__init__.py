"""The ways in which words reach a person. To add one: a file here, and its row in settings.MESSAGE_CHANNELS."""

from functools import cache

from django.conf import settings
from django.utils.module_loading import import_string

from messaging.channels.base import Answer, Channel, ListedMessage

__all__ = ["Answer", "Channel", "Channels", "ListedMessage", "channel_class", "channel_classes"]


@cache
def _loaded(path):
    return import_string(path)


def channel_classes():
    """{code: class} of all channels that the settings name."""
    return {code: _loaded(path) for code, path in settings.MESSAGE_CHANNELS.items()}


def channel_class(code):
    """The class of a channel; of one that was taken out of the settings the bare Channel, which carries nothing."""
    return channel_classes().get(code, Channel)


def labels():
    """(code, name) pairs, for a choice."""
    return [(code, found.label) for code, found in channel_classes().items()]


class Channels(dict):
    """The channels of one run of a job, by code: each opens its connection once, when it is first needed."""

    def __missing__(self, code):
        self[code] = channel = channel_class(code)()
        return channel
