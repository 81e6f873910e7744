"""The demo school, in a folder and a database of its own: `manage.py demo`, `bench` and `screenshots`."""


class DemoError(Exception):
    """The demo cannot start or go on; carries the sentence the user reads."""
