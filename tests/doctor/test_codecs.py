import av
import pytest

from streamstyle.doctor.checks import codecs
from streamstyle.errors import SinkError
from streamstyle.runtime.gpu.nvidia import Nvidia


def test_every_encoder_is_really_tried_here():
    found = {finding.name: finding.state for finding in codecs.findings()}
    assert set(found) == {*codecs.VIDEO, *codecs.AUDIO, "decoders", "hwaccel"}
    assert found["h264"] == found["aac"] == found["decoders"] == "ok"


def test_an_encoder_that_does_not_encode_is_a_failure(monkeypatch):
    monkeypatch.setattr(codecs, "encode_video", raising(av.error.ExternalError(1, "Generic error in an external library")))
    monkeypatch.setattr(codecs, "encode_audio", raising(ValueError("it gives no data")))
    assert (codecs.video("hevc").state, codecs.audio("aac").state) == ("failed", "failed")
    assert "external library" in codecs.video("hevc").detail
    assert "pip install" in codecs.video("hevc").remedy


def test_an_encoder_that_this_build_lacks_is_missing(monkeypatch):
    monkeypatch.setattr(codecs, "choose_codec", raising(SinkError("no such encoder")))
    assert codecs.video("av1").state == "missing"


@pytest.mark.parametrize(
    ("gpu", "words"), [(Nvidia((), "no NVIDIA driver"), "no NVIDIA driver"), (Nvidia(("H200",)), "does not open on H200")]
)
def test_an_encoder_of_a_gpu_may_be_missing_and_says_why(monkeypatch, gpu, words):
    monkeypatch.setattr(codecs, "encode_video", raising(av.error.PermissionError(1, "Operation not permitted")))
    monkeypatch.setattr(codecs.nvidia, "look", lambda: gpu)
    finding = codecs.video("h264_nvenc")
    assert finding.state == "missing"
    assert words in finding.detail


def test_an_unknown_encoder_is_an_error_that_the_check_knows():
    with pytest.raises(ValueError, match="no_such_encoder"):
        codecs.encode_video("no_such_encoder", {})


def test_formats_that_cannot_be_read_are_named(monkeypatch):
    monkeypatch.setattr(codecs, "DECODERS", ("h264", "betamax"))
    finding = codecs.decoders()
    assert finding.state == "warning"
    assert "cannot read betamax" in finding.detail


def raising(error):
    def call(*_arguments):
        raise error

    return call


def test_a_device_that_decodes_is_named(monkeypatch):
    monkeypatch.setattr(codecs.hardware, "choices", lambda: ("off", "auto", "qsv", "cuda"))
    monkeypatch.setattr(codecs.hardware, "choose", lambda name: (object() if name == "cuda" else None, ""))
    assert codecs.hwaccel().state == "ok"
    assert "--hwaccel cuda" in codecs.hwaccel().detail
    monkeypatch.setattr(codecs.hardware, "choose", lambda _name: (None, "there is none"))
    assert codecs.hwaccel().state == "missing"
