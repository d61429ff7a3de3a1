"""A second node that joins the cluster works on the same store and gives the same tables."""

import pytest

from pipelines import runner

pytestmark = pytest.mark.slow


def test_two_nodes(pipeline, empty, monkeypatch: pytest.MonkeyPatch, tmp_path_factory) -> None:
    from pipelines.cluster import auth

    for name, value in auth(empty.root / ".run").items():
        monkeypatch.setenv(name, value)
    from ray.cluster_utils import Cluster

    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False})
    cluster.add_node(num_cpus=1)
    try:
        monkeypatch.setenv("RAY_ADDRESS", cluster.address)
        empty.raw["run"].update(executor="ray", workers=2)
        empty.run()
    finally:
        runner.leave()
        cluster.shutdown()
    assert empty.manifests() == pipeline.manifests()
