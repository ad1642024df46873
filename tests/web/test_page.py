"""The page that paints in the browser alone, in headless Chromium: as the Python runtime does, offline, by itself."""

import base64
import itertools
import random

import av
import cv2
import numpy as np
import pytest

import streamstyle as st
from streamstyle.live.autosize import AutoSize, ladder
from streamstyle.paint.grain import grained
from tests.clips import Audio, make_clip, pattern
from tests.web.pages import BROWSER, SECONDS, become_ready, canvas_pixels, in_browser, psnr, wait, wait_for_pictures

pytestmark = BROWSER
MOST_BYTES = 25e6


def test_the_folder_is_small_and_whole(folder):
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in files) < MOST_BYTES
    worker = (folder / "sw.js").read_text()
    assert "@" not in worker.split("self.", maxsplit=1)[0].split("*/")[1]
    assert all(path.relative_to(folder).as_posix() in worker for path in files if path.name != "sw.js")


@pytest.mark.parametrize("style", ["scream", "great-wave"])
def test_it_paints_as_the_python_runtime_does(page, style):
    photo = cv2.GaussianBlur(pattern(3, 192, 128), (0, 0), 2)
    painter = st.load("fast", device="cpu", precision="fp32")
    wanted = painter.paint(photo, painter.look(style, grain=0, strokes=128))
    assert psnr(in_browser(page, photo, style, grain=0), wanted) >= 33


def test_its_grain_is_that_of_the_python_runtime(page):
    photo = np.clip(cv2.GaussianBlur(pattern(1, 160, 96), (0, 0), 9).astype(int) + 20, 0, 255).astype(np.uint8)
    script = """async ([text, width, height]) => {
      const { addGrain } = await import('./grain.js');
      const pixels = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
      const tile = new Float32Array(await (await fetch('./models/grain.bin')).arrayBuffer());
      addGrain(pixels, width, height, 0.5, tile);
      return btoa(Array.from(pixels, (value) => String.fromCharCode(value)).join(''));
    }"""
    answer = page.evaluate(script, [base64.b64encode(photo.tobytes()).decode(), 160, 96])
    got = np.frombuffer(base64.b64decode(answer), np.uint8).reshape(photo.shape).astype(int)
    wanted = grained(photo, 0.5).astype(int)
    assert np.abs(wanted - photo).max() > 3
    assert np.abs(got - wanted).max() <= 2


def test_its_sizes_follow_the_same_policy(page):
    rng = random.Random(5)
    costs = [[rng.choice([0.01, 0.03, 0.06]), step * 0.4] for step, _ in enumerate(itertools.repeat(0, 300))]
    script = """async ([costs]) => {
      const { AutoSize, ladder } = await import('./size.js');
      const size = new AutoSize(ladder(480, 300), 1 / 30);
      size.start(300, 0.02);
      return costs.map(([cost, now]) => (size.update(cost, now), size.size));
    }"""
    size = AutoSize(ladder(480, 300), 1 / 30)
    size.start({300: 0.02})
    wanted = []
    for cost, now in costs:
        size.update(cost, now)
        wanted.append(size.size)
    assert len(set(wanted)) > 2
    assert page.evaluate(script, [costs]) == wanted


def test_the_camera_is_painted_in_the_style_that_is_chosen(page):
    page.click("#use-camera")
    wait_for_pictures(page)
    first = canvas_pixels(page)
    assert np.abs(first.astype(int) - pattern(0, first.shape[1], first.shape[0]).astype(int)).mean() > 10
    page.click("[data-style=scream]")
    wait_for_pictures(page)
    assert np.abs(canvas_pixels(page).astype(int).mean((0, 1)) - first.mean((0, 1))).max() > 5


def test_a_camera_that_is_asked_for_while_the_page_loads_is_painted_then(browser, served):
    context = browser.new_context(permissions=["camera"])
    page = context.new_page()
    page.goto(served.url, wait_until="domcontentloaded")
    page.click("#use-camera")
    wait_for_pictures(page)
    context.close()


def test_a_painting_of_ones_own_becomes_a_style(page, tmp_path):
    painting = tmp_path / "red.png"
    cv2.imwrite(
        str(painting), np.random.default_rng(1).integers(0, 60, (90, 120, 3), np.uint8) + np.array([0, 0, 190], np.uint8)
    )
    photo = tmp_path / "photo.png"
    cv2.imwrite(str(photo), pattern(2, 160, 120))
    before = page.locator(".tile").count()
    page.set_input_files("#painting", painting)
    wait(page, f"() => document.querySelectorAll('.tile').length === {before + 1}")
    page.set_input_files("#file", photo)
    wait_for_pictures(page, more=1)
    blue, red = canvas_pixels(page)[..., 2].mean(), canvas_pixels(page)[..., 0].mean()
    assert red > blue + 60


def test_it_works_offline_after_the_first_visit(page, served):
    wait(page, "async () => (await navigator.serviceWorker.ready) && (await caches.keys()).length > 0")
    served.stop()
    page.reload()
    wait(page, "() => document.documentElement.dataset.ready")
    assert page.evaluate("() => self.crossOriginIsolated")
    assert page.locator(".tile").count() >= 14


def test_a_film_comes_back_painted_with_every_frame_and_its_sound(page, tmp_path):
    film = tmp_path / "film.mp4"
    make_clip(film, frames=8, width=160, height=120, audio=[Audio(seconds=0.4)])
    with page.expect_download(timeout=1000 * SECONDS) as waiting:
        page.set_input_files("#file", film)
    result = tmp_path / waiting.value.suggested_filename
    waiting.value.save_as(result)
    assert result.stem == "film-painted"
    with av.open(str(result)) as painted, av.open(str(film)) as source:
        before = [frame.to_ndarray(format="rgb24") for frame in source.decode(video=0)]
        frames = [frame.to_ndarray(format="rgb24") for frame in painted.decode(video=0)]
        assert len(frames) == 8
        assert np.abs(frames[4].astype(int) - before[4].astype(int)).mean() > 10
        assert len(painted.streams.audio) == 1


def test_it_fits_a_phone(browser, served):
    context = browser.new_context(viewport={"width": 360, "height": 740})
    page = context.new_page()
    page.goto(served.url)
    become_ready(page)
    assert page.evaluate("() => document.documentElement.scrollWidth") <= 360
    context.close()
