"""Pictures of the pages, in Chinese, for the manual and for looking at."""

import io

from django.conf import settings
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from PIL import Image
from playwright.sync_api import sync_playwright

from config.demo.browser import SIZES, launch, open_window
from config.demo.environment import HOST
from config.demo.pages import PAGES
from config.demo.papers import print_examples
from config.demo.school import sign_ins

COLOURS = 256  # enough for pages, and a third of the size


def take_pictures(*, base_url, folder, is_dark):
    """Write NAME-SIZE.png for each page and size."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, image in print_examples(now=timezone.now()):
        _write(image, folder / f"{name}.png")
    subjects = _subjects()  # before Playwright's event loop, in which the database is not to be used
    with sync_playwright() as playwright:
        browser = launch(playwright)
        for size in SIZES:
            scheme = "dark" if is_dark else "light"
            window = open_window(browser, base_url=base_url, size=size, color_scheme=scheme)
            for name, address, cookies in subjects:
                _write(_photograph(window, address, cookies), folder / f"{name}-{size}.png")
        browser.close()


def _subjects():
    """[(name, address, cookies)]: the sign-in page, and each page as the role that uses it."""
    people = dict(sign_ins())
    found = [(page, page.varied(people[page.role], 1)) for page in PAGES]  # on a Monday some have nothing to show yet
    pages = [(page.name, addresses[0], _cookies(people[page.role])) for page, addresses in found if addresses]
    return [("sign-in", reverse("admin:login"), []), *pages]


def _cookies(user):
    client = Client()
    client.force_login(user)
    name = settings.SESSION_COOKIE_NAME
    return [{"name": name, "value": client.cookies[name].value, "domain": HOST, "path": "/"}]


def _photograph(window, address, cookies):
    window.clear_cookies()
    window.add_cookies(cookies)
    page = window.new_page()
    page.goto(address, wait_until="networkidle")
    image = page.screenshot(animations="disabled")
    page.close()
    return image


def _write(image, path):
    picture = Image.open(io.BytesIO(image)).convert("RGB")
    picture.quantize(COLOURS, dither=Image.Dither.NONE).save(path, optimize=True)
