"""1, 2 and 4 workers on Ray give the manifests of the in-process run; bodies that fail, fail their shard alone."""

import pytest

from pipelines import runner
from pipelines.cluster import Cluster, auth
from pipelines.errors import Infrastructure


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory):
    one = Cluster(tmp_path_factory.mktemp("run"), 4)
    yield one
    runner.leave()
    one.stop()
    assert not one.temp.exists()


@pytest.mark.parametrize("workers", [1, 2, 4])
def test_any_number_of_workers_gives_the_same_manifests(cluster, pipeline, empty, workers: int, monkeypatch) -> None:
    for name, value in auth(cluster.run_dir).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("RAY_ADDRESS", cluster.address)
    empty.raw["run"].update(executor="ray", workers=workers)
    empty.run()
    assert empty.manifests() == pipeline.manifests()


@pytest.mark.parametrize(
    ("executor", "address", "jobs", "expected"),
    [
        ("auto", None, 0, False),
        ("auto", None, 16, False),
        ("auto", None, 17, True),
        ("auto", "10.0.0.1:6379", 1, True),
        ("auto", "10.0.0.1:6379", 0, False),
        ("inprocess", "10.0.0.1:6379", 99, False),
        ("ray", None, 1, True),
    ],
)
def test_when_ray_is_used(empty, monkeypatch, executor: str, address: str | None, jobs: int, expected: bool) -> None:
    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    if address:
        monkeypatch.setenv("RAY_ADDRESS", address)
    empty.raw["run"]["executor"] = executor
    assert runner.on_ray(jobs, empty.context()) == expected


@pytest.mark.parametrize("address", ["127.0.0.1:1", "nonsense", "localhost:"])
def test_a_dead_address_is_named_at_once(address: str) -> None:
    with pytest.raises(Infrastructure, match="nobody answers there"):
        runner._reach(address)
