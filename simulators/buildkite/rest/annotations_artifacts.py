"""The annotation and artifact calls of the REST API."""

import fnmatch
import html
from collections.abc import Mapping
from typing import Any

from simulators.buildkite import storage, views
from simulators.buildkite.http_types import Answer, Ask, Operation
from simulators.buildkite.models import Build, Job
from simulators.buildkite.paging import paged
from simulators.buildkite.rest.builds import BUILD, wanted
from simulators.buildkite.rest.jobs import both, named
from simulators.buildkite.server_state import ServerState
from simulators.buildkite.values import Refusal, invalid, iso, missing

STYLES = ("success", "info", "warning", "error")
ARTIFACT_STATES = ("new", "error", "finished", "deleted", "expired")


def list_annotations(sim: ServerState, ask: Ask) -> Answer:
    """`scope`: build (default), job or all; `omit_body` leaves the HTML out."""
    scope = ask.query.get("scope", "build")
    found = [annotation for annotation in wanted(sim, ask).annotations if scope in ("all", annotation["scope"])]
    if ask.flag("omit_body"):
        found = [{key: value for key, value in item.items() if key != "body_html"} for item in found]
    return paged(ask, found, lambda item: item)


def create_annotation(sim: ServerState, ask: Ask) -> Answer:
    if not ask.json.get("body"):
        raise invalid(body="missing_field")
    return Answer(201, annotate(sim, wanted(sim, ask), **_told(ask.json)))


def annotations_of_job(sim: ServerState, ask: Ask) -> Answer:
    job = named(sim, ask)
    return paged(
        ask,
        [annotation for annotation in job.build.annotations if annotation["job_id"] == job.id],
        lambda item: item,
    )


def annotate_job(sim: ServerState, ask: Ask) -> Answer:
    if not ask.json.get("body"):
        raise invalid(body="missing_field")
    job = named(sim, ask)
    return Answer(201, annotate(sim, job.build, **_told(ask.json), job=job))


def delete_annotation(sim: ServerState, ask: Ask) -> Answer:
    return _dropped(wanted(sim, ask), ask.params["annotation"], None)


def delete_of_job(sim: ServerState, ask: Ask) -> Answer:
    job = named(sim, ask)
    return _dropped(job.build, ask.params["annotation"], job.id)


def _dropped(build: Build, ident: str, job: str | None) -> Answer:
    found = [
        annotation for annotation in build.annotations if (annotation["id"], annotation["job_id"]) == (ident, job)
    ]
    if not found:
        raise missing("annotation")
    build.annotations.remove(found[0])
    return Answer(204)


def _told(body: Mapping[str, Any]) -> dict[str, Any]:
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
    """One annotation a context of the build, or of `job`: the next replaces it, or adds to it with `append`.

    `markup`: the body is HTML already, and is handed out as it is.
    """
    if style not in STYLES:
        raise invalid(style="invalid")
    of = (context, job.id if job else None)
    old = next(
        (annotation for annotation in build.annotations if (annotation["context"], annotation["job_id"]) == of),
        None,
    )
    shown = f"{body}\n" if markup else f"<p>{html.escape(body)}</p>\n"
    now = iso(sim.now())
    made = {
        "id": old["id"] if old else sim.new_id(),
        "context": context,
        "style": style,
        "scope": "job" if job else "build",
        "job_id": job.id if job else None,
        "priority": priority,
        "body_html": old["body_html"] + shown if old and append else shown,
        "created_at": old["created_at"] if old else now,
        "updated_at": now,
    }
    build.annotations = [annotation for annotation in build.annotations if annotation is not old] + [made]
    sim.emit("build.changed", build)
    return made


def add_artifact(sim: ServerState, job: Job, path: str, content: bytes) -> dict[str, Any]:
    """A finished upload of `job`."""
    ident = sim.new_id()
    url = f"{views.build_url(sim, job.build)}/jobs/{job.id}/artifacts/{ident}"
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


def _chosen(ask: Ask, artifacts: list[dict[str, Any]]) -> Answer:
    state, path = ask.query.get("state"), ask.query.get("path")
    if state and state not in ARTIFACT_STATES:
        raise Refusal(422, "Validation failed: state is invalid")
    found = [
        artifact
        for artifact in artifacts
        if state in (None, artifact["state"]) and (not path or fnmatch.fnmatchcase(artifact["path"], path))
    ]
    return paged(ask, found, lambda item: item)


def list_artifacts(sim: ServerState, ask: Ask) -> Answer:
    return _chosen(ask, wanted(sim, ask).artifacts)


def list_of_job(sim: ServerState, ask: Ask) -> Answer:
    job = named(sim, ask)
    return _chosen(ask, [artifact for artifact in job.build.artifacts if artifact["job_id"] == job.id])


def _artifact(sim: ServerState, ask: Ask) -> dict[str, Any]:
    for artifact in named(sim, ask).build.artifacts:
        if artifact["id"] == ask.params["artifact"]:
            return artifact
    raise missing("artifact")


def get_artifact(sim: ServerState, ask: Ask) -> Answer:
    return Answer(200, _artifact(sim, ask))


def download(sim: ServerState, ask: Ask) -> Answer:
    """302 to a storage URL that is good for about a minute."""
    artifact = _artifact(sim, ask)
    url = storage.link(sim, artifact["id"], artifact["filename"])
    return Answer(302, {"url": url}, {"Location": url})


def delete_artifact(sim: ServerState, ask: Ask) -> Answer:
    """The record stays, as one that is deleted."""
    artifact = _artifact(sim, ask)
    artifact["state"] = "deleted"
    sim.storage.contents.pop(artifact["id"], None)
    return Answer(204)


OPERATIONS = (
    Operation("GET", BUILD + "/annotations", "read_builds", list_annotations),
    Operation("POST", BUILD + "/annotations", "write_builds", create_annotation),
    Operation("DELETE", BUILD + "/annotations/{annotation}", "write_builds", delete_annotation),
    *both("GET", "/annotations", "read_builds", annotations_of_job),
    *both("POST", "/annotations", "write_builds", annotate_job),
    *both("DELETE", "/annotations/{annotation}", "write_builds", delete_of_job),
    Operation("GET", BUILD + "/artifacts", "read_artifacts", list_artifacts),
    *both("GET", "/artifacts", "read_artifacts", list_of_job),
    *both("GET", "/artifacts/{artifact}", "read_artifacts", get_artifact),
    *both("GET", "/artifacts/{artifact}/download", "read_artifacts", download),
    *both("DELETE", "/artifacts/{artifact}", "write_artifacts", delete_artifact),
)
