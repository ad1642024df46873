import errno
import sys
import types

import pytest

from streamstyle.doctor.checks import system
from streamstyle.doctor.checks.system import cache_folder, current_folder, library, memory


def test_this_very_machine_is_described():
    findings = {finding.name: finding for finding in system.findings()}
    assert set(system.LIBRARIES) < set(findings)
    assert findings["python"].detail.startswith(f"{sys.version_info.major}.{sys.version_info.minor}.")
    assert all(findings[name].state == "ok" for name in system.LIBRARIES)


def test_a_library_that_is_not_installed_says_what_to_install(monkeypatch):
    monkeypatch.setattr(system, "LIBRARIES", ("cv2",))
    monkeypatch.setattr(
        system.importlib, "import_module", raising(ModuleNotFoundError("No module named 'cv2'", name="cv2"))
    )
    finding = library("cv2")
    assert (finding.state, finding.remedy) == ("missing", "run: pip install opencv-python")


def test_a_library_that_lacks_a_library_of_the_system_says_which(monkeypatch):
    monkeypatch.setattr(
        system.importlib, "import_module", raising(ImportError("libGL.so.1: cannot open shared object file"))
    )
    finding = library("cv2")
    assert finding.state == "failed"
    assert "libGL.so.1" in finding.detail
    assert "apt install libgl1" in finding.remedy


def test_a_library_that_is_half_installed_is_to_be_installed_again(monkeypatch):
    monkeypatch.setattr(system.importlib, "import_module", lambda _name: types.SimpleNamespace())
    finding = library("numpy")
    assert (finding.state, finding.remedy) == ("failed", "run: pip install --force-reinstall numpy")


def test_two_runtimes_in_one_environment_are_named(monkeypatch):
    monkeypatch.setattr(system, "runtime_packages", lambda: ["onnxruntime", "onnxruntime-gpu"])
    finding = library("onnxruntime")
    assert finding.state == "failed"
    assert "onnxruntime and onnxruntime-gpu" in finding.detail
    assert finding.remedy.startswith("run: pip uninstall -y onnxruntime onnxruntime-gpu; pip install")


def test_no_runtime_says_what_to_install(monkeypatch):
    monkeypatch.setattr(system, "runtime_packages", list)
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    assert library("onnxruntime").state == "missing"
    assert library("onnxruntime").remedy.startswith("run: streamstyle install cpu")


@pytest.mark.parametrize(("free", "state"), [(None, "ok"), (8_000_000_000, "ok"), (500_000_000, "warning")])
def test_little_memory_is_a_warning(monkeypatch, free, state):
    monkeypatch.setattr(system, "available_memory", lambda: free)
    assert memory().state == state


def test_a_cache_folder_that_is_not_there_yet_is_fine_and_is_not_made(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    assert cache_folder().state == "ok"
    assert list(tmp_path.iterdir()) == []


def test_a_cache_folder_that_cannot_be_written_is_a_warning(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(system.tempfile, "TemporaryFile", raising(OSError(errno.EROFS, "Read-only file system")))
    finding = cache_folder()
    assert finding.state == "warning"
    assert "XDG_CACHE_HOME" in finding.remedy
    assert current_folder().state == "warning"
    assert "-o" in current_folder().remedy


def test_a_full_disk_is_a_warning(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(system.shutil, "disk_usage", lambda _place: types.SimpleNamespace(free=10_000_000))
    assert {cache_folder().state, current_folder().state} == {"warning"}


def test_a_current_folder_that_was_deleted_is_a_warning(monkeypatch):
    monkeypatch.setattr(system.Path, "cwd", raising(FileNotFoundError(errno.ENOENT, "gone")))
    assert current_folder().state == "warning"


def raising(error):
    def call(*_arguments, **_options):
        raise error

    return call
