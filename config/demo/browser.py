"""A Chromium to look at pages with: the system's own where there is one, else Playwright's."""

import os
import shutil

SIZES = {"desktop": {"width": 1366, "height": 768}, "phone": {"width": 390, "height": 844}}
PROGRAMS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
# It looks at pages of this machine alone: no start page, no updates, no talk with its maker.
FLAGS = [
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-quic",
    "--disable-sync",
    "--no-first-run",
    "--use-fake-device-for-media-stream",  # a microphone that beeps, for whom a page's owner lets use one
]


def launch(playwright):
    """Start Chromium without a window."""
    program = next(filter(None, map(shutil.which, PROGRAMS)), None)
    as_root = ["--no-sandbox"] if os.geteuid() == 0 else []
    chinese = {**os.environ, "LANGUAGE": "zh_CN"}  # its own parts too: a date field shows 年/月/日
    return playwright.chromium.launch(executable_path=program, args=FLAGS + as_root, env=chinese)


def open_window(browser, *, base_url, size, **options):
    """A window of a school in China: its language, its clock, one of SIZES."""
    return browser.new_context(
        base_url=base_url,
        viewport=SIZES[size],
        is_mobile=size == "phone",
        has_touch=size == "phone",
        locale="zh-CN",
        timezone_id="Asia/Shanghai",
        **options,
    )
