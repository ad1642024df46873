"""What tools from npm say of the page: nothing."""

import json
import shutil
import subprocess

import pytest

from tests.studio.browser.studio import ROOT

PAGE = ROOT / "streamstyle" / "studio" / "page"
TYPES = ["--noEmit", "--allowJs", "--checkJs", "--strict", "--noImplicitReturns", "--noUnusedLocals", "--target", "es2022"]
TYPES += ["--module", "es2022", "--moduleResolution", "bundler", "--lib", "es2022,dom,dom.iterable,dom.asynciterable"]
CHECK = "() => axe.run(document, {resultTypes: ['violations']}).then(found => found.violations)"

pytestmark = pytest.mark.slow  # fetches packages


@pytest.fixture(scope="module")
def modules(tmp_path_factory):
    """The folder with both tools."""
    folder = tmp_path_factory.mktemp("npm")
    npm = shutil.which("npm")
    if npm is None:
        pytest.skip("npm is not installed")
    command = [npm, "install", "--no-audit", "--no-fund", "--prefix", str(folder), "axe-core@4", "typescript@7"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    if done.returncode:
        pytest.skip(f"npm fetches nothing here: {done.stderr.strip().splitlines()[-1:]}")
    return folder / "node_modules"


def test_the_types_fit(modules):
    files = [str(path) for path in sorted(PAGE.glob("*.js"))]
    done = subprocess.run(
        [str(modules / ".bin" / "tsc"), *TYPES, *files], capture_output=True, text=True, timeout=300, check=False
    )
    assert done.stdout == ""
    assert done.returncode == 0


def found(page, axe):
    page.evaluate(axe)
    return [(one["id"], [node["html"] for node in one["nodes"]]) for one in page.evaluate(CHECK)]


@pytest.mark.timeout(600)
def test_axe_finds_nothing(modules, page, new_page):
    axe = (modules / "axe-core" / "axe.min.js").read_text()
    screen = page.playwright
    screen.emulate_media(reduced_motion="reduce")
    complaints = {}
    for theme in ("dark", "light"):
        screen.emulate_media(color_scheme=theme)
        screen.click("#divide")
        screen.locator("#details summary").click()
        complaints[f"{theme}: live"] = found(screen, axe)
        screen.click("#divide")
        for button, dialog in (("help", "help-dialog"), ("source", "source-dialog"), ("send", "send-dialog")):
            screen.click(f"#{button}")
            complaints[f"{theme}: {dialog}"] = found(screen, axe)
            screen.click(f"#{dialog} [data-close]")
        screen.click("#tab-files")
        complaints[f"{theme}: files"] = found(screen, axe)
        screen.click("#tab-live")
    phone = new_page(360, 740, has_touch=True, is_mobile=True).open().playwright
    for pane in ("styles", "adjust", "blend", "looks"):
        phone.tap(f".panes [data-pane={pane}]")
        complaints[f"phone: {pane}"] = found(phone, axe)
    said = {place: what for place, what in complaints.items() if what}
    assert said == {}, json.dumps(said, indent=1)
