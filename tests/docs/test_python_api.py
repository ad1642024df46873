import runpy
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_the_page_of_the_python_api_says_what_the_docstrings_say():
    written = runpy.run_path(str(ROOT / "docs" / "api.py"))["page"]()
    assert (ROOT / "docs" / "python-api.md").read_text(encoding="utf-8") == written, "run: python -m docs.api"
