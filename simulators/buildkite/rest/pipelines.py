"""The pipeline calls of the REST API."""

import re
from collections.abc import Mapping
from typing import Any

from simulators.buildkite import views
from simulators.buildkite.http_types import ApiRequest, ApiResponse, Operation
from simulators.buildkite.models import Pipeline
from simulators.buildkite.paging import paginate
from simulators.buildkite.rest.builds import ORG, PIPELINE
from simulators.buildkite.server_state import ServerState
from simulators.buildkite.steps import from_visual_step, read_configuration, write_configuration
from simulators.buildkite.values import Refusal, refuse_invalid

NO_CONFIGURATION = 'Step configuration is missing, expected `steps: { yaml: "..." }`'
_SETTABLE = frozenset(views.OPTIONS) | {"env", "teams", "provider_settings"}
_ACCESS = {"read_only", "build_and_read", "manage_build_and_read"}
_WEBHOOK_HOSTS = ("github.com",)


def _find_pipeline(sim: ServerState, request: ApiRequest) -> Pipeline:
    return sim.find_pipeline(request.params["pipeline"])


def _answer_pipeline(sim: ServerState, pipeline: Pipeline, status: int = 200) -> ApiResponse:
    return ApiResponse(status, views.render_pipeline(sim, pipeline, full=True))


def list_all(sim: ServerState, request: ApiRequest) -> ApiResponse:
    """List pipelines. `name` and `repository` match any part, in any case; filtered lists are newest first."""
    pipelines = [pipeline for pipeline in sim.pipelines.values() if request.token.sees(pipeline.slug)]
    for key in ("name", "repository"):
        wanted = request.query.get(key)
        if wanted:
            matching = (p for p in pipelines if wanted.lower() in getattr(p, key).lower())
            pipelines = list(matching)[::-1]
    return paginate(request, pipelines, lambda pipeline: views.render_pipeline(sim, pipeline, full=True))


def get(sim: ServerState, request: ApiRequest) -> ApiResponse:
    return _answer_pipeline(sim, _find_pipeline(sim, request))


def make_slug(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")


def _configuration(body: Mapping[str, Any]) -> str | None:
    if isinstance(body.get("configuration"), str):
        return str(body["configuration"])
    if isinstance(body.get("steps"), list):
        if not all(isinstance(step, dict) for step in body["steps"]):
            raise refuse_invalid(steps="invalid")
        return write_configuration([from_visual_step(step) for step in body["steps"]])
    return None


def create(sim: ServerState, request: ApiRequest) -> ApiResponse:
    body = request.json
    needed = ("name", "repository", *(("cluster_id",) if sim.clustered else ()))
    codes = {key: "missing_field" for key in needed if not body.get(key)}
    configuration = _configuration(body)
    if configuration is None:
        codes["configuration"] = NO_CONFIGURATION
    codes |= _find_wrong_ids(sim, body)
    if codes or configuration is None:
        raise refuse_invalid(**codes)
    slug = body.get("slug") or make_slug(body["name"])
    if slug in sim.pipelines or any(pipeline.name == body["name"] for pipeline in sim.pipelines.values()):
        raise refuse_invalid(name="already_exists")
    options = {key: value for key, value in body.items() if key in _SETTABLE}
    pipeline = sim.pipeline(
        slug,
        name=body["name"],
        repository=body["repository"],
        default_branch=body.get("default_branch") or "main",
        configuration=_check_configuration(sim, configuration),
        description=body.get("description"),
        cluster_id=body.get("cluster_id"),
        **options,
    )
    return _answer_pipeline(sim, pipeline, 201)


def _find_wrong_ids(sim: ServerState, body: Mapping[str, Any]) -> dict[str, str]:
    """Return an error code for each named cluster, team or template that doesn't exist."""
    known = {
        "cluster_id": {cluster.id for cluster in sim.clusters},
        "pipeline_template_uuid": {item["uuid"] for item in sim.documents_of("template")},
    }
    wrong = {key: "invalid" for key, ids in known.items() if body.get(key) and body[key] not in ids}
    teams = {item["id"] for item in sim.documents_of("team")}
    given = body.get("teams") or {}
    if set(given) - teams or set(given.values()) - _ACCESS:
        wrong["teams"] = "invalid"
    return wrong


def _check_configuration(sim: ServerState, configuration: str) -> str:
    try:
        read_configuration(configuration, sim.new_id)
    except ValueError as error:
        raise refuse_invalid(configuration=str(error)) from error
    return configuration


def update(sim: ServerState, request: ApiRequest) -> ApiResponse:
    """Update a pipeline. A new `name` without `slug` changes the slug; a YAML pipeline refuses `steps` alone."""
    pipeline, body = _find_pipeline(sim, request), request.json
    _refuse_archived(pipeline)
    if "steps" in body and "configuration" not in body:
        raise refuse_invalid(steps="Steps of a YAML pipeline are set with `configuration`")
    if "configuration" in body:
        pipeline.configuration = _check_configuration(sim, str(body["configuration"]))
        pipeline.steps = read_configuration(pipeline.configuration, sim.new_id)
    for key in ("repository", "default_branch", "description", "cluster_id"):
        if key in body:
            setattr(pipeline, key, body[key])
    pipeline.options.update({key: value for key, value in body.items() if key in views.OPTIONS})
    _rename(sim, pipeline, body)
    sim.emit("pipeline.changed", pipeline)
    return _answer_pipeline(sim, pipeline)


def _rename(sim: ServerState, pipeline: Pipeline, body: Mapping[str, Any]) -> None:
    slug = body.get("slug") or (make_slug(body["name"]) if body.get("name") else pipeline.slug)
    if slug != pipeline.slug and slug in sim.pipelines:
        raise refuse_invalid(slug="already_exists")
    pipeline.name = body.get("name") or pipeline.name
    del sim.pipelines[pipeline.slug]
    pipeline.slug = slug
    sim.pipelines[slug] = pipeline


def _refuse_archived(pipeline: Pipeline) -> None:
    if pipeline.archived_at is not None:
        raise Refusal(422, "Archived pipelines can't be changed")


def archive(sim: ServerState, request: ApiRequest) -> ApiResponse:
    pipeline = _find_pipeline(sim, request)
    if pipeline.archived_at is not None:
        raise Refusal(422, "Pipeline could not be archived.")
    sim.archive(pipeline.slug)
    return _answer_pipeline(sim, pipeline)


def unarchive(sim: ServerState, request: ApiRequest) -> ApiResponse:
    pipeline = _find_pipeline(sim, request)
    if pipeline.archived_at is None:
        raise Refusal(422, "Pipeline could not be unarchived.")
    pipeline.archived_at = None
    return _answer_pipeline(sim, pipeline)


def delete(sim: ServerState, request: ApiRequest) -> ApiResponse:
    pipeline = sim.pipelines.pop(_find_pipeline(sim, request).slug)
    sim.builds = [build for build in sim.builds if build.pipeline is not pipeline]
    return ApiResponse(204)


def webhook(sim: ServerState, request: ApiRequest) -> ApiResponse:
    """Create the GitHub webhook that notifies Buildkite of pushes; other hosts aren't supported."""
    pipeline = _find_pipeline(sim, request)
    _refuse_archived(pipeline)
    if not any(f"{host}:" in pipeline.repository or f"{host}/" in pipeline.repository for host in _WEBHOOK_HOSTS):
        raise Refusal(422, "Auto-creating webhooks is not supported for your repository.")
    if pipeline.repository in sim.unreachable:
        raise Refusal(422, "Webhooks could not be created for your repository.")
    pipeline.options["webhook"] = True
    return _answer_pipeline(sim, pipeline, 201)


OPERATIONS = (
    Operation("GET", ORG + "/pipelines", "read_pipelines", list_all),
    Operation("POST", ORG + "/pipelines", "write_pipelines", create),
    Operation("GET", PIPELINE, "read_pipelines", get),
    Operation("PATCH", PIPELINE, "write_pipelines", update),
    Operation("DELETE", PIPELINE, "write_pipelines", delete),
    Operation("POST", PIPELINE + "/archive", "write_pipelines", archive),
    Operation("POST", PIPELINE + "/unarchive", "write_pipelines", unarchive),
    Operation("POST", PIPELINE + "/webhook", "write_pipelines", webhook),
)
