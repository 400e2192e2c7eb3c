"""The annotation and artifact calls of the REST API."""

import fnmatch
import html
from collections.abc import Mapping
from typing import Any

from simulators.buildkite import storage, views
from simulators.buildkite.http_types import ApiRequest, ApiResponse, Operation
from simulators.buildkite.models import Build, Job
from simulators.buildkite.paging import paginate
from simulators.buildkite.rest.builds import BUILD, find_requested_build
from simulators.buildkite.rest.jobs import both_paths, find_requested_job
from simulators.buildkite.server_state import ServerState
from simulators.buildkite.values import Refusal, iso, refuse_invalid, refuse_missing

STYLES = ("success", "info", "warning", "error")
ARTIFACT_STATES = ("new", "error", "finished", "deleted", "expired")


def list_annotations(sim: ServerState, request: ApiRequest) -> ApiResponse:
    """List annotations. `scope`: build (default), job or all; `omit_body` leaves the HTML out."""
    scope = request.query.get("scope", "build")
    found = [
        annotation
        for annotation in find_requested_build(sim, request).annotations
        if scope in ("all", annotation["scope"])
    ]
    if request.flag("omit_body"):
        found = [{key: value for key, value in annotation.items() if key != "body_html"} for annotation in found]
    return paginate(request, found, lambda document: document)


def create_annotation(sim: ServerState, request: ApiRequest) -> ApiResponse:
    if not request.json.get("body"):
        raise refuse_invalid(body="missing_field")
    return ApiResponse(201, annotate(sim, find_requested_build(sim, request), **_pick_fields(request.json)))


def list_annotations_of_job(sim: ServerState, request: ApiRequest) -> ApiResponse:
    job = find_requested_job(sim, request)
    return paginate(
        request,
        [annotation for annotation in job.build.annotations if annotation["job_id"] == job.id],
        lambda item: item,
    )


def annotate_job(sim: ServerState, request: ApiRequest) -> ApiResponse:
    if not request.json.get("body"):
        raise refuse_invalid(body="missing_field")
    job = find_requested_job(sim, request)
    return ApiResponse(201, annotate(sim, job.build, **_pick_fields(request.json), job=job))


def delete_annotation(sim: ServerState, request: ApiRequest) -> ApiResponse:
    return _delete_annotation(find_requested_build(sim, request), request.params["annotation"], None)


def delete_annotation_of_job(sim: ServerState, request: ApiRequest) -> ApiResponse:
    job = find_requested_job(sim, request)
    return _delete_annotation(job.build, request.params["annotation"], job.id)


def _delete_annotation(build: Build, ident: str, job: str | None) -> ApiResponse:
    found = [
        annotation for annotation in build.annotations if (annotation["id"], annotation["job_id"]) == (ident, job)
    ]
    if not found:
        raise refuse_missing("annotation")
    build.annotations.remove(found[0])
    return ApiResponse(204)


def _pick_fields(body: Mapping[str, Any]) -> dict[str, Any]:
    keys = ("body", "style", "priority", "context", "append")
    return {key: body[key] for key in keys if body.get(key) is not None}


def annotate(
    sim: ServerState,
    build: Build,
    body: str,
    style: str = "info",
    priority: int = 3,
    context: str = "default",
    append: bool = False,
    markup: bool = False,
    job: Job | None = None,
) -> dict[str, Any]:
    """Annotate the build, or `job`. An annotation of the same context is replaced, or extended with `append`.

    `markup`: the body already is HTML and stays unchanged.
    """
    if style not in STYLES:
        raise refuse_invalid(style="invalid")
    owner = (context, job.id if job else None)
    old = next(
        (annotation for annotation in build.annotations if (annotation["context"], annotation["job_id"]) == owner),
        None,
    )
    body_html = f"{body}\n" if markup else f"<p>{html.escape(body)}</p>\n"
    now = iso(sim.now())
    made = {
        "id": old["id"] if old else sim.new_id(),
        "context": context,
        "style": style,
        "scope": "job" if job else "build",
        "job_id": job.id if job else None,
        "priority": priority,
        "body_html": old["body_html"] + body_html if old and append else body_html,
        "created_at": old["created_at"] if old else now,
        "updated_at": now,
    }
    build.annotations = [annotation for annotation in build.annotations if annotation is not old] + [made]
    sim.emit("build.changed", build)
    return made


def add_artifact(sim: ServerState, job: Job, path: str, content: bytes) -> dict[str, Any]:
    """Add a finished upload to `job`."""
    ident = sim.new_id()
    url = f"{views.build_api_url(sim, job.build)}/jobs/{job.id}/artifacts/{ident}"
    dirname, _, filename = path.rpartition("/")
    made = {
        "id": ident,
        "job_id": job.id,
        "url": url,
        "download_url": f"{url}/download",
        "state": "finished",
        "path": path,
        "dirname": dirname or ".",
        "filename": filename,
        "mime_type": "application/octet-stream",
        "file_size": len(content),
        "glob_path": None,
        "original_path": None,
        "sha1sum": f"{sim.rng.getrandbits(160):040x}",
    }
    job.build.artifacts.append(made)
    sim.storage.contents[ident] = content
    return made


def _list_matching(request: ApiRequest, artifacts: list[dict[str, Any]]) -> ApiResponse:
    state, path = request.query.get("state"), request.query.get("path")
    if state and state not in ARTIFACT_STATES:
        raise Refusal(422, "Validation failed: state is invalid")
    found = [
        artifact
        for artifact in artifacts
        if state in (None, artifact["state"]) and (not path or fnmatch.fnmatchcase(artifact["path"], path))
    ]
    return paginate(request, found, lambda document: document)


def list_artifacts(sim: ServerState, request: ApiRequest) -> ApiResponse:
    return _list_matching(request, find_requested_build(sim, request).artifacts)


def list_artifacts_of_job(sim: ServerState, request: ApiRequest) -> ApiResponse:
    job = find_requested_job(sim, request)
    return _list_matching(request, [artifact for artifact in job.build.artifacts if artifact["job_id"] == job.id])


def _find_artifact(sim: ServerState, request: ApiRequest) -> dict[str, Any]:
    for artifact in find_requested_job(sim, request).build.artifacts:
        if artifact["id"] == request.params["artifact"]:
            return artifact
    raise refuse_missing("artifact")


def get_artifact(sim: ServerState, request: ApiRequest) -> ApiResponse:
    return ApiResponse(200, _find_artifact(sim, request))


def download(sim: ServerState, request: ApiRequest) -> ApiResponse:
    """Redirect to a storage URL that is valid for about a minute."""
    artifact = _find_artifact(sim, request)
    url = storage.link(sim, artifact["id"], artifact["filename"])
    return ApiResponse(302, {"url": url}, {"Location": url})


def delete_artifact(sim: ServerState, request: ApiRequest) -> ApiResponse:
    """Delete the content; the record stays, in state `deleted`."""
    artifact = _find_artifact(sim, request)
    artifact["state"] = "deleted"
    sim.storage.contents.pop(artifact["id"], None)
    return ApiResponse(204)


OPERATIONS = (
    Operation("GET", BUILD + "/annotations", "read_builds", list_annotations),
    Operation("POST", BUILD + "/annotations", "write_builds", create_annotation),
    Operation("DELETE", BUILD + "/annotations/{annotation}", "write_builds", delete_annotation),
    *both_paths("GET", "/annotations", "read_builds", list_annotations_of_job),
    *both_paths("POST", "/annotations", "write_builds", annotate_job),
    *both_paths("DELETE", "/annotations/{annotation}", "write_builds", delete_annotation_of_job),
    Operation("GET", BUILD + "/artifacts", "read_artifacts", list_artifacts),
    *both_paths("GET", "/artifacts", "read_artifacts", list_artifacts_of_job),
    *both_paths("GET", "/artifacts/{artifact}", "read_artifacts", get_artifact),
    *both_paths("GET", "/artifacts/{artifact}/download", "read_artifacts", download),
    *both_paths("DELETE", "/artifacts/{artifact}", "write_artifacts", delete_artifact),
)
