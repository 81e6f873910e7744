#!/usr/bin/env python
"""Django's command-line utility for 轻校."""

import os
import sys

from config.chaos import environment as chaos
from config.demo import environment as demo


def main():
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    command, *arguments = sys.argv[1:] or [""]
    if command in demo.FOLDERS:
        demo.enter(command, arguments)  # a folder and a database of its own, before the settings are read
    if command == "chaos":
        chaos.enter(arguments)
    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
