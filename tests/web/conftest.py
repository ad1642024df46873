"""The page, built once for all of its tests, and a browser with a camera that is made up."""

import subprocess

import cv2
import pytest

from tests.chromium import CHROMIUM, FLAGS
from tests.clips import pattern


@pytest.fixture(scope="session")
def folder(tmp_path_factory):
    from web import build

    target = tmp_path_factory.mktemp("web") / "dist"
    try:
        build.fetch_packages()
    except (OSError, subprocess.SubprocessError) as error:
        pytest.skip(f"npm cannot fetch what the page is built from: {error}")
    build.build(target)
    return target


@pytest.fixture(scope="module")
def driver():
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    with playwright.sync_playwright() as driver:
        yield driver


@pytest.fixture(scope="module")
def browser(driver, tmp_path_factory):
    film = tmp_path_factory.mktemp("camera") / "camera.mjpeg"
    frames = [cv2.imencode(".jpg", pattern(index, 320, 240)[..., ::-1])[1].tobytes() for index in range(12)]
    film.write_bytes(b"".join(frames))
    flags = [*FLAGS, f"--use-file-for-fake-video-capture={film}"]
    browser = driver.chromium.launch(executable_path=CHROMIUM, args=flags)
    yield browser
    browser.close()


@pytest.fixture
def served(folder):
    from tests.web.pages import Served  # skips what imports it, where there is no Playwright

    served = Served(folder)
    yield served
    served.stop()


@pytest.fixture
def page(browser, served):
    """Ready to paint; what it asked for of other hosts, and what went wrong in it, fails the test."""
    from tests.web.pages import become_ready, is_elsewhere

    context = browser.new_context(viewport={"width": 1280, "height": 800}, permissions=["camera"])
    page = context.new_page()
    strangers, troubles = [], []
    page.on("request", lambda request: strangers.append(request.url) if is_elsewhere(request.url, served) else None)
    page.on("pageerror", lambda error: troubles.append(str(error)))
    page.goto(served.url)
    become_ready(page)
    yield page
    context.close()
    assert (strangers, troubles) == ([], [])
