"""The page on a graphics processor, which SwiftShader makes up in software: slow, but by the same programs."""

import base64

import cv2
import numpy as np
import pytest

import streamstyle as st
from streamstyle.media.enlarge import enlarge
from streamstyle.paint.grain import grained
from tests.chromium import CHROMIUM, FLAGS
from tests.clips import pattern
from tests.web.pages import BROWSER, in_browser

pytestmark = BROWSER
SWIFTSHADER = (
    "--enable-unsafe-webgpu",
    "--use-webgpu-adapter=swiftshader",
    "--enable-features=Vulkan",
    "--use-vulkan=swiftshader",
    "--use-angle=swiftshader",
    "--disable-gpu-sandbox",
)


@pytest.fixture
def gpu_page(driver, served):
    """A page whose graphics processor is made up in software."""
    flags = [flag for flag in FLAGS if flag != "--disable-gpu"]
    browser = driver.chromium.launch(executable_path=CHROMIUM, args=[*flags, *SWIFTSHADER])
    page = browser.new_page()
    # Not the page itself, which would take the processor instead.
    page.goto(f"{served.url}manifest.webmanifest")
    if not page.evaluate("async () => Boolean(await navigator.gpu?.requestAdapter())"):
        browser.close()
        pytest.skip("this Chromium has no WebGPU, not even by SwiftShader")
    yield page
    browser.close()


def decoded(text, *shape):
    return np.frombuffer(base64.b64decode(text), np.uint8).reshape(shape)


def test_frames_stay_what_they_are_on_the_way_and_get_the_grain_of_the_python_runtime(gpu_page):
    photo = np.clip(cv2.GaussianBlur(pattern(1, 160, 96), (0, 0), 9).astype(int) + 20, 0, 255).astype(np.uint8)
    script = """async ([text, width, height]) => {
      const { GpuFrames } = await import('./gpu-frames.js');
      const device = await (await navigator.gpu.requestAdapter()).requestDevice();
      const frames = new GpuFrames(device, new Float32Array(await (await fetch('./models/grain.bin')).arrayBuffer()));
      const image = new ImageData(width, height);
      image.data.set(Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0)));
      const context = new OffscreenCanvas(width, height).getContext('2d');
      const painted = [];
      for (const grain of [0, 0.5]) {
        const content = frames.content(await createImageBitmap(image), width, height, grain);
        context.drawImage(frames.picture(content, width, height), 0, 0);
        const { data } = context.getImageData(0, 0, width, height);
        painted.push(btoa(Array.from(data, (value) => String.fromCharCode(value)).join('')));
      }
      return painted;
    }"""
    rgba = np.dstack([photo, np.full(photo.shape[:2], 255, np.uint8)])
    plain, with_grain = gpu_page.evaluate(script, [base64.b64encode(rgba.tobytes()).decode(), 160, 96])
    assert (decoded(plain, 96, 160, 4)[..., :3] == photo).all()
    wanted = grained(photo, 0.5).astype(int)
    assert np.abs(wanted - photo).max() > 3
    assert np.abs(decoded(with_grain, 96, 160, 4)[..., :3] - wanted).max() <= 2


def test_a_large_frame_is_made_smaller_by_means(gpu_page):
    script = """async () => {
      const { GpuFrames } = await import('./gpu-frames.js');
      const device = await (await navigator.gpu.requestAdapter()).requestDevice();
      const frames = new GpuFrames(device, new Float32Array(3 * 128 * 128));
      const image = new ImageData(256, 128);
      image.data.fill(255);
      for (let at = 0; at < 256 * 128; at += 2) image.data.fill(0, 4 * at, 4 * at + 3);
      const context = new OffscreenCanvas(64, 32).getContext('2d');
      context.drawImage(frames.picture(frames.content(await createImageBitmap(image), 64, 32, 0), 64, 32), 0, 0);
      return [...context.getImageData(0, 0, 64, 32).data];
    }"""
    painted = np.array(gpu_page.evaluate(script)).reshape(32, 64, 4)[..., :3]
    assert np.abs(painted - 127.5).max() <= 2


@pytest.mark.parametrize("times", [2, 6])
def test_a_small_picture_is_enlarged_with_the_edges_of_the_content(gpu_page, times):
    content = cv2.GaussianBlur(pattern(2, 72 * times, 48 * times), (0, 0), 1.5)
    small = cv2.resize(content, (72, 48), interpolation=cv2.INTER_AREA)
    painted = cv2.GaussianBlur(255 - small[..., ::-1] // 2, (0, 0), 1)
    script = """async (pictures) => {
      const { Enlarger } = await import('./enlarge.js');
      const [painted, content] = await Promise.all(pictures.map(([text, width, height]) => {
        const image = new ImageData(width, height);
        image.data.set(Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0)));
        return createImageBitmap(image);
      }));
      const context = new OffscreenCanvas(content.width, content.height).getContext('2d');
      context.drawImage(Enlarger.open(true).draw(painted, content), 0, 0);
      const { data } = context.getImageData(0, 0, content.width, content.height);
      return btoa(Array.from(data, (value) => String.fromCharCode(value)).join(''));
    }"""
    sent = []
    for picture in (painted, content):
        rgba = np.dstack([picture, np.full(picture.shape[:2], 255, np.uint8)])
        sent.append([base64.b64encode(rgba.tobytes()).decode(), picture.shape[1], picture.shape[0]])
    shown = decoded(gpu_page.evaluate(script, sent), *content.shape[:2], 4)[..., :3].astype(int)
    wanted = enlarge(painted, small, content).astype(int)
    plain = cv2.resize(painted, content.shape[1::-1], interpolation=cv2.INTER_LINEAR).astype(int)
    assert np.abs(shown - wanted).mean() < 2
    assert np.abs(shown - wanted).mean() < 0.5 * np.abs(plain - wanted).mean()


@pytest.mark.slow
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("precision", ["fp32", "fp16"])
def test_it_paints_on_a_graphics_processor_as_the_python_runtime_does(gpu_page, precision):
    half = gpu_page.evaluate("async () => (await navigator.gpu.requestAdapter()).features.has('shader-f16')")
    if precision == "fp16" and not half:
        pytest.skip("SwiftShader does not compute in half precision")
    photo = cv2.GaussianBlur(pattern(3, 64, 64), (0, 0), 2)
    painter = st.load("fast", device="cpu", precision="fp32")
    wanted = painter.paint(photo, painter.look("scream", grain=0, strokes=64)).astype(int)
    painted = in_browser(gpu_page, photo, "scream", grain=0, precision=precision)
    assert np.abs(painted - wanted).mean() <= 2
