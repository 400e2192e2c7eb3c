"""The cluster, queue and agent token calls of the REST API."""

from simulators.buildkite import views
from simulators.buildkite.http_types import ApiRequest, ApiResponse, Operation
from simulators.buildkite.models import Cluster, Queue
from simulators.buildkite.paging import paginate
from simulators.buildkite.rest.builds import ORG
from simulators.buildkite.server_state import ServerState
from simulators.buildkite.values import Refusal, graphql_id, iso, refuse_missing
from simulators.buildkite.views import View

CLUSTER = ORG + "/clusters/{cluster}"
QUEUE = CLUSTER + "/queues/{queue}"


def _find_cluster(sim: ServerState, request: ApiRequest) -> Cluster:
    for cluster in sim.clusters:
        if cluster.id == request.params["cluster"]:
            return cluster
    raise refuse_missing("cluster")


def _find_queue(sim: ServerState, request: ApiRequest) -> Queue:
    for queue in _find_cluster(sim, request).queues:
        if queue.id == request.params["queue"]:
            return queue
    raise refuse_missing("queue")


def _web_url(sim: ServerState, path: str) -> str:
    return f"{sim.base_url}/organizations/{sim.org}{path}"


def render_cluster(sim: ServerState, cluster: Cluster) -> View:
    path = f"/clusters/{cluster.id}"
    first = cluster.queues[0] if cluster.queues else None
    return {
        "id": cluster.id,
        "graphql_id": graphql_id("Cluster", cluster.id),
        "default_queue_id": first and first.id,
        "name": cluster.name,
        "description": cluster.description,
        "emoji": None,
        "color": None,
        "maintainers": {"users": [], "teams": []},
        "url": views.api_url(sim, path),
        "web_url": _web_url(sim, path),
        "default_queue_url": first and views.api_url(sim, f"{path}/queues/{first.id}"),
        "queues_url": views.api_url(sim, f"{path}/queues"),
        "created_at": iso(cluster.created_at),
        "created_by": views.render_user(cluster.created_by),
        "hosted_git_mirror_enabled": False,
        "hosted_container_cache_enabled": False,
    }


def render_queue(sim: ServerState, cluster: Cluster, queue: Queue) -> View:
    path = f"/clusters/{cluster.id}/queues/{queue.id}"
    return {
        "id": queue.id,
        "graphql_id": graphql_id("ClusterQueue", queue.id),
        "key": queue.key,
        "description": queue.description,
        "url": views.api_url(sim, path),
        "web_url": _web_url(sim, path),
        "cluster_url": views.api_url(sim, f"/clusters/{cluster.id}"),
        "dispatch_paused": queue.paused,
        "dispatch_paused_by": views.render_user(queue.paused_by),
        "dispatch_paused_at": iso(queue.paused_at),
        "dispatch_paused_note": queue.paused_note,
        "retry_agent_affinity": "prefer-warmest",
        "created_at": iso(queue.created_at),
        "created_by": views.render_user(cluster.created_by),
    }


def list_clusters(sim: ServerState, request: ApiRequest) -> ApiResponse:
    return paginate(request, sim.clusters, lambda cluster: render_cluster(sim, cluster))


def get_cluster(sim: ServerState, request: ApiRequest) -> ApiResponse:
    return ApiResponse(200, render_cluster(sim, _find_cluster(sim, request)))


def list_queues(sim: ServerState, request: ApiRequest) -> ApiResponse:
    cluster = _find_cluster(sim, request)
    return paginate(request, cluster.queues, lambda queue: render_queue(sim, cluster, queue))


def get_queue(sim: ServerState, request: ApiRequest) -> ApiResponse:
    return ApiResponse(200, render_queue(sim, _find_cluster(sim, request), _find_queue(sim, request)))


def pause_dispatch(sim: ServerState, request: ApiRequest) -> ApiResponse:
    queue = _find_queue(sim, request)
    if queue.paused:
        raise Refusal(422, "Cluster queue is already paused")
    queue.paused, queue.paused_at, queue.paused_by = True, sim.now(), request.token.user
    queue.paused_note = request.json.get("dispatch_paused_note", request.json.get("note"))
    sim.emit("queue.changed", queue)
    return get_queue(sim, request)


def resume_dispatch(sim: ServerState, request: ApiRequest) -> ApiResponse:
    queue = _find_queue(sim, request)
    if not queue.paused:
        raise Refusal(422, "Cluster queue is not paused")
    queue.paused, queue.paused_at, queue.paused_by, queue.paused_note = False, None, None, None
    sim.emit("queue.changed", queue)
    return get_queue(sim, request)


def list_tokens(sim: ServerState, request: ApiRequest) -> ApiResponse:
    """List tokens without their values, which Buildkite shows only once, on creation."""
    cluster = _find_cluster(sim, request)
    path = f"/clusters/{cluster.id}"
    tokens = [
        {
            **token,
            "graphql_id": graphql_id("ClusterToken", token["id"]),
            "url": views.api_url(sim, f"{path}/tokens/{token['id']}"),
            "cluster_url": views.api_url(sim, path),
            "created_by": views.render_user(cluster.created_by),
        }
        for token in cluster.tokens
    ]
    return paginate(request, tokens, lambda token: token)


OPERATIONS = (
    Operation("GET", ORG + "/clusters", "read_clusters", list_clusters),
    Operation("GET", CLUSTER, "read_clusters", get_cluster),
    Operation("GET", CLUSTER + "/queues", "read_clusters", list_queues),
    Operation("GET", QUEUE, "read_clusters", get_queue),
    Operation("POST", QUEUE + "/pause_dispatch", "write_clusters", pause_dispatch),
    Operation("POST", QUEUE + "/resume_dispatch", "write_clusters", resume_dispatch),
    Operation("GET", CLUSTER + "/tokens", "read_clusters", list_tokens),
)
