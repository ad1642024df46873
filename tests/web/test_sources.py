"""What the page that paints in the browser alone is put together of, without building it."""

import re

from web.build import HERE, SHARED, STUDIO

BUILT = {"mediabunny.min.mjs"}
"""Modules that come from npm."""
_IMPORT = re.compile(r"""(?:from|import)\s*\(?\s*["']\./([\w.-]+)["']""")


def test_every_module_that_is_imported_is_in_the_folder():
    pages = [*(HERE / "src").glob("*.js"), *(STUDIO / name for name in SHARED if name.endswith(".js"))]
    there = {path.name for path in pages} | BUILT
    imported = {(path.name, name) for path in pages for name in _IMPORT.findall(path.read_text(encoding="utf-8"))}
    assert ("app.js", "divider.js") in imported
    assert {(page, name) for page, name in imported if name not in there} == set()
