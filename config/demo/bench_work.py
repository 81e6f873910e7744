"""What a measurement is made of: a thing that somebody does, at a branch, through a browser or a service.

A task makes ready what it needs (not measured) and returns the function that is measured. It works on the branch of
its number, so that one measurement does not warm up the next.
"""

from collections.abc import Callable
from dataclasses import dataclass

from django.test import Client

from branches.models import Branch, User
from branches.roles import Role
from config.demo import DemoError
from config.demo.environment import HOST

LEAST = 5  # times: fewer say nothing


@dataclass(frozen=True)
class Task:
    name: str
    goal: int  # milliseconds, of the slowest of twenty
    share: int  # done once for so many --requests: a term takes longer than a page
    prepare: Callable[[int], Callable]
    least: int = LEAST  # times; of what takes a minute, fewer

    def times(self, requests):
        """How often it is measured."""
        return max(requests // self.share, self.least)


def nth_branch(number):
    return Branch.objects.order_by("pk")[number % Branch.objects.count()]


def manager_of(branch):
    return User.objects.filter(memberships__branch=branch, memberships__role=Role.MANAGER).first()


def owner():
    return User.objects.filter(memberships__role=Role.OWNER).first()


def client_of(user):
    client = Client(headers={"host": HOST})
    client.handler.load_middleware()  # once per process in a server: WhiteNoise looks for the files that it serves
    client.force_login(user)
    return client


def expect(response, status):
    if response.status_code != status:
        raise DemoError(f"{response.status_code}, {status}: {response.content.decode()[:500]}")
