"""A real Chromium on the live server. A page that complains in its console, or answers 5xx, fails a test."""

import json
import os
import socket
import threading
from collections import defaultdict
from contextlib import suppress

import pytest
from django.conf import settings
from django.db import connections
from django.test import Client
from playwright.sync_api import Error as PlaywrightError
from playwright.sync_api import expect, sync_playwright

from config.demo.browser import launch, open_window

# Playwright keeps an event loop in this thread; the database is used from outside of it all the same.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"


# Whichever database answers, the pages are the same: WCAG is looked at once.
IS_POSTGRESQL = "postgresql" in settings.DATABASES["default"]["ENGINE"]
collect_ignore = ["test_accessibility.py"] if IS_POSTGRESQL else []
FORGET = "if (location.protocol === 'http:') { localStorage.clear(); sessionStorage.clear() }"
expect.set_options(timeout=30_000)  # milliseconds: a busy machine is slow, not wrong


@pytest.fixture(scope="session")
def browser():
    with sync_playwright() as playwright:
        browser = launch(playwright)
        yield browser
        browser.close()
        # While Playwright's loop runs, Django has connections of their own for it: left open, they keep the database.
        connections.close_all()


@pytest.fixture
def problems():
    """What the pages of a test complained of. A test that provokes an error removes it from the list."""
    found = []
    yield found
    assert found == []


@pytest.fixture(scope="session")
def tabs(browser, live_server):
    """Open tabs that no test is using, by the kind of their window: a new window costs more than most pages."""
    return defaultdict(list)


@pytest.fixture
def page_as(browser, live_server, problems, tabs):
    """page_as(user, size="phone"): a page of that person, signed in; of a stranger without `user`."""
    used = []

    def open_page(user=None, *, size="desktop", **options):
        kind = json.dumps([size, options], sort_keys=True)
        page = tabs[kind].pop() if tabs[kind] else new_tab(browser, live_server, size, options)
        if user:
            page.context.add_cookies([session_cookie(user, live_server.url)])
        used.append((kind, page, watch(page, problems)))
        return page

    yield open_page
    for kind, page, watchers in used:
        try:
            leave(page, watchers)
            tabs[kind].append(page)
        except PlaywrightError:  # on its way to another page it cannot be asked to forget
            page.context.close()
    wait_for_answers(live_server.thread.httpd)


def new_tab(browser, live_server, size, options):
    return open_window(browser, base_url=live_server.url, size=size, **options).new_page()


def leave(page, watchers):
    """As if nobody had been here: nothing routed, nothing stored, an empty page, no button held, no cookie."""
    page.unroute_all()
    page.emulate_media(media="null")
    page.evaluate(FORGET)
    for event, watcher in watchers.items():
        page.remove_listener(event, watcher)
    page.goto("about:blank")
    page.mouse.up()
    page.mouse.move(0, 0)
    page.context.clear_cookies()


def wait_for_answers(server):
    """A request that its page left behind still reads: the flush that ends the test would find it in its way.

    The browser keeps its connections for the next page: they are told that nothing more will come, answer and end.
    """
    for thread in threading.enumerate():
        if getattr(getattr(thread, "_target", None), "__self__", None) is server:
            with suppress(AttributeError, OSError):  # it ended meanwhile
                connection, _address = thread._args
                connection.shutdown(socket.SHUT_RD)
            thread.join(timeout=30)


def session_cookie(user, url):
    client = Client()
    client.force_login(user)
    name = settings.SESSION_COOKIE_NAME
    return {"name": name, "value": client.cookies[name].value, "url": url}


def watch(page, problems):
    def on_console(message):
        if message.type == "error":  # a breach of the content security policy too
            problems.append(f"console: {message.text}")

    def on_response(response):
        if response.status >= 500:
            problems.append(f"{response.status}: {response.url}")

    def on_script_error(error):
        problems.append(f"script: {error}")

    watchers = {"console": on_console, "pageerror": on_script_error, "response": on_response}
    for event, watcher in watchers.items():
        page.on(event, watcher)
    return watchers
