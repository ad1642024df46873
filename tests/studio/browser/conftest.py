import pytest

from tests.chromium import CHROMIUM, FLAGS, WHY_NOT
from tests.studio.browser.studio import Page, Studio, camera_film


@pytest.fixture(scope="package")
def browser(tmp_path_factory):
    """Debian's Chromium, whose camera is a file."""
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    if CHROMIUM is None:
        pytest.skip(WHY_NOT)
    film = camera_film(tmp_path_factory.mktemp("camera") / "camera.y4m")
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(
            executable_path=CHROMIUM,
            args=[*FLAGS, "--autoplay-policy=no-user-gesture-required", f"--use-file-for-fake-video-capture={film}"],
        )
        yield browser
        browser.close()


@pytest.fixture(scope="package")
def studio(browser, tmp_path_factory):
    """One for all tests: each leaves it with one style, no blend and the camera off or on as it likes."""
    studio = Studio(tmp_path_factory.mktemp("studio"))
    yield studio
    studio.stop()


@pytest.fixture
def new_page(browser, studio):
    """Makes pages in a browser window of their own."""
    contexts, pages = [], []

    def make(width=1280, height=800, **options):
        context = browser.new_context(viewport={"width": width, "height": height}, **options)
        contexts.append(context)
        pages.append(Page(context.new_page(), studio))
        return pages[-1]

    yield make
    complaints = [line for page in pages for line in page.complaints]
    for context in contexts:
        context.close()
    assert complaints == []


@pytest.fixture(scope="package")
def only_page(browser, studio):
    """Opening a page and a camera takes longer than most tests, which therefore share one."""
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    yield Page(context.new_page(), studio).open()
    context.close()


@pytest.fixture
def page(only_page):
    """A page of the studio, with its own camera running and one style shown as it is by default."""
    only_page.playwright.keyboard.press("Escape")  # what a failed test has left open
    only_page.playwright.click("#tab-live")
    only_page.start_camera()
    only_page.send("PUT", "/api/look", {"style": ["kiss"]})
    only_page.until_shown(style=["kiss"])
    yield only_page
    complaints, only_page.complaints = only_page.complaints, []
    assert complaints == []
