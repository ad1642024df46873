"""The tab Files in a real browser, with real jobs; and what the page says when the studio is away."""

import cv2

from tests.clips import pattern
from tests.studio.browser.studio import HEIGHT, WIDTH, film, painting


def photo():
    return cv2.imencode(".png", cv2.cvtColor(pattern(3, WIDTH, HEIGHT), cv2.COLOR_RGB2BGR))[1].tobytes()


def phases(page):
    return {job["name"]: job["phase"] for job in page.get("/api/jobs")}


def remove_all(page):
    for job in page.get("/api/jobs"):
        page.playwright.evaluate("id => fetch('/api/jobs/' + id, {method: 'DELETE'})", job["id"])
    page.playwright.wait_for_selector("#no-jobs:visible")


def test_a_dropped_film_is_painted_and_a_broken_one_says_why(page, tmp_path):
    screen = page.playwright
    screen.click("#tab-files")
    page.drop("#drop-zone", "broken.mp4", "video/mp4", b"this is no film")
    page.drop("#drop-zone", "walk.mp4", "video/mp4", film(tmp_path / "walk.mp4"))
    page.until(lambda: phases(page) == {"broken.mp4": "failed", "walk.mp4": "done"}, "one is done, one has failed")
    said = screen.inner_text("li.failed .job-note")
    assert len(said) > 10
    assert "Error" not in said
    screen.reload()  # the tab and the queue are the same
    screen.click("[aria-label='Compare walk.mp4 with the painted one']")
    screen.wait_for_function("() => document.querySelector('#result-screen .painted').readyState > 1")
    screen.wait_for_function("() => document.querySelector('#result-screen .original').readyState > 1")
    line = screen.locator("#result-screen .divider")
    line.focus()
    screen.keyboard.press("End")
    assert line.get_attribute("aria-valuenow") == "100"
    with screen.expect_download() as download:
        screen.click("#result-download")
    assert download.value.path().stat().st_size > 500
    screen.keyboard.press("Escape")
    remove_all(page)
    screen.click("#tab-live")


def test_order_stopping_and_trying_again(page, tmp_path):
    screen = page.playwright
    screen.click("#tab-files")
    page.drop("#drop-zone", "long.mp4", "video/mp4", film(tmp_path / "long.mp4", frames=400))
    page.drop("#drop-zone", "one.png", "image/png", photo())
    page.drop("#drop-zone", "two.png", "image/png", photo())
    page.until(lambda: len(phases(page)) == 3 and phases(page)["long.mp4"] == "running", "the first runs")
    assert screen.inner_text("#queue-count") == "3"
    screen.click("[aria-label='Earlier: two.png']")
    screen.wait_for_selector("li:has-text('two.png') + li:has-text('one.png')")
    screen.wait_for_selector("li:has-text('long.mp4') progress")
    screen.click("[aria-label='Stop long.mp4']")
    page.until(lambda: phases(page) == {"long.mp4": "cancelled", "one.png": "done", "two.png": "done"}, "all is over")
    screen.click("[aria-label='Try again: long.mp4']")
    page.until(lambda: phases(page)["long.mp4"] == "running", "it runs again")
    screen.click("[aria-label='Stop long.mp4']")
    page.until(lambda: phases(page)["long.mp4"] == "cancelled", "and is stopped")
    screen.click("#clear-done")
    screen.click("#question-yes")
    screen.wait_for_selector("#no-jobs:visible")
    screen.click("#tab-live")


def test_what_is_dropped_on_the_picture(page):
    """A painting becomes a style or is painted, as is wished; what is neither is said so."""
    screen = page.playwright
    page.drop("[data-drop=job]", "me.png", "image/png", painting())
    screen.wait_for_selector("#files:visible")
    page.until(lambda: phases(page).get("me.png") == "done", "it is painted")
    remove_all(page)
    screen.click("#tab-live")
    page.drop("#stage", "letter.pdf", "application/pdf", b"%PDF")
    assert "neither a film nor a picture" in screen.inner_text(".toast.bad")


def test_the_page_waits_for_a_studio_that_is_away_and_goes_on(page, studio):
    screen = page.playwright
    studio.stop()
    screen.wait_for_selector("#banner:has-text('does not answer')")
    page.complaints.clear()
    studio.start()
    screen.wait_for_selector("#banner", state="hidden")
    page.until(lambda: page.state["live"]["phase"] == "running", "the camera of this page goes on")
    page.complaints.clear()  # what was asked for meanwhile had no answer
