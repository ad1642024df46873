"""Ray clusters of several nodes on this machine, small, and patient where the machine is busy."""

import os
import socket
import time
from contextlib import contextmanager
from pathlib import Path

STORE_BYTES = 100_000_000
_PATIENCE_SECONDS = 400
_PORTS = ("metrics_agent_port", "dashboard_agent_listen_port", "runtime_env_agent_port", "metrics_export_port")
_SETTINGS = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_enable_metrics_collection": "0",
    "RAY_enable_worker_prestart": "0",
    "RAY_prestart_worker_first_driver": "0",
    "RAY_worker_niceness": "0",
    "RAY_worker_register_timeout_seconds": "300",
    "RAY_agent_register_timeout_ms": "300000",
    "RAY_health_check_timeout_ms": "20000",
}


@contextmanager
def ray_cluster():
    """A head and no other node yet; `add_node` adds one."""
    os.environ.update(_SETTINGS)
    from ray._private import services
    from ray.cluster_utils import Cluster

    plain_get, plain_start = services.get_node, services.start_raylet

    def get_node(*arguments, **named):
        """Ray gives a node 30 s to begin; a busy machine takes longer."""
        end = time.monotonic() + _PATIENCE_SECONDS
        while True:
            try:
                return plain_get(*arguments, **named)
            except RuntimeError:
                if time.monotonic() > end:
                    raise
                time.sleep(1)

    def start_raylet(*arguments, **named):
        """The node waits for its agents for 15 s, to learn ports that are given here."""
        node_id = arguments[2]
        folder = next(Path(argument) for argument in arguments if str(argument).rpartition("/")[2].startswith("session_2"))
        for name in _PORTS:
            (folder / f"{name}_{node_id}").write_text(str(named[name]))
        return plain_start(*arguments, **named)

    services.get_node, services.start_raylet = get_node, start_raylet
    cluster = Cluster()
    try:
        add_node(cluster, include_dashboard=False)
        yield cluster
    finally:
        cluster.shutdown()
        services.get_node, services.start_raylet = plain_get, plain_start


def add_node(cluster, **options):
    """One more node, of one core."""
    sockets = [socket.socket() for _ in _PORTS]
    for one in sockets:
        one.bind(("127.0.0.1", 0))
    ports = {name: one.getsockname()[1] for name, one in zip(_PORTS, sockets, strict=True)}
    for one in sockets:
        one.close()
    return cluster.add_node(wait=False, num_cpus=1, object_store_memory=STORE_BYTES, **ports, **options)
