"""What the page does where something is missing or wrong: in plain words, with the next best thing."""

import shutil

import cv2
import numpy as np

from tests.web.pages import BROWSER, Served, become_ready, wait, wait_for_pictures

pytestmark = BROWSER


def test_what_is_no_picture_is_told_in_words(page, tmp_path):
    text = tmp_path / "text.png"
    text.write_text("no picture")
    page.set_input_files("#painting", text)
    assert "not a picture" in page.locator(".toast").last.inner_text()
    page.set_input_files("#file", text)
    assert page.locator("#start").is_visible()
    film = tmp_path / "text.mp4"
    film.write_text("no film")
    page.set_input_files("#file", film)
    wait(page, "() => document.body.innerText.includes('text.mp4 cannot be read')")


def test_a_refused_camera_is_told_in_words(browser, served):
    context = browser.new_context()
    page = context.new_page()
    page.add_init_script(
        "navigator.mediaDevices.getUserMedia = async () => { throw new DOMException('no', 'NotAllowedError'); };"
    )
    page.goto(served.url)
    become_ready(page)
    page.click("#use-camera")
    assert "Allow it" in page.locator(".toast").last.inner_text()
    context.close()


def test_a_graphics_processor_that_cannot_be_used_is_left(browser, served):
    context = browser.new_context(permissions=["camera"])
    page = context.new_page()
    page.add_init_script(
        """Object.defineProperty(navigator, 'gpu', { value: {
          requestAdapter: async () => ({ features: new Set(['shader-f16']), info: {} }),
        } });"""
    )
    page.goto(served.url)
    become_ready(page)
    assert page.evaluate("() => document.documentElement.dataset.ready") == "int8"
    assert "main processor paints" in page.locator("#advice").inner_text()
    page.click("#use-camera")
    wait_for_pictures(page, more=1)
    context.close()


def test_without_room_for_its_files_it_says_so_and_still_gets_all_cores(browser, folder, tmp_path):
    shutil.copytree(folder, tmp_path / "dist")
    (tmp_path / "dist" / "models" / "kiss.jpg").unlink()
    served = Served(tmp_path / "dist")
    context = browser.new_context()
    page = context.new_page()
    page.goto(served.url)
    try:
        wait(page, "() => self.crossOriginIsolated")
        wait(page, "() => document.body.innerText.includes('will not work offline')")
    finally:
        served.stop()
        context.close()


def test_a_long_scroll_becomes_a_style_and_is_painted(page, tmp_path):
    scroll = tmp_path / "scroll.png"
    cv2.imwrite(str(scroll), np.random.default_rng(2).integers(0, 255, (6, 9000, 3), np.uint8))
    before = page.locator(".tile").count()
    page.set_input_files("#painting", scroll)
    wait(page, f"() => document.querySelectorAll('.tile').length === {before + 1}")
    page.set_input_files("#file", scroll)
    wait_for_pictures(page, more=1)
