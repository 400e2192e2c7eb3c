"""Which artifact is meant: by id, path, part of a path or pattern; else the only one there is."""

from __future__ import annotations

import re
from collections.abc import Sequence

from bot.buildkite.endpoints.artifacts import Artifact
from bot.buildkite.models import Build, BuildRef, Job
from bot.errors import Ambiguous, NotFound
from bot.execution.context import Context
from bot.execution.resolve.artifact_text import around, sized
from bot.execution.resolve.job import matching
from bot.slack.blockkit.blocks import dotted, shorten

# So many are looked through, three pages.
MOST = 300
_OFFERED = 20
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)


async def which_artifact(word: str | None, job: str | None, ref: BuildRef, ctx: Context) -> Artifact:
    """The one that `word` means in a build, among those of `job` where one is named.

    To be asked once the policy has agreed: what it raises names artifacts. Raises Ambiguous or NotFound.
    """
    if word and job and _UUID.fullmatch(word) and _UUID.fullmatch(job):
        return await ctx.buildkite.artifact(ref.pipeline, ref.number, job, word)
    jobs = await jobs_named(job, ref, ctx) if job else None
    found = await _found(word, jobs, ref, ctx)
    if not found:
        hint = f"See `{ctx.command} artifacts list {ref.pipeline} {ref.number}`."
        raise NotFound(f"{ref} has no artifact “{word}”." if word else f"{ref} has no artifacts.", hint)
    ready = [item for item in found if item.state == "finished"] or found
    return _one(ready, word, ref)


async def jobs_named(word: str, ref: BuildRef, ctx: Context) -> tuple[Job, ...]:
    """The jobs of a build that `word` names: an id, a name, or what several names begin with."""
    return jobs_in(await ctx.buildkite.build(ref.pipeline, ref.number), word)


def jobs_in(build: Build, word: str) -> tuple[Job, ...]:
    """The jobs of that build; raises NotFound where it has none."""
    found = matching(build.jobs, word)
    if not found:
        hint = f"See `job list {build.ref.pipeline} {build.number}`."
        raise NotFound(f"{build.ref} has no job “{word}”.", hint)
    return tuple(found)


async def listed(
    ref: BuildRef, jobs: Sequence[Job] | None, ctx: Context, *, path: str | None = None, state: str | None = None
) -> tuple[Artifact, ...]:
    """Artifacts of a build, or of some of its jobs; at most 300 are looked at."""
    only = jobs[0].id if jobs and len(jobs) == 1 else None
    found = ctx.buildkite.artifacts(ref.pipeline, ref.number, job=only, path=path, state=state, limit=MOST)
    ids = {job.id for job in jobs} if jobs is not None else None
    return tuple([item async for item in found if ids is None or item.job_id in ids])


async def _found(word: str | None, jobs: Sequence[Job] | None, ref: BuildRef, ctx: Context) -> Sequence[Artifact]:
    if word is None:
        return await listed(ref, jobs, ctx)
    if _UUID.fullmatch(word):
        return [item for item in await listed(ref, jobs, ctx) if item.id == word.lower()]
    exact = await listed(ref, jobs, ctx, path=word)
    return exact or await listed(ref, jobs, ctx, path=around(word))


def _one(found: Sequence[Artifact], word: str | None, ref: BuildRef) -> Artifact:
    if len(found) == 1:
        return found[0]
    asked = f"Several artifacts of {ref} fit “{word}”." if word else f"Which artifact of {ref}?"
    more = f"{len(found) - _OFFERED} more fit: say more of the path." if len(found) > _OFFERED else ""
    options = tuple((_label(item), _words(item, ref)) for item in found[:_OFFERED])
    raise Ambiguous(asked, "artifact", options, more)


def _label(artifact: Artifact) -> str:
    """The end of a path tells more than its beginning."""
    shown = artifact.path if len(artifact.path) <= 50 else f"…{artifact.path[-49:]}"
    return shorten(dotted([shown, sized(artifact.file_size)]), 75)


def _words(artifact: Artifact, ref: BuildRef) -> str | dict[str, str]:
    found = {"artifact": artifact.id, "job": artifact.job_id}
    return {**found, "pipeline": ref.pipeline, "number": str(ref.number)}
