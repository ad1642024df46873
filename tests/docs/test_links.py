"""Links within the repository lead somewhere; `make docs` checks the site's own, with their headings."""

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGES = [
    ROOT / name
    for name in subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "*.md"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    ).stdout.split()
] or sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])


def links_of(page):
    text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    return re.findall(r"\]\(([^)\s]+)\)", re.sub(r"`[^`\n]*`", "", text))


def anchor(heading):
    return re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page):
    for link in links_of(page):
        if "://" in link or link.startswith("mailto:"):
            continue
        name, _, heading = link.partition("#")
        target = (page.parent / name).resolve() if name else page
        assert target.exists(), f"{page.name}: {link}"
        if heading:
            headings = re.findall(r"^#+ (.*)$", target.read_text(encoding="utf-8"), flags=re.MULTILINE)
            assert heading in {anchor(found) for found in headings}, f"{page.name}: {link}"


def test_the_readme_links_to_what_a_newcomer_needs():
    links = set(links_of(ROOT / "README.md"))
    assert {"docs/quickstart.md", "docs/python-api.md", "docs/architecture.md", "CONTRIBUTING.md"} <= links


def test_every_decision_is_listed_once():
    listed = [link for link in links_of(ROOT / "docs" / "decisions" / "index.md") if "/" not in link]
    pages = [path.name for path in (ROOT / "docs" / "decisions").glob("*.md") if path.name != "index.md"]
    assert sorted(listed) == sorted(pages)
