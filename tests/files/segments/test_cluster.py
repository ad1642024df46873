"""Films on Ray clusters of several nodes on this machine; for `make test-cluster`."""

import functools
import multiprocessing
import threading
import time
from collections import deque
from pathlib import Path

import pytest

from streamstyle.errors import StreamstyleError, UsageError
from streamstyle.files.segments import cluster as clusters
from streamstyle.files.segments import painter_group as groups
from streamstyle.files.segments.manifest import folder_for
from streamstyle.files.segments.painter_group import shares_of
from streamstyle.files.segments.remote import DiskCheck
from tests.files.segments.clusters import add_node, ray_cluster
from tests.files.segments.films import (
    DiesOnce,
    LeaningStylizer,
    Reloaded,
    divide_short_films,
    paint,
    paint_on_a_cluster,
)
from tests.files.segments.test_film import same

pytestmark = pytest.mark.usefixtures("short_films")
on_a_cluster = [
    pytest.mark.cluster,
    pytest.mark.timeout(1800),
    pytest.mark.filterwarnings("ignore"),  # Ray's own
]


@pytest.fixture(scope="module")
def unbroken(film, tmp_path_factory):
    output = tmp_path_factory.mktemp("unbroken") / "out.mp4"
    with pytest.MonkeyPatch.context() as patch:
        divide_short_films(patch)
        paint(film, output)
    return output


@pytest.fixture(scope="module")
def cluster():
    pytest.importorskip("ray")
    with ray_cluster() as made:
        yield made


@pytest.mark.parametrize(
    ("resources", "shares"),
    [
        ({"CPU": 16.0}, [(4, 0.0, 4)] * 4),
        ({"CPU": 2.0, "memory": 1e9}, [(2, 0.0, 1)]),
        ({"CPU": 32.0, "GPU": 2.0}, [(1.0, 1.0, 2)] * 2),
        ({"memory": 1e9}, []),
    ],
)
def test_nodes_are_shared_between_painters(resources, shares):
    assert shares_of(resources) == shares


def test_without_ray_one_line_says_what_to_install(film, tmp_path, monkeypatch):
    def missing(name):
        raise ImportError(name)

    monkeypatch.setattr(clusters, "import_module", missing)
    with pytest.raises(UsageError, match=r"pip install 'streamstyle\[ray\]'"):
        paint(film, tmp_path / "out.mp4", cluster="auto")


def test_a_disk_is_the_same_if_film_and_segments_are_seen(film, tmp_path):
    (tmp_path / "manifest.json").write_text("{}")
    site = DiskCheck.of(str(film), tmp_path)
    assert site.is_seen_here()
    (tmp_path / "manifest.json").write_text("another run's")
    assert not site.is_seen_here()


def run_with(*painters):
    """A run whose segments take a second, and painters with what each is at and for how many seconds."""
    group = groups.PainterGroup(None, None, Path(), "", lambda _line: None)
    now = time.monotonic()
    for index, seconds in painters:
        group.painters.append(groups.Painter(None, "node", "host", 0, index=index, since=now - seconds))
    return clusters._Run(group, deque(), Path, durations=[1.0, 1.0, 9.0])


@pytest.mark.parametrize(
    ("painters", "begun_anew"),
    [
        ([(3, 60.0), (4, 0.0), (None, 0.0)], 3),
        ([(3, 60.0), (4, 90.0), (None, 0.0)], 4),
        ([(3, 60.0), (3, 0.0), (None, 0.0)], None),  # another one is at it
        ([(3, 0.0), (None, 90.0)], None),
    ],
)
def test_what_is_overdue_is_begun_anew_once(painters, begun_anew):
    assert run_with(*painters)._overdue() == begun_anew


def test_what_a_lost_painter_was_at_is_given_to_another_but_not_for_ever():
    run = run_with((3, 1.0))
    for _ in range(2):
        (painter,) = run.group.painters
        run._lost(painter)
        assert list(run.waiting) == [3]
        run.waiting.clear()
        run.group.painters.append(groups.Painter(None, "node", "host", 0, index=3))
    with pytest.raises(StreamstyleError, match="lost at segment 4"):
        run._lost(run.group.painters[0])


class TestCluster:
    pytestmark = on_a_cluster

    def test_two_nodes_paint_the_same_film_though_a_painter_is_killed(self, cluster, film, unbroken, tmp_path):
        lines, counts, node = [], [], add_node(cluster)
        stylizer = Reloaded(functools.partial(DiesOnce, tmp_path / "died", 20))
        report = paint(
            film, tmp_path / "out.mp4", stylizer, cluster=cluster.address, tell=lines.append, progress=counts.append
        )
        cluster.remove_node(node)
        assert (tmp_path / "died").exists()
        assert "a painter on node" in " ".join(lines)
        assert report.frames == counts[-1] == 250
        assert same(tmp_path / "out.mp4", unbroken)

    def test_a_node_that_shares_no_disk_gets_the_film_and_gives_segments(
        self, cluster, film, unbroken, tmp_path, monkeypatch
    ):
        monkeypatch.setattr(
            DiskCheck, "of", lambda uri, _folder: DiskCheck((str(Path(uri).absolute()), -1, -1), "nowhere", b"")
        )
        paint(film, tmp_path / "out.mp4", cluster=cluster.address)
        assert same(tmp_path / "out.mp4", unbroken)

    def test_a_node_is_killed_in_the_middle(self, cluster, film, unbroken, tmp_path):
        node, killed = add_node(cluster), []

        def kill(done):
            if done > 60 and not killed:
                killed.append(done)
                threading.Thread(target=cluster.remove_node, args=(node, False)).start()

        paint(film, tmp_path / "out.mp4", cluster=cluster.address, progress=kill)
        assert killed
        assert same(tmp_path / "out.mp4", unbroken)

    def test_the_driver_is_killed_and_started_again(self, cluster, film, unbroken, tmp_path):
        output, lines = tmp_path / "out.mp4", []
        context = multiprocessing.get_context("spawn")
        driver = context.Process(target=paint_on_a_cluster, args=(str(film), str(output), cluster.address))
        driver.start()
        while not list(folder_for(output).glob("0000?.nut")):
            assert driver.is_alive()
            time.sleep(0.1)
        driver.kill()
        driver.join()
        assert not output.exists()
        paint(film, output, cluster=cluster.address, tell=lines.append)
        assert lines[0].startswith("resuming: ")
        assert same(output, unbroken)

    def test_two_films_at_once(self, cluster, film, unbroken, tmp_path):
        add_node(cluster)
        context = multiprocessing.get_context("spawn")
        outputs = [tmp_path / "one.mp4", tmp_path / "two.mp4"]
        drivers = [
            context.Process(target=paint_on_a_cluster, args=(str(film), str(output), cluster.address)) for output in outputs
        ]
        for driver in drivers:
            driver.start()
        for driver in drivers:
            driver.join()
            assert driver.exitcode == 0
        assert all(same(output, unbroken) for output in outputs)

    def test_a_node_with_another_model_is_left_out(self, cluster, film, tmp_path, monkeypatch):
        monkeypatch.setattr(groups, "PATIENCE_SECONDS", 1)
        lines = []
        with pytest.raises(StreamstyleError, match="no node of the cluster can paint"):
            paint(film, tmp_path / "out.mp4", Reloaded(other_model), cluster=cluster.address, tell=lines.append)
        assert "the model is fake 2 here and fake 1" in " ".join(lines)


def other_model():
    stylizer = LeaningStylizer()
    stylizer.version = "2"
    return stylizer
