"""The tab Live in a real browser, with the browser's own camera, the real server and the real model."""

import io

import av
import numpy as np

from streamstyle.studio.certificate import self_signed
from streamstyle.studio.security import Guard
from streamstyle.window.keys import BINDINGS
from tests.studio.browser.studio import painting
from tests.studio.servers import TOKEN, on_a_thread


def test_a_person_who_reads_nothing_gets_a_painted_picture(only_page):
    page, screen = only_page, only_page.playwright
    page.send("POST", "/api/live/stop", {})
    screen.wait_for_selector("#welcome:visible")
    screen.click("text=/Use this browser.s camera/")
    screen.wait_for_selector("#screen:visible")
    screen.click("#divide")
    page.until(lambda: page.pixels("original").std() > 5, "the unpainted picture is there")
    assert np.abs(page.pixels("painted") - page.pixels("original")).mean() > 8
    screen.click("#divide")
    assert "a second" in screen.inner_text("#figures")


def test_the_picture_changes_with_the_style(page):
    def shown(name):
        page.playwright.click(f"li[data-style='{name}'] .tile")
        page.until(lambda: page.state["style"] == name and not page.state["waiting"], f"{name} is shown")
        page.playwright.wait_for_timeout(1500)  # the fade
        return page.pixels()

    blue, gold, again = shown("starry-night"), shown("kiss"), shown("starry-night")
    assert np.abs(blue - gold).mean() > 8
    assert np.abs(blue - again).mean() < np.abs(blue - gold).mean() / 2


CONTROLS = {
    "strength": (lambda page: page.fill("[data-field=alpha] [type=number]", "40"), {"alpha": [0.4]}),
    "strokes by word": (lambda page: page.click("text=bold"), {"strokes": "bold"}),
    "strokes by number": (lambda page: page.fill("[data-field=strokes] [type=number]", "0"), {"strokes": 720}),
    "grain": (lambda page: page.fill("#slider-grain", "80"), {"grain": 0.8}),
    "faces": (lambda page: page.fill("[data-field=faces] [type=number]", "70"), {"faces": 0.7}),
    "stillness": (lambda page: page.uncheck("#still"), {"temporal": "off"}),
    "colors": (lambda page: page.check("[name=color][value=luma]"), {"color": "luma"}),
    "how much": (lambda page: page.fill("[data-field=color_strength] [type=number]", "25"), {"color_strength": 0.25}),
    "background": (lambda page: page.select_option("#region-background", "kiss"), {"background": "kiss"}),
    "people": (lambda page: page.select_option("#region-person", "keep"), {"person": "keep"}),
}


def test_every_control_reaches_the_server_and_goes_back(page):
    screen = page.playwright
    usual = page.look
    for name, (use, fields) in CONTROLS.items():
        use(screen)
        page.until(lambda fields=fields: fields.items() <= page.look.items(), f"{name}: {fields}")
    screen.click("#undo")
    page.until_look(person="style", background="kiss")
    screen.click("#redo")
    page.until_look(person="keep")
    screen.click("[data-field=grain] .reset")
    page.until_look(grain=usual["grain"])
    screen.click("text=Reset all")
    page.until_look(**usual)
    screen.click("#mirror")
    page.until(lambda: page.state["mirror"], "mirrored")
    screen.click("#mirror")
    page.until(lambda: not page.state["mirror"], "mirrored no longer")
    # Twice at once, before the server has told of the first.
    for name in ("mirror", "record"):
        screen.evaluate("name => { for (const _ of [1, 2]) document.getElementById(name).click(); }", name)
        screen.wait_for_selector(f"#{name}[aria-pressed=false]")
    screen.wait_for_timeout(1000)
    assert not page.state["mirror"]
    assert page.state["recording"]["phase"] == "off"


def test_up_to_four_styles_are_blended_on_the_pad(page):
    screen = page.playwright
    screen.click("li[data-style='kiss'] .tile")
    page.until_look(style=["kiss"])
    for name in ("scream", "irises", "circles"):
        screen.hover(f"li[data-style='{name}']")
        screen.click(f"li[data-style='{name}'] .add")
        page.until(lambda name=name: name in page.look["style"], f"{name} is blended in")
    page.until_look(weights=[0.25] * 4)
    screen.locator(".pad").scroll_into_view_if_needed()
    box = screen.locator(".pad").bounding_box()
    screen.mouse.click(box["x"] + box["width"] - 15, box["y"] + box["height"] - 15)
    page.until(lambda: page.look["weights"][3] > 0.95, "the last corner")
    screen.focus(".pad-point")
    screen.keyboard.press("ArrowLeft")
    page.until(lambda: page.look["weights"][2] > 0.02, "a step to the left")
    screen.click(".pad [aria-label='Take Irises out of the blend']")
    page.until_look(style=["kiss", "scream", "circles"])
    screen.click("text=One style only")
    page.until_look(style=["circles"], weights=[])


def test_search_favorites_and_own_paintings(page):
    screen = page.playwright
    screen.fill("#style-search", "munch")
    assert screen.locator(".tiles li:visible").count() == 1
    screen.fill("#style-search", "")
    screen.hover("li[data-style='scream']")
    screen.click("li[data-style='scream'] .star")
    screen.wait_for_selector("li[data-style='scream'] .star[aria-pressed=true]")
    screen.check("[name=which][value=favorites]")
    assert screen.locator(".tiles li:visible").count() == 1
    screen.check("[name=which][value=all]")
    screen.click("li[data-style='scream'] .star")
    screen.wait_for_selector("li[data-style='scream'] .star[aria-pressed=false]")
    page.drop("[data-drop=style]", "my cat.png", "image/png", painting())
    page.until(lambda: any(style["kind"] == "own" for style in page.get("/api/styles")), "the painting is a style")
    (own,) = [style for style in page.get("/api/styles") if style["kind"] == "own"]
    page.until_look(style=[own["name"]])
    screen.reload()
    tile = screen.wait_for_selector(f"li[data-style='{own['name']}'].chosen")
    tile.hover()
    screen.click("li[data-style='scream'] .tile")
    page.until_look(style=["scream"])
    screen.hover(f"li[data-style='{own['name']}']")
    screen.click(f"li[data-style='{own['name']}'] [aria-label^=Remove]")
    screen.click("#question-yes")
    screen.wait_for_selector(f"li[data-style='{own['name']}']", state="detached")


def test_a_second_tab_and_a_reload_show_the_same(page, new_page):
    page.playwright.fill("[data-field=alpha] [type=number]", "60")
    page.until_look(alpha=[0.6])
    other = new_page().open()
    other.playwright.wait_for_function("() => document.querySelector('#slider-alpha').value === '60'")
    other.playwright.wait_for_selector("#screen:visible")
    other.playwright.fill("[data-field=alpha] [type=number]", "100")
    page.playwright.wait_for_function("() => document.querySelector('#slider-alpha').value === '100'")
    page.playwright.reload()
    page.playwright.wait_for_function("() => document.querySelector('#slider-alpha').value === '100'")
    page.playwright.wait_for_function("() => import('/page/camera.js').then(camera => camera.isRunningHere())")
    page.playwright.wait_for_selector("#screen:visible")


def test_comparing(page):
    screen = page.playwright
    screen.click("#divide")
    line = screen.locator("#screen .divider")
    line.focus()
    screen.keyboard.press("Home")
    assert line.get_attribute("aria-valuenow") == "0"
    box = screen.locator("#screen").bounding_box()
    screen.mouse.move(box["x"] + 3, box["y"] + box["height"] / 2)
    screen.mouse.down()
    screen.mouse.move(box["x"] + box["width"] / 4, box["y"] + 10, steps=3)
    screen.mouse.up()
    assert abs(int(line.get_attribute("aria-valuenow")) - 25) <= 1
    screen.click("#divide")
    screen.hover("#compare")
    screen.mouse.down()
    screen.wait_for_selector("#screen.unpainted")
    screen.wait_for_timeout(500)
    screen.mouse.up()
    screen.wait_for_selector("#screen:not(.unpainted)")


def test_snapshot_recording_and_looks(page):
    screen = page.playwright
    screen.click("#snapshot")
    screen.wait_for_selector(".toast a")
    screen.click("#microphone")
    screen.wait_for_selector("#microphone[aria-pressed=true]")
    screen.click("#record")
    screen.wait_for_function("() => /[3-9]|[1-9][0-9]/.test(document.querySelector('#recording-time').textContent)")
    screen.click("#record")
    page.until(lambda: page.state["recording"]["phase"] == "off", "it is recorded")
    pictures = {picture["kind"]: picture["href"] for picture in page.get("/api/pictures")}
    assert pictures.keys() == {"photo", "video"}, page.state["message"]
    with av.open(io.BytesIO(screen.request.get(page.studio.origin + pictures["video"]).body())) as film:
        beeps = np.concatenate([frame.to_ndarray() for frame in film.decode(audio=0)], axis=-1)
    assert np.abs(beeps).max() > 0.05
    screen.click("#microphone")
    screen.fill("#look-name", "evening")
    screen.click("#save-look button")
    screen.wait_for_selector("button.look-name")
    screen.fill("[data-field=grain] [type=number]", "90")
    page.until_look(grain=0.9)
    screen.click("button.look-name")
    page.until_look(grain=0.5)
    with screen.expect_download() as download:
        screen.click("[aria-label='Download evening, to share it']")
    text = download.value.path().read_text()
    assert "style" in text
    screen.set_input_files(
        "#look-file", {"name": "shared.toml", "mimeType": "", "buffer": b'style = "irises"\ngrain = 0.25\n'}
    )
    page.until_look(style=["irises"], grain=0.25)


KEYS = {"n": "arrowright", "right": "arrowright", "left": "arrowleft", "up": "arrowup", "down": "arrowdown", "space": " "}


def test_the_keys_are_those_of_the_window(page):
    of_page = page.playwright.evaluate("import('/page/keys.js').then(keys => keys.BINDINGS.map(one => one.keys))")
    for binding in BINDINGS:
        if binding.command.name != "QUIT":  # a page is closed by its tab
            assert [key if key == "n" else KEYS.get(key, key) for key in binding.keys] in of_page


def test_by_keyboard_alone(page):
    screen = page.playwright
    screen.keyboard.press("Escape")
    screen.evaluate("document.activeElement.blur()")
    before = page.look
    screen.keyboard.press("c")
    page.until_look(color="content")
    screen.keyboard.press("Control+z")
    page.until_look(color=before["color"])
    screen.keyboard.press("w")
    page.until_look(strokes="bold")
    screen.keyboard.press("/")
    screen.keyboard.type("wave")
    screen.keyboard.press("Enter")
    screen.keyboard.press("Enter")
    page.until_look(style=["great-wave"])
    screen.keyboard.press("Tab")
    assert screen.evaluate("document.activeElement.className").endswith("star")
    screen.fill("#style-search", "")
    screen.focus("#tab-live")
    screen.keyboard.press("ArrowRight")
    assert screen.locator("#files").is_visible()
    screen.keyboard.press("ArrowLeft")
    screen.focus("#slider-alpha")
    screen.keyboard.press("ArrowLeft")
    page.until_look(alpha=[0.99], style=["great-wave"])


def test_a_phone_gets_in_with_the_password_over_https(browser, tmp_path):
    context = self_signed(tmp_path, ["127.0.0.1"])
    with on_a_thread(tmp_path, guard=Guard(TOKEN, password="a password"), context=context) as address:
        phone = browser.new_context(ignore_https_errors=True)
        screen = phone.new_page()
        screen.goto(address)
        screen.fill("[type=password]", "a password")
        screen.keyboard.press("Enter")
        screen.wait_for_selector("#welcome:visible")
        assert [cookie["secure"] for cookie in phone.cookies()] == [True]
        phone.close()


NO_ROOM = """() => [document.documentElement.scrollWidth > innerWidth, document.documentElement.scrollHeight > innerHeight,
    ...[...document.querySelectorAll(".bar button, .transport button, .panes button")]
        .filter(button => button.offsetParent)
        .filter(button => { const box = button.getBoundingClientRect();
            return box.left < 0 || box.right > innerWidth + 1 || box.top < 0 || box.bottom > innerHeight + 1; })
        .map(button => button.id || button.dataset.pane)].filter(Boolean)"""


def test_a_phone_and_all_other_sizes(page, new_page):
    phone = new_page(360, 740, has_touch=True, is_mobile=True).open()
    screen = phone.playwright
    screen.wait_for_selector("#screen:visible")
    screen.tap(".panes [data-pane=adjust]")
    screen.wait_for_selector("#slider-alpha:visible")
    screen.tap(".panes [data-pane=blend]")
    screen.tap(".corner-add")  # leads to the gallery, for the style of this corner
    screen.wait_for_selector("#corner-hint:visible")
    screen.tap("li:not(.chosen) .tile")
    phone.until(lambda: len(phone.look["style"]) == 2, "a blend")
    screen.tap(".panes [data-pane=blend]")
    screen.tap("#unblend")
    phone.until(lambda: len(phone.look["style"]) == 1, "one style")
    # Nothing is painted meanwhile: at these sizes without a GPU that takes longer than all the rest.
    phone.send("POST", "/api/live/stop", {})
    screen.wait_for_selector("#welcome:visible")
    for width, height in ((360, 740), (740, 360), (820, 1180), (1280, 720), (3840, 2160)):
        screen.set_viewport_size({"width": width, "height": height})
        assert screen.evaluate(NO_ROOM) == [], f"{width} x {height}"
