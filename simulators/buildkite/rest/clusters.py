"""The cluster, queue and agent token calls of the REST API."""

from simulators.buildkite import views
from simulators.buildkite.http_types import Answer, Ask, Operation
from simulators.buildkite.models import Cluster, Queue
from simulators.buildkite.paging import paged
from simulators.buildkite.rest.builds import ORG
from simulators.buildkite.server_state import ServerState
from simulators.buildkite.values import Refusal, graphql_id, iso, missing
from simulators.buildkite.views import View

CLUSTER = ORG + "/clusters/{cluster}"
QUEUE = CLUSTER + "/queues/{queue}"


def _cluster(sim: ServerState, ask: Ask) -> Cluster:
    for cluster in sim.clusters:
        if cluster.id == ask.params["cluster"]:
            return cluster
    raise missing("cluster")


def _queue(sim: ServerState, ask: Ask) -> Queue:
    for queue in _cluster(sim, ask).queues:
        if queue.id == ask.params["queue"]:
            return queue
    raise missing("queue")


def _web(sim: ServerState, path: str) -> str:
    return f"{sim.base_url}/organizations/{sim.org}{path}"


def cluster_view(sim: ServerState, given: Cluster) -> View:
    path = f"/clusters/{given.id}"
    first = given.queues[0] if given.queues else None
    return {
        "id": given.id,
        "graphql_id": graphql_id("Cluster", given.id),
        "default_queue_id": first and first.id,
        "name": given.name,
        "description": given.description,
        "emoji": None,
        "color": None,
        "maintainers": {"users": [], "teams": []},
        "url": views.api(sim, path),
        "web_url": _web(sim, path),
        "default_queue_url": first and views.api(sim, f"{path}/queues/{first.id}"),
        "queues_url": views.api(sim, f"{path}/queues"),
        "created_at": iso(given.created_at),
        "created_by": views.user(given.created_by),
        "hosted_git_mirror_enabled": False,
        "hosted_container_cache_enabled": False,
    }


def queue_view(sim: ServerState, cluster: Cluster, given: Queue) -> View:
    path = f"/clusters/{cluster.id}/queues/{given.id}"
    return {
        "id": given.id,
        "graphql_id": graphql_id("ClusterQueue", given.id),
        "key": given.key,
        "description": given.description,
        "url": views.api(sim, path),
        "web_url": _web(sim, path),
        "cluster_url": views.api(sim, f"/clusters/{cluster.id}"),
        "dispatch_paused": given.paused,
        "dispatch_paused_by": views.user(given.paused_by),
        "dispatch_paused_at": iso(given.paused_at),
        "dispatch_paused_note": given.paused_note,
        "retry_agent_affinity": "prefer-warmest",
        "created_at": iso(given.created_at),
        "created_by": views.user(cluster.created_by),
    }


def list_clusters(sim: ServerState, ask: Ask) -> Answer:
    return paged(ask, sim.clusters, lambda item: cluster_view(sim, item))


def get_cluster(sim: ServerState, ask: Ask) -> Answer:
    return Answer(200, cluster_view(sim, _cluster(sim, ask)))


def list_queues(sim: ServerState, ask: Ask) -> Answer:
    cluster = _cluster(sim, ask)
    return paged(ask, cluster.queues, lambda item: queue_view(sim, cluster, item))


def get_queue(sim: ServerState, ask: Ask) -> Answer:
    return Answer(200, queue_view(sim, _cluster(sim, ask), _queue(sim, ask)))


def pause_dispatch(sim: ServerState, ask: Ask) -> Answer:
    queue = _queue(sim, ask)
    if queue.paused:
        raise Refusal(422, "Cluster queue is already paused")
    queue.paused, queue.paused_at, queue.paused_by = True, sim.now(), ask.token.user
    queue.paused_note = ask.json.get("dispatch_paused_note", ask.json.get("note"))
    sim.emit("queue.changed", queue)
    return get_queue(sim, ask)


def resume_dispatch(sim: ServerState, ask: Ask) -> Answer:
    queue = _queue(sim, ask)
    if not queue.paused:
        raise Refusal(422, "Cluster queue is not paused")
    queue.paused, queue.paused_at, queue.paused_by, queue.paused_note = False, None, None, None
    sim.emit("queue.changed", queue)
    return get_queue(sim, ask)


def list_tokens(sim: ServerState, ask: Ask) -> Answer:
    """Descriptions only: a token's value is shown once, when it is made."""
    cluster = _cluster(sim, ask)
    path = f"/clusters/{cluster.id}"
    tokens = [
        {
            **token,
            "graphql_id": graphql_id("ClusterToken", token["id"]),
            "url": views.api(sim, f"{path}/tokens/{token['id']}"),
            "cluster_url": views.api(sim, path),
            "created_by": views.user(cluster.created_by),
        }
        for token in cluster.tokens
    ]
    return paged(ask, tokens, lambda item: item)


OPERATIONS = (
    Operation("GET", ORG + "/clusters", "read_clusters", list_clusters),
    Operation("GET", CLUSTER, "read_clusters", get_cluster),
    Operation("GET", CLUSTER + "/queues", "read_clusters", list_queues),
    Operation("GET", QUEUE, "read_clusters", get_queue),
    Operation("POST", QUEUE + "/pause_dispatch", "write_clusters", pause_dispatch),
    Operation("POST", QUEUE + "/resume_dispatch", "write_clusters", resume_dispatch),
    Operation("GET", CLUSTER + "/tokens", "read_clusters", list_tokens),
)
