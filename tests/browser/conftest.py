"""A real Chromium on the live server. A page that complains in its console, or answers 5xx, fails a test."""

import os
import threading

import pytest
from django.conf import settings
from django.db import connections
from django.test import Client
from playwright.sync_api import expect, sync_playwright

from config.demo.browser import launch, open_window

# Playwright keeps an event loop in this thread; the database is used from outside of it all the same.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"


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


@pytest.fixture
def page_as(browser, live_server, problems):
    """page_as(user, size="phone"): a page of that person, signed in; of a stranger without `user`."""
    windows = []

    def open_page(user=None, *, size="desktop", **options):
        window = open_window(browser, base_url=live_server.url, size=size, **options)
        windows.append(window)
        if user:
            window.add_cookies([session_cookie(user, live_server.url)])
        page = window.new_page()
        watch(page, problems)
        return page

    yield open_page
    for window in windows:
        window.close()
    wait_for_answers(live_server.thread.httpd)


def wait_for_answers(server):
    """A request that its page left behind still reads: the flush that ends the test would find it in its way."""
    for thread in threading.enumerate():
        if getattr(getattr(thread, "_target", None), "__self__", None) is server:
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

    page.on("console", on_console)
    page.on("pageerror", lambda error: problems.append(f"script: {error}"))
    page.on("response", on_response)
