"""Finds a job by id, name, step key or URL; without a name, the only one that the operation applies to."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import NamedTuple, TypeVar

from bot.buildkite.endpoints.jobs import JobCalls
from bot.buildkite.models import BuildRef, Job
from bot.errors import Ambiguous, NotFound, UsageError
from bot.execution.resolve.build import BuildContext, check_organization, hide_names, resolve_build
from bot.operations.addresses import JobArgs, parse_buildkite_url
from bot.runtime.wording import find_near, join_or

A = TypeVar("A", bound=JobArgs)
C = TypeVar("C", bound="JobContext")
JobPredicate = Callable[[Job], bool]
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_EMOJI = re.compile(r":[\w+-]+:")
_SHORTEST_PREFIX = 4
_SUGGESTIONS_LIMIT = 3


@dataclass(frozen=True)
class JobContext(BuildContext):
    """The builds and their jobs."""

    jobs: JobCalls


async def pin_job(
    args: A, ctx: JobContext, is_eligible: JobPredicate, adjective: str, is_alternative: JobPredicate | None = None
) -> A:
    """Fill in pipeline, number and job id.

    `is_eligible` selects the jobs that the operation applies to, and `adjective` describes them (`failed`). Of
    several jobs with one name, or without a name, the only eligible one is taken; where none is eligible, jobs
    that `is_alternative` selects are offered. Raises UsageError, Ambiguous or NotFound.
    """
    check_organization(args.org, ctx.catalog)
    job = await ctx.jobs.job(args.job) if args.job and _UUID.fullmatch(args.job) else None
    ref = find_build_ref(job) if job else None
    if job is None or ref is None:
        args = await _read_leading_pipeline(args, ctx)
        ref = await resolve_build(args.pipeline, args.number, ctx)
        job_filter = JobFilter(is_eligible, adjective, is_alternative)
        try:
            job = await _find_job(args.job, ref, ctx, job_filter)
        except (NotFound, UsageError) as error:
            # The policy is applied to pinned arguments, so later.
            raise hide_names(error, ref.pipeline, ctx.catalog) from error
    await _check_same_build(args, ref, ctx)
    return args.model_copy(update={"pipeline": ref.pipeline, "number": ref.number, "job": job.id})


async def _read_leading_pipeline(args: A, ctx: JobContext) -> A:
    """Read `log web Lint` as a job of web's newest build, except in a thread that has builds of its own."""
    if not args.job or args.pipeline or args.number or await ctx.tracked_builds.find_in_thread(ctx.caller.thread):
        return args
    first, _, name = args.job.partition(" ")
    slugs = {pipeline.slug for pipeline in await ctx.catalog.list_pipelines()}
    return (
        args.model_copy(update={"pipeline": first.lower(), "job": name or None})
        if first.lower() in slugs
        else args
    )


async def label_job(args: JobArgs, ctx: C) -> dict[str, str]:
    """Return the name of the job of pinned arguments, for approvers. Raises KitestringError."""
    return {"job": (await ctx.jobs.job(args.job)).title} if args.job else {}


def find_build_ref(job: Job) -> BuildRef | None:
    """Return the build of a job from whichever URL it has: a block step has only its `unblock_url`."""
    for url in (job.build_url, job.log_url, job.unblock_url, job.web_url):
        found = parse_buildkite_url(url) if url else None
        if found and found.org and found.pipeline and found.number:
            return BuildRef(found.org, found.pipeline, int(found.number))
    return None


async def _check_same_build(args: JobArgs, ref: BuildRef, ctx: JobContext) -> None:
    """Raise UsageError for a job outside of the named build: the policy is applied to the job's own build."""
    named = args.pipeline
    slug = (await ctx.catalog.find_pipeline(named)).slug if named and named != ref.pipeline else ref.pipeline
    if slug != ref.pipeline or args.number not in (None, ref.number):
        owner = str(ref) if ctx.catalog.may_name("pipeline", ref.pipeline) else "another build"
        raise UsageError(f"That job belongs to {owner}, not to {slug}#{args.number or ref.number}.", "", "job")


class JobFilter(NamedTuple):
    """The jobs that an operation applies to, an adjective for them, and the jobs to offer if there are none."""

    is_eligible: JobPredicate
    adjective: str
    is_alternative: JobPredicate | None


async def _find_job(name: str | None, ref: BuildRef, ctx: JobContext, job_filter: JobFilter) -> Job:
    jobs = (await ctx.builds.build(ref.pipeline, ref.number)).jobs
    if name is None:
        return _choose_eligible(jobs, ref, job_filter)
    found = find_matching_jobs(jobs, name)
    if not found:
        raise NotFound(f"{ref} has no job “{name}”.", _suggest_similar(name, jobs))
    fitting = [job for job in found if job_filter.is_eligible(job)] or found
    return _choose(fitting, ref, f"Several jobs of {ref} match “{name}”.")


def _choose_eligible(jobs: Iterable[Job], ref: BuildRef, job_filter: JobFilter) -> Job:
    """Return the only eligible job. Raises Ambiguous with the choices, UsageError where there are none."""
    candidates = list(jobs)
    fitting = [job for job in candidates if job_filter.is_eligible(job)]
    if fitting:
        return _choose(fitting, ref, f"Which {job_filter.adjective} job of {ref}?")
    offered = [job for job in candidates if job_filter.is_alternative and job_filter.is_alternative(job)]
    if offered:
        return _choose(offered, ref, f"{ref} has no {job_filter.adjective} job. Which one do you mean?")
    hint = "Name the job you mean." if job_filter.is_alternative else ""
    raise UsageError(f"{ref} has no {job_filter.adjective} job.", hint, "job")


def find_matching_jobs(jobs: Iterable[Job], name: str) -> list[Job]:
    """Return the jobs with that id, else that name or step key, else that prefix of an id or a name."""
    candidates, typed = list(jobs), simplify_name(name)
    exact = [job for job in candidates if job.id == name.lower()]
    named = [
        job for job in candidates if typed and typed in (simplify_name(job.title), (job.step_key or "").lower())
    ]
    if exact or named or len(name) < _SHORTEST_PREFIX:
        return exact or named
    by_id = [job for job in candidates if job.id.startswith(name.lower())]
    return by_id or [
        job for job in candidates if job.type != "waiter" and simplify_name(job.title).startswith(typed)
    ]


def simplify_name(name: str) -> str:
    """Return a name as people type it: in lower case, without emoji codes."""
    return " ".join(_EMOJI.sub(" ", name).split()).lower() or name.strip().lower()


def _choose(jobs: list[Job], ref: BuildRef, question: str) -> Job:
    if len(jobs) == 1:
        return jobs[0]
    options = tuple((_option_label(job), _option_value(job, ref)) for job in jobs[:20])
    raise Ambiguous(question, "job", options)


def _option_label(job: Job) -> str:
    return f"{job.title} ({job.state or 'unknown'}, {job.id[:8]})"


def _option_value(job: Job, ref: BuildRef) -> str | dict[str, str]:
    return {"job": job.id, "pipeline": ref.pipeline, "number": str(ref.number)}


def _suggest_similar(text: str, jobs: Iterable[Job]) -> str:
    titles = {simplify_name(job.title): job.title for job in jobs if job.type != "waiter"}
    found = [titles[name] for name in find_near(simplify_name(text), titles)[:_SUGGESTIONS_LIMIT]]
    return f"Did you mean {join_or(found)}?" if found else ""
