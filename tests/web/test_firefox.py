"""The page in Firefox, which computes on the processor here: as in Chromium."""

import shutil

import cv2
import numpy as np
import pytest

import streamstyle as st
from tests.clips import pattern
from tests.web import firefox
from tests.web.pages import become_ready, canvas_pixels, in_browser, psnr, wait, wait_for_pictures

pytestmark = [
    pytest.mark.skipif(firefox.FIREFOX is None, reason=firefox.WHY_NOT),
    pytest.mark.skipif(shutil.which("npm") is None, reason="there is no npm, which fetches what the page is built from"),
    pytest.mark.timeout(400),
]


@pytest.fixture
def page(served, tmp_path):
    page = firefox.Firefox(tmp_path)
    try:
        page.goto(served.url)
        become_ready(page)
        yield page
    finally:
        page.close()


def test_firefox_paints_its_camera_as_the_python_runtime_would_and_works_offline(page, served):
    page.click("#use-camera")
    wait_for_pictures(page)
    night = canvas_pixels(page).astype(int)
    assert night.std() > 10
    page.click("[data-style=scream]")
    wait_for_pictures(page)
    assert np.abs(canvas_pixels(page).astype(int).mean((0, 1)) - night.mean((0, 1))).max() > 5

    photo = cv2.GaussianBlur(pattern(3, 96, 64), (0, 0), 2)
    painter = st.load("fast", device="cpu", precision="fp32")
    wanted = painter.paint(photo, painter.look("scream", grain=0, strokes=64))
    assert psnr(in_browser(page, photo, "scream", grain=0), wanted) >= 33

    wait(page, "async () => (await caches.keys()).length > 0")
    served.stop()
    page.goto(served.url)
    become_ready(page)
    assert page.evaluate("() => document.querySelectorAll('.tile').length") >= 14
