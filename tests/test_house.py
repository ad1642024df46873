"""Promises of the house that no single module can keep."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def run_python(code):
    return subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)


def test_the_runtime_never_imports_torch():
    modules = [
        ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
        for path in (ROOT / "streamstyle").rglob("*.py")
        if path.name != "__main__.py"
    ]
    assert "streamstyle.video" in modules
    result = run_python(f"import sys, {', '.join(modules)}; assert 'torch' not in sys.modules")
    assert result.returncode == 0, result.stderr


def test_help_does_not_load_torch():
    result = run_python(
        "import sys, runpy\n"
        "sys.argv = ['run_video.py', '--help']\n"
        "try: runpy.run_path('run_video.py', run_name='__main__')\n"
        "except SystemExit as stop: assert stop.code == 0\n"
        "assert 'torch' not in sys.modules"
    )
    assert result.returncode == 0, result.stderr
    assert "--style" in result.stdout


def test_the_scripts_are_thin():
    assert len((ROOT / "run_video.py").read_text().splitlines()) <= 40
