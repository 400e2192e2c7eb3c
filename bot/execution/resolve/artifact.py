"""Finds an artifact by id, path, part of a path or pattern; without a name, the only one."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from bot.buildkite.endpoints.artifacts import Artifact, ArtifactCalls
from bot.buildkite.models import Build, BuildRef, Job
from bot.errors import Ambiguous, NotFound
from bot.execution.resolve.artifact_text import format_size, make_pattern
from bot.execution.resolve.build import BuildContext
from bot.execution.resolve.job import find_matching_jobs
from bot.slack.blockkit.blocks import join_dotted, shorten

# Artifacts to search: three pages of Buildkite's largest page size.
ARTIFACTS_LIMIT = 300
_OPTIONS_LIMIT = 20
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)


@dataclass(frozen=True)
class ArtifactContext(BuildContext):
    """The builds and their artifacts."""

    artifacts: ArtifactCalls


async def find_artifact(name: str | None, job: str | None, ref: BuildRef, ctx: ArtifactContext) -> Artifact:
    """Return the artifact of a build that `name` means, among those of `job` where one is named.

    Call it only after the policy was applied, because its errors name artifacts. Raises Ambiguous or NotFound.
    """
    if name and job and _UUID.fullmatch(name) and _UUID.fullmatch(job):
        return await ctx.artifacts.artifact(ref.pipeline, ref.number, job, name)
    jobs = await find_named_jobs(job, ref, ctx) if job else None
    found = await _find_matching(name, jobs, ref, ctx)
    if not found:
        hint = f"See `{ctx.caller.command} artifacts list {ref.pipeline} {ref.number}`."
        raise NotFound(f"{ref} has no artifact “{name}”." if name else f"{ref} has no artifacts.", hint)
    ready = [artifact for artifact in found if artifact.state == "finished"] or found
    return _choose(ready, name, ref)


async def find_named_jobs(name: str, ref: BuildRef, ctx: ArtifactContext) -> tuple[Job, ...]:
    """Return the jobs of a build with that id, name or name prefix. Raises NotFound."""
    return find_jobs_in_build(await ctx.builds.build(ref.pipeline, ref.number), name)


def find_jobs_in_build(build: Build, name: str) -> tuple[Job, ...]:
    """Return the jobs of a build that was already read. Raises NotFound."""
    found = find_matching_jobs(build.jobs, name)
    if not found:
        hint = f"See `job list {build.ref.pipeline} {build.number}`."
        raise NotFound(f"{build.ref} has no job “{name}”.", hint)
    return tuple(found)


async def list_artifacts(
    ref: BuildRef,
    jobs: Sequence[Job] | None,
    ctx: ArtifactContext,
    *,
    path: str | None = None,
    state: str | None = None,
) -> tuple[Artifact, ...]:
    """Return artifacts of a build, or of some of its jobs, among its first 300."""
    only = jobs[0].id if jobs and len(jobs) == 1 else None
    found = ctx.artifacts.artifacts(
        ref.pipeline, ref.number, job=only, path=path, state=state, limit=ARTIFACTS_LIMIT
    )
    ids = {job.id for job in jobs} if jobs is not None else None
    return tuple([artifact async for artifact in found if ids is None or artifact.job_id in ids])


async def _find_matching(
    name: str | None, jobs: Sequence[Job] | None, ref: BuildRef, ctx: ArtifactContext
) -> Sequence[Artifact]:
    if name is None:
        return await list_artifacts(ref, jobs, ctx)
    if _UUID.fullmatch(name):
        return [artifact for artifact in await list_artifacts(ref, jobs, ctx) if artifact.id == name.lower()]
    exact = await list_artifacts(ref, jobs, ctx, path=name)
    return exact or await list_artifacts(ref, jobs, ctx, path=make_pattern(name))


def _choose(artifacts: Sequence[Artifact], name: str | None, ref: BuildRef) -> Artifact:
    if len(artifacts) == 1:
        return artifacts[0]
    question = f"Several artifacts of {ref} match “{name}”." if name else f"Which artifact of {ref}?"
    more = (
        f"{len(artifacts) - _OPTIONS_LIMIT} more match: type more of the path."
        if len(artifacts) > _OPTIONS_LIMIT
        else ""
    )
    options = tuple(
        (_option_label(artifact), _option_value(artifact, ref)) for artifact in artifacts[:_OPTIONS_LIMIT]
    )
    raise Ambiguous(question, "artifact", options, more)


def _option_label(artifact: Artifact) -> str:
    """Return a button label with the end of the path, which differs more than its beginning."""
    shown = artifact.path if len(artifact.path) <= 50 else f"…{artifact.path[-49:]}"
    return shorten(join_dotted([shown, format_size(artifact.file_size)]), 75)


def _option_value(artifact: Artifact, ref: BuildRef) -> str | dict[str, str]:
    found = {"artifact": artifact.id, "job": artifact.job_id}
    return {**found, "pipeline": ref.pipeline, "number": str(ref.number)}
