"""What every page must hold in a browser."""


def assert_fits_the_width(page):
    """Nobody scrolls sideways to read. Call it when something of the page asked for is seen."""
    page.wait_for_load_state()  # a page that has just been answered has no document yet
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
