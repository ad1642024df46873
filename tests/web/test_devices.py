"""The page on phones, with odd cameras, on several cores, and with little memory."""

import av
import cv2
import numpy as np
import pytest

from tests.chromium import CHROMIUM, FLAGS
from tests.clips import pattern
from tests.web.pages import BROWSER, SECONDS, become_ready, canvas_pixels, in_browser, wait, wait_for_pictures

pytestmark = BROWSER
CANVAS_AS_CAMERA = """
  self.camera = document.createElement('canvas');
  [camera.width, camera.height] = [320, 240];
  const brush = camera.getContext('2d');
  let hue = 0;
  setInterval(() => {
    brush.fillStyle = `hsl(${hue++ % 360} 60% 50%)`;
    brush.fillRect(0, 0, camera.width, camera.height);
    brush.fillStyle = '#fff';
    brush.fillRect(hue % 160, 40, 80, 80);
  }, 30);
  navigator.mediaDevices.getUserMedia = async () => (self.stream = camera.captureStream());
"""


@pytest.fixture
def phone(browser, served):
    """A page whose camera the test can turn and take away."""
    context = browser.new_context(viewport={"width": 390, "height": 740})
    page = context.new_page()
    page.add_init_script(CANVAS_AS_CAMERA)
    page.goto(served.url)
    become_ready(page)
    yield page
    context.close()


def test_a_phone_that_is_turned_is_painted_upright_and_its_recording_is_kept(phone, tmp_path):
    phone.click("#use-camera")
    wait_for_pictures(phone)
    assert canvas_pixels(phone).shape == (240, 320, 3)
    phone.click("#record")
    phone.click("#camera-button")
    wait_for_pictures(phone)
    phone.evaluate("() => { [camera.width, camera.height] = [240, 320]; }")
    wait(phone, "() => document.getElementById('picture').height === 320")
    wait_for_pictures(phone)
    assert canvas_pixels(phone).shape == (320, 240, 3)
    assert canvas_pixels(phone).std() > 5
    assert phone.evaluate("() => stage.clientHeight > stage.clientWidth")
    with phone.expect_download(timeout=1000 * SECONDS) as waiting:
        phone.click("#record")
    waiting.value.save_as(tmp_path / "film")
    assert (tmp_path / "film").stat().st_size > 1000


def test_a_browser_that_never_tells_of_frames_still_paints_them(browser, served):
    context = browser.new_context(permissions=["camera"])
    try:
        page = context.new_page()
        page.add_init_script("HTMLVideoElement.prototype.requestVideoFrameCallback = () => 1;")
        page.goto(served.url)
        become_ready(page)
        page.click("#use-camera")
        wait_for_pictures(page)
    finally:
        context.close()


def test_a_painter_that_gives_empty_pictures_is_found_out(page):
    script = """async (empty) => {
      const { Painter, builtinStyles } = await import('./painter.js');
      const painter = new Painter('int8', 1);
      await painter.setCode((await builtinStyles())[0].code);
      const usual = painter.paint.bind(painter);
      painter.paint = async (...wanted) => {
        const painted = await usual(...wanted);
        return empty ? { ...painted, bitmap: await createImageBitmap(new ImageData(64, 64)) } : painted;
      };
      const told = await painter.check().then(() => 'fine', (error) => error.message);
      painter.close();
      return told;
    }"""
    assert page.evaluate(script, False) == "fine"
    assert page.evaluate(script, True) == "the picture is empty"


def test_a_recording_whose_camera_goes_away_is_kept(phone, tmp_path):
    phone.click("#use-camera")
    wait_for_pictures(phone)
    phone.click("#record")
    wait_for_pictures(phone, more=5)
    with phone.expect_download(timeout=1000 * SECONDS) as waiting:
        phone.evaluate("() => stream.getVideoTracks()[0].dispatchEvent(new Event('ended'))")
    waiting.value.save_as(tmp_path / "film")
    assert (tmp_path / "film").stat().st_size > 1000
    assert phone.locator("#start").is_visible()


def test_a_camera_of_odd_sides_is_painted_and_recorded(phone, tmp_path):
    phone.evaluate("() => { [camera.width, camera.height] = [641, 479]; }")
    phone.click("#use-camera")
    wait(phone, "() => document.getElementById('picture').width === 641")
    assert canvas_pixels(phone).shape == (479, 641, 3)
    phone.click("#record")
    wait_for_pictures(phone, more=5)
    with phone.expect_download(timeout=1000 * SECONDS) as waiting:
        phone.click("#record")
    waiting.value.save_as(tmp_path / "film")
    with av.open(str(tmp_path / "film")) as film:
        assert next(film.decode(video=0)).width in (640, 641, 642)


def test_four_threads_paint_what_one_does(browser, served):
    context = browser.new_context()
    page = context.new_page()
    page.add_init_script("Object.defineProperty(navigator, 'hardwareConcurrency', { value: 4 });")
    try:
        page.goto(served.url)
        become_ready(page)
        assert page.evaluate("async () => (await import('./painter.js')).threads()") == 4
        photo = cv2.GaussianBlur(pattern(3, 96, 64), (0, 0), 2)
        several = in_browser(page, photo, "scream", grain=0)
        one = in_browser(page, photo, "scream", grain=0, cores=1)
        assert (several == one).all()
    finally:
        context.close()


def test_with_too_little_memory_it_paints_in_fewer_pixels_and_says_so(driver, served, tmp_path):
    flags = [*FLAGS, "--js-flags=--wasm-max-mem-pages=450"]
    browser = driver.chromium.launch(executable_path=CHROMIUM, args=flags, timeout=1000 * SECONDS)
    photo = tmp_path / "photo.png"
    cv2.imwrite(str(photo), np.random.default_rng(1).integers(0, 255, (480, 640, 3), np.uint8))
    try:
        page = browser.new_page()
        page.goto(served.url)
        become_ready(page)
        page.fill("#strokes", "0")
        page.set_input_files("#file", photo)
        wait(page, "() => document.body.innerText.includes('for want of memory')")
        wait_for_pictures(page, more=1)
    finally:
        browser.close()


def test_a_phone_that_refuses_to_set_apart_much_memory_paints_in_less(browser, served, folder):
    refusing = """
      const Usual = WebAssembly.Memory;
      WebAssembly.Memory = new Proxy(Usual, { construct(Memory, [wanted]) {
        if (wanted.maximum > 4096) throw new RangeError('Out of memory');
        return new Memory(wanted);
      } });
    """
    usual = (folder / "runtime.js").read_text(encoding="utf-8")
    context = browser.new_context(service_workers="block")
    try:
        page = context.new_page()
        page.route("**/runtime.js", lambda route: route.fulfill(body=refusing + usual, content_type="text/javascript"))
        page.goto(served.url)
        wait(page, "() => document.documentElement.dataset.ready")
    finally:
        context.close()
