import json
import re

import cv2
import numpy as np
import pytest

torch = pytest.importorskip("torch")
onnx = pytest.importorskip("onnx")

from evaluation import fixed_sheet, gallery, judge  # noqa: E402
from evaluation.judging import Judged, summary  # noqa: E402
from evaluation.report import html as report_html  # noqa: E402
from evaluation.report.pictures import Pictures  # noqa: E402
from evaluation.sizes import as_painting  # noqa: E402
from evaluation.systems.catalog import Options, open_system  # noqa: E402
from models.fast import Fast, FastConfig  # noqa: E402
from streamstyle.errors import ModelError  # noqa: E402
from tests.vgg import save_random_vgg  # noqa: E402
from training.checkpoint import save_weights  # noqa: E402


def picture(seed, smooth=False):
    rng = np.random.default_rng(seed)
    if smooth:
        return cv2.resize(rng.integers(90, 110, (2, 2, 3), np.uint8), (140, 110), interpolation=cv2.INTER_LINEAR)
    return cv2.resize(rng.integers(0, 256, (28, 35, 3), np.uint8), (140, 110), interpolation=cv2.INTER_CUBIC)


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """Photos, every second one smooth; paintings; a VGG-19 of made-up weights."""
    folder = tmp_path_factory.mktemp("judged")
    for kind in ("photos", "paintings"):
        (folder / kind).mkdir()
    for number in range(6):
        cv2.imwrite(str(folder / "photos" / f"photo{number}.png"), picture(number, smooth=number % 2 == 0))
    for number in range(4):
        cv2.imwrite(str(folder / "paintings" / f"painting{number}.png"), picture(100 + number))
    save_random_vgg(folder / "vgg.pth")
    return folder


def run(world, output, *arguments):
    paths = ["--contents", str(world / "photos"), "--styles", str(world / "paintings"), "--vgg", str(world / "vgg.pth")]
    return judge.main([*paths, "--all", "--size", "110", "--no-faces", "-o", str(output), *map(str, arguments)])


def chosen(world, **kept):
    return gallery.Gallery(Pictures(str(world / "photos")), Pictures(str(world / "paintings")), kept.get("size", 110))


class TestGallery:
    def test_smooth_photos_and_others_take_turns(self, world):
        names = [pair.name for pair in chosen(world).pairs(6)]
        assert [int(re.findall(r"\d", name)[0]) % 2 for name in names] == [0, 1] * 3

    def test_fewer_pairs_are_the_first_of_more(self, world):
        few, more = ([(p.name, p.painting.key) for p in chosen(world).pairs(count)] for count in (3, 5))
        assert few == more[:3]

    def test_each_pair_knows_its_painting(self, world):
        gallery_of = chosen(world)
        assert all(gallery_of.paintings[pair.right] is pair.painting for pair in gallery_of.pairs(6))

    def test_paintings_of_built_in_styles_are_left_out(self, tmp_path, world):
        for name in ("kand_0071", "other"):
            cv2.imwrite(str(tmp_path / f"{name}.png"), picture(5))
        of = gallery.Gallery(Pictures(str(world / "photos")), Pictures(str(tmp_path)), 110)
        assert [painting.name for painting in of.paintings] == ["other"]

    def test_the_order_depends_on_the_names_alone(self):
        assert gallery.shuffled(["a", "b", "c", "d"]) == gallery.shuffled(["d", "b", "a", "c"]) != ["a", "b", "c", "d"]

    @pytest.mark.parametrize(
        ("shape", "wanted"), [((288, 432), (360, 540)), ((500, 200), (640, 360)), ((90, 90), (360, 360))]
    )
    def test_photos_have_the_short_side_and_are_no_longer_than_16_to_9(self, shape, wanted):
        assert gallery.as_photo(np.zeros((*shape, 3), np.uint8), 360).shape == (*wanted, 3)

    def test_textures_of_paintings_are_seen_once(self, world):
        class Sees:
            asked = 0

            def see(self, image):
                self.asked += 1
                return np.full((2, 3, 4), image[0, 0, 0], np.float32)

        sees, paintings = Sees(), [as_painting(f"{seed}.png", picture(seed)) for seed in range(2)]
        first = gallery.textures(sees, paintings, world / "vgg.pth")
        second = gallery.textures(sees, paintings, world / "vgg.pth")
        assert sees.asked == 2
        assert np.array_equal(first, second)
        gallery.textures(sees, paintings[:1], world / "vgg.pth")
        assert sees.asked == 3


class TestSummary:
    def test_of_closed_form_figures(self):
        pairs = [
            Judged("a", "x", picture(1), {"rank": rank, "contrast": contrast, "sharpness": 1.0, "ssim": 0.5} | extra)
            for rank, contrast, extra in ((1, 0.5, {"lattice": 0.4}), (2, 2.0, {}), (9, 1.0, {"noise": 3.0, "shift": 5.0}))
        ]
        faces = [Judged("f", "x", picture(1), {"faces": 2, "faces_kept": 1, "faces_moved": 0.2})]
        assert summary(pairs, faces) == pytest.approx(
            {
                "texture_rank": 2,
                "texture_mean": 18 ** (1 / 3),
                "texture_first": 2 / 3,
                "contrast": 1,
                "sharpness": 1,
                "lattice": 0.4,
                "ssim": 0.5,
                "noise": 3,
                "shift": 5,
                "faces_kept": 0.5,
                "faces_moved": 0.2,
            }
        )

    def test_nothing_of_nothing(self):
        assert summary([], []) == {}


@pytest.fixture(scope="module")
def report(world, tmp_path_factory):
    output = tmp_path_factory.mktemp("report")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        assert run(world, output, "--pairs", "4", "--model", "painting", "--model", "photo=identity") == 0
    return output


class TestCommand:
    def test_the_painting_is_its_own_best_result(self, report):
        figures = json.loads((report / "judged.json").read_text())["systems"]["painting"]["figures"]
        assert figures["texture_rank"] == 1
        assert figures["texture_first"] == 1
        assert figures["contrast"] == pytest.approx(1, abs=0.1)
        assert "noise" not in figures

    def test_the_photo_keeps_all_of_itself(self, report):
        figures = json.loads((report / "judged.json").read_text())["systems"]["photo"]["figures"]
        assert figures["ssim"] == pytest.approx(1)
        assert figures["shift"] == 0
        assert figures["noise"] == pytest.approx(4.07, rel=0.05)
        assert figures["lattice"] < 0.3

    def test_every_picture_is_in_the_json_and_on_the_sheet(self, report):
        pictures = json.loads((report / "judged.json").read_text())["systems"]["photo"]["pictures"]
        assert len(pictures) == 4
        sheet = cv2.imread(str(report / "pairs.jpg"))
        assert sheet.shape[0] == 4 * (fixed_sheet.TILE[1] + 20)
        assert not (report / "sheet-1.jpg").exists()

    def test_the_table_is_printed_whole(self, world, tmp_path, capsys):
        assert run(world, tmp_path, "--pairs", "2", "--model", "painting") == 0
        printed = capsys.readouterr().out
        assert "texture rank" in printed
        assert "no fixed sheet" in printed

    def test_without_vgg_it_says_what_is_wanted(self, world, tmp_path, capsys):
        assert run(world, tmp_path, "--vgg", tmp_path / "none.pth") == 2
        assert "wanted the weights of VGG-19" in capsys.readouterr().err

    @pytest.mark.parametrize("wrong", [("--pairs", "0"), ("--size", "80")])
    def test_wrong_numbers_are_refused(self, world, tmp_path, wrong, capsys):
        assert run(world, tmp_path, *wrong) == 2
        assert "wanted --pairs from 1" in capsys.readouterr().err

    def test_an_unknown_model_is_named(self, world, tmp_path, capsys):
        assert run(world, tmp_path, "--model", "nobody") == 1
        assert "nobody" in capsys.readouterr().err


class TestFixedSheet:
    def test_a_style_that_is_not_known_leaves_a_blank_tile(self):
        dark = np.zeros((90, 160, 3), np.uint8)
        sheet = fixed_sheet.draw([fixed_sheet.Row("a, b", dark, dark, [dark, None])], ["one", "two"])
        width = fixed_sheet.TILE[0] + 4
        assert sheet.shape == (fixed_sheet.TILE[1] + 20, 4 * width, 3)
        middles = [sheet[100, column * width + width // 2].max() for column in range(4)]
        assert middles == [0, 0, 0, 255]

    def test_each_painting_of_the_sheet_has_a_nearest_built_in_style(self):
        assert {painting for _, painting in fixed_sheet.PAIRS} == set(fixed_sheet.NEAREST_BUILT_IN)


class TestSystems:
    def test_weights_paint_what_the_network_paints(self, tmp_path):
        torch.manual_seed(0)
        network = Fast(
            FastConfig(half=8, quarter=8, eighth=8, blocks=2, style=16, sixteenth=8, deep_blocks=1, looks=0)
        ).eval()
        save_weights(network, tmp_path / "small.safetensors", {})
        system = open_system(str(tmp_path / "small.safetensors"), Options(grain=0))
        painting, photo = as_painting("p.png", picture(7)), picture(8)
        tensors = [torch.from_numpy(image.transpose(2, 0, 1)[None] / np.float32(255)) for image in (photo, painting.image)]
        height, width = painting.image.shape[:2]
        padded = torch.nn.functional.pad(tensors[1], (0, -width % 8, 0, -height % 8), mode="replicate")
        with torch.no_grad():
            wanted = network(tensors[0], padded, torch.ones(1, 1, 1, 1))[0].clamp(0, 1).mul(255).round().permute(1, 2, 0)
        assert np.abs(system.stylize(photo, painting).astype(int) - wanted.numpy()).max() <= 1
        assert np.array_equal(system.stylize(photo, painting, 0.0), photo)

    def test_what_are_no_weights_is_refused(self, tmp_path):
        (tmp_path / "no.safetensors").write_bytes(b"no")
        with pytest.raises(ModelError, match=r"no\.safetensors"):
            open_system(str(tmp_path / "no.safetensors"), Options())

    def test_a_network_of_many_styles_is_asked_for_one(self, tmp_path):
        """A network that brightens by the number of the style, and wants multiples of 4."""
        helper, kind = onnx.helper, onnx.TensorProto.FLOAT
        numbers = onnx.numpy_helper.from_array(np.arange(26, dtype=np.float32) / 255, "numbers")
        nodes = [
            helper.make_node("Mul", ["style_weights", "numbers"], ["weighted"]),
            helper.make_node("ReduceSum", ["weighted"], ["more"], keepdims=0),
            helper.make_node("Add", ["image", "more"], ["stylized"]),
        ]
        inputs = [
            helper.make_tensor_value_info("image", kind, [1, 3, "h", "w"]),
            helper.make_tensor_value_info("style_weights", kind, [26]),
        ]
        outputs = [helper.make_tensor_value_info("stylized", kind, [1, 3, "h", "w"])]
        graph = helper.make_graph(nodes, "brighter", inputs, outputs, [numbers])
        path = tmp_path / "multistyle26.onnx"
        onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10), path)
        system = open_system(str(path), Options())
        photo = np.minimum(picture(9)[:-1, :-3], 200)
        name, number = next(iter(fixed_sheet.NEAREST_BUILT_IN.items()))
        painting = as_painting(f"{name}.webp", picture(10))
        assert system.knows(painting)
        assert not system.knows(as_painting("other.webp", picture(10)))
        assert np.array_equal(system.stylize(photo, painting), photo + number)


def test_the_report_of_the_evaluation_leads_with_what_the_judges_left(report, tmp_path):
    (tmp_path / "judged.json").write_bytes((report / "judged.json").read_bytes())
    assert "data:image/jpeg" not in report_html.sheet(tmp_path)
    cv2.imwrite(str(tmp_path / "sheet-1.jpg"), picture(1))
    led = report_html.sheet(tmp_path)
    assert led.index("data:image/jpeg") < led.index("texture rank") < led.index("<td>painting</td>")
    assert report_html.sheet(tmp_path / "none") == ""
