"""Graphs on CUDA, with a fake runtime: no test machine has a GPU."""

import numpy as np
import pytest

from streamstyle.errors import ModelError
from streamstyle.paint.stylizer import Stylizer
from streamstyle.runtime import ort
from streamstyle.runtime.catalog import WEIGHTS
from streamstyle.runtime.gpu import session as gpu
from streamstyle.runtime.gpu.devices import EXPERIMENTAL
from streamstyle.runtime.session import Session
from tests.looks import plain
from tests.runtime.fake_gpu import FakeRuntime, picture

STYLIZE = WEIGHTS / "fast.stylize.onnx"
CUDA = "CUDAExecutionProvider"


@pytest.fixture
def runtime(monkeypatch):
    fake = FakeRuntime()
    monkeypatch.setattr(ort, "import_runtime", lambda: fake)
    return fake


@pytest.fixture
def said():
    return []


def opened(said, **options):
    return Session(STYLIZE, "cuda", for_frames=True, tell=said.append, **options)


def feeds(code, image, alpha=1.0):
    return {"content": image[None], "alpha": np.full((1, 1, 1, 1), alpha, np.float32)} | code


def wanted(reference, code, image, alpha=1.0):
    return reference._stylize.run(feeds(code, image, alpha))["stylized"]


def how(runtime):
    return [kind for kind, _ in runtime.runs]


def test_frames_of_a_size_go_through_bound_buffers_from_the_second_on_and_come_out_right(runtime, reference, code, said):
    session = opened(said)
    for seed in range(4):
        image = picture(seed=seed)
        assert np.array_equal(session.run(feeds(code, image))["stylized"], wanted(reference, code, image))
    assert how(runtime) == ["plain", "bound", "bound", "bound"]
    assert said == [EXPERIMENTAL]


def test_only_frames_are_uploaded_while_the_look_stays(runtime, code, said):
    session = opened(said)
    for _ in range(2):
        session.run(feeds(code, picture()))
    runtime.uploads.clear()
    session.run(feeds(code, picture(seed=1)))
    assert runtime.uploads == [(1, 48, 80, 3)]
    session.run(feeds(code, picture(seed=1), alpha=0.5))
    assert runtime.uploads[1:] == [(1, 48, 80, 3), (1, 1, 1, 1)]


def test_another_look_and_another_strength_are_seen_at_once(runtime, reference, code, said):
    session = opened(said)
    other = dict(reference.encoder.find("kiss").tensors)
    image = picture()
    for look, alpha in ((code, 1.0), (code, 1.0), (other, 1.0), (other, 0.3), (code, 0.3)):
        got = session.run(feeds(look, image, alpha))["stylized"]
        assert np.array_equal(got, wanted(reference, look, image, alpha))


def test_a_source_that_fills_the_same_buffer_anew_is_no_stale_frame(runtime, reference, code, said):
    session, image = opened(said), picture()
    for seed in range(3):
        image[:] = picture(seed=seed)
        assert np.array_equal(session.run(feeds(code, image))["stylized"], wanted(reference, code, image))


def test_results_stay_when_the_next_frame_comes(runtime, code, said):
    session = opened(said)
    session.run(feeds(code, picture()))
    first = session.run(feeds(code, picture()))["stylized"]
    kept = first.copy()
    session.run(feeds(code, picture(seed=9)))
    assert np.array_equal(first, kept)


def test_a_size_has_one_session_with_all_shapes_fixed_and_a_cuda_graph(runtime, code, said):
    session = opened(said)
    for _ in range(3):
        session.run(feeds(code, picture()))
    assert len(runtime.sessions) == 2
    _, options, providers = runtime.sessions[1]
    assert sorted(options.fixed.values())[-2:] == [48, 80]
    assert set(options.fixed.values()) == {1, 48, 80}
    assert providers[CUDA]["enable_cuda_graph"] == providers[CUDA]["use_tf32"] == providers[CUDA]["prefer_nhwc"] == "1"
    assert providers[CUDA]["cudnn_conv_algo_search"] == "HEURISTIC"


def test_few_sizes_are_kept_and_one_that_comes_back_is_right(runtime, reference, code, said):
    session = opened(said)
    widths = [16 * number for number in range(1, 2 + gpu._SIZES_KEPT)]
    for width in [*widths, *widths]:
        image = picture(24, width)
        for _ in range(2):
            assert np.array_equal(session.run(feeds(code, image))["stylized"], wanted(reference, code, image))
    assert len(session._graph._sized) == gpu._SIZES_KEPT


def test_photos_of_many_sizes_share_one_session(runtime, code, said):
    session = opened(said)
    for width in range(20, 30):
        session.run(feeds(code, picture(20, width)))
    assert len(runtime.sessions) == 1


def test_codes_that_are_spread_over_the_frame_run_without_fixed_shapes(runtime, code, said):
    session = opened(said)
    spread = feeds(code, picture())
    spread["alpha"] = np.broadcast_to(spread["alpha"], (1, 1, 48, 80))
    for _ in range(3):
        session.run(spread)
    assert how(runtime) == ["plain"] * 3


@pytest.mark.parametrize(
    ("option", "words"),
    [("prefer_nhwc", ["the layout that tensor cores want"]), ("enable_cuda_graph", ["tensor cores", "CUDA graphs"])],
)
def test_what_a_session_refuses_is_told_once_and_done_without(runtime, reference, code, said, option, words):
    runtime.refuse = lambda _options, providers: (
        "this session cannot use the graph capture feature" if providers[CUDA].get(option) == "1" else None
    )
    session, image = opened(said), picture()
    for _ in range(3):
        assert np.array_equal(session.run(feeds(code, image))["stylized"], wanted(reference, code, image))
    assert how(runtime) == ["plain", "bound", "bound"]
    assert said.pop(0) == EXPERIMENTAL
    assert all(word in line and "slower" in line for word, line in zip(words, said, strict=True))


def test_a_gpu_that_cannot_do_any_of_it_still_runs_frames(runtime, reference, code, said):
    runtime.refuse_run = lambda _providers: "CUDA failure 900: operation not permitted when stream is capturing\nat line 3"
    session, image = opened(said), picture()
    for _ in range(3):
        assert np.array_equal(session.run(feeds(code, image))["stylized"], wanted(reference, code, image))
    assert how(runtime) == ["plain"] * 3
    assert [line.partition(" cannot")[0] for line in said[1:]] == [
        "the layout that tensor cores want",
        "CUDA graphs",
        "bound buffers",
    ]
    assert all("\n" not in line for line in said)


def test_convolutions_that_stay_on_the_cpu_are_told(runtime, said):
    runtime.left_to_cpu = 3
    opened(said)
    assert said == ["CUDA leaves 3 of 16 convolutions to the CPU, which is slower", EXPERIMENTAL]


def test_paintings_are_encoded_in_full_precision_by_one_session(runtime):
    session = Session(WEIGHTS / "fast.style.onnx", "cuda")
    for width in (32, 32, 40):
        session.run({"style": picture(32, width)[None]})
    ((_, _, providers),) = runtime.sessions
    assert providers[CUDA]["use_tf32"] == "0"


def test_a_stylizer_on_cuda_gives_what_the_cpu_gives(runtime, reference, tmp_path):
    stylizer = Stylizer("fast", "cuda", precision="fp32")
    look = plain(reference.encoder.find("kiss"))
    assert stylizer.description.endswith("on cuda (fp32)")
    for _ in range(3):
        assert np.array_equal(stylizer.stylize(picture(), look), reference.stylize(picture(), look))


def test_warming_up_prepares_the_size(runtime, code, said):
    session = opened(said)
    session.warm_up(80, 48)
    opened_before = len(runtime.sessions)
    session.run(feeds(code, picture()))
    assert len(runtime.sessions) == opened_before == 2


# Precision


def halved(folder, version=None):
    """A file that says it is half precision; it computes in float32, which is of no weight here."""
    import onnx

    model = onnx.load(STYLIZE)
    for entry in model.metadata_props:
        if entry.key == "streamstyle.precision":
            entry.value = "fp16"
        if entry.key == "streamstyle.version" and version:
            entry.value = version
    path = folder / "fast-fp16.stylize.onnx"
    onnx.save(model, path)
    return path


@pytest.mark.parametrize("device", ["cuda", "auto"])
@pytest.mark.parametrize("precision", ["auto", "fp16"])
def test_the_fp16_file_is_taken_where_there_is_one(runtime, tmp_path, device, precision):
    pytest.importorskip("onnx")
    session = Session(STYLIZE, device, precision, fp16=halved(tmp_path), for_frames=True)
    assert session.label == "cuda (fp16)"


def test_float32_is_kept_where_it_is_asked_for(runtime, tmp_path):
    pytest.importorskip("onnx")
    assert Session(STYLIZE, "cuda", "fp32", fp16=halved(tmp_path)).label == "cuda (fp32)"


def test_without_an_fp16_file_auto_takes_float32_and_fp16_says_how_to_make_one(runtime, tmp_path):
    absent = tmp_path / "fast-fp16.stylize.onnx"
    assert Session(STYLIZE, "cuda", "auto", fp16=absent).label == "cuda (fp32)"
    for device in ("cuda", "auto"):
        with pytest.raises(ModelError, match="python -m export --precision fp16 makes one"):
            Session(STYLIZE, device, "fp16", fp16=absent)


def test_an_fp16_file_of_another_training_is_left_alone_and_named(runtime, tmp_path):
    pytest.importorskip("onnx")
    old = halved(tmp_path, "old")
    session = Session(STYLIZE, "cuda", "auto", fp16=old)
    assert session.label == "cuda (fp32)"
    assert "another training" in session.remark
    with pytest.raises(ModelError, match="another training"):
        Session(STYLIZE, "cuda", "fp16", fp16=old)


@pytest.mark.parametrize("device", ["cpu", "auto"])
def test_fp16_without_a_gpu_is_one_clear_line(device):
    with pytest.raises(ModelError, match="--precision fp16") as caught:
        Session(STYLIZE, device, "fp16")
    assert "GPUs only" in str(caught.value)
    assert "use --device cpu" not in str(caught.value)


@pytest.mark.parametrize("precision", ["bf16", "int8"])
def test_precisions_of_the_cpu_do_not_run_on_cuda(runtime, precision):
    with pytest.raises(ModelError, match=f"--precision {precision} runs on .* only"):
        Session(STYLIZE, "cuda", precision)


def test_frames_keep_their_statistics_nearly_when_they_are_extended():
    frame = picture(45, 70)[None]
    extended = gpu._extended(frame, 64)
    assert extended.shape == (1, 64, 128, 3)
    assert np.array_equal(extended[:, :45, :70], frame)
    assert abs(extended.mean() - frame.mean()) < 8
    assert gpu._extended(extended, 64) is extended
    assert gpu._extended(np.zeros((1, 1, 1, 3), np.uint8), 64).shape == (1, 64, 64, 3)
