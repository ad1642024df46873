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
    assert "streamstyle.files.job" in modules
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
    assert all(len((ROOT / name).read_text().splitlines()) <= 40 for name in ("run_video.py", "run_camera.py"))


def test_a_missing_system_library_is_one_line():
    result = run_python(
        "import sys, types\n"
        "class Missing:\n"
        "    def find_spec(self, name, *_):\n"
        "        if name == 'cv2': raise ImportError('libGL.so.1: cannot open shared object file')\n"
        "sys.meta_path.insert(0, Missing())\n"
        "from streamstyle.__main__ import main\n"
        "sys.exit(main(['video', '--list-styles']))"
    )
    assert result.returncode == 1
    assert len(result.stderr.splitlines()) == 1
    assert "apt install libgl1" in result.stderr
