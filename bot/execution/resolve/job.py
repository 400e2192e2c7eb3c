"""Which job is meant: by id, name, step key or URL; else the only one that an operation could mean."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from difflib import get_close_matches
from typing import NamedTuple, TypeVar

from bot.buildkite.models import BuildRef, Job
from bot.errors import Ambiguous, NotFound, UsageError
from bot.execution.context import Context
from bot.execution.resolve.build import check_org, resolve
from bot.operations.addresses import AtJob, address
from bot.runtime.wording import join_or

A = TypeVar("A", bound=AtJob)
Fits = Callable[[Job], bool]
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_EMOJI = re.compile(r":[\w+-]+:")
_SHORTEST_PREFIX = 4


async def pin_job(args: A, ctx: Context, fits: Fits, wanted: str, others: Fits | None = None) -> A:
    """Fill in pipeline, number and job id.

    `fits` says which jobs the operation is for and `wanted` calls them (`failed`): of several jobs with one
    name, and where no job was named, the only one that fits is meant; where none
    does, those that `others` allows are offered. Raises UsageError, Ambiguous, NotFound.
    """
    check_org(args.org, ctx)
    job = await ctx.buildkite.job(args.job) if args.job and _UUID.fullmatch(args.job) else None
    ref = place_of(job) if job else None
    if job is None or ref is None:
        ref = await resolve(args.pipeline, args.number, ctx)
        job = await _in_build(args.job, ref, ctx, Wish(fits, wanted, others))
    await _agree(args, ref, ctx)
    return args.model_copy(update={"pipeline": ref.pipeline, "number": ref.number, "job": job.id})


async def job_label(args: AtJob, ctx: Context) -> dict[str, str]:
    """What the job of pinned arguments is called. Raises what Buildkite's answer to that is."""
    return {"job": (await ctx.buildkite.job(args.job)).title} if args.job else {}


def place_of(job: Job) -> BuildRef | None:
    """The build of a job, from whichever of its URLs names it: a manual job has its `unblock_url` only."""
    for url in (job.build_url, job.log_url, job.unblock_url, job.web_url):
        found = address(url) if url else None
        if found and found.org and found.pipeline and found.number:
            return BuildRef(found.org, found.pipeline, int(found.number))
    return None


async def _agree(args: AtJob, ref: BuildRef, ctx: Context) -> None:
    """A job's own build is what the policy looks at: another one that was named is a mistake."""
    said = args.pipeline
    slug = (await ctx.catalog.find_pipeline(said)).slug if said and said != ref.pipeline else ref.pipeline
    if slug != ref.pipeline or args.number not in (None, ref.number):
        raise UsageError(f"That job belongs to {ref}, not to {slug}#{args.number or ref.number}.", "", "job")


class Wish(NamedTuple):
    """The jobs that an operation is for: which ones, what they are called, and what is offered instead."""

    fits: Fits
    wanted: str
    others: Fits | None


async def _in_build(word: str | None, ref: BuildRef, ctx: Context, wish: Wish) -> Job:
    jobs = (await ctx.buildkite.build(ref.pipeline, ref.number)).jobs
    if word is None:
        return _unnamed(jobs, ref, wish)
    found = matching(jobs, word)
    if not found:
        raise NotFound(f"{ref} has no job “{word}”.", _near(word, jobs))
    fitting = [job for job in found if wish.fits(job)] or found
    return _chosen(fitting, ref, f"Several jobs of {ref} fit “{word}”.")


def _unnamed(jobs: Iterable[Job], ref: BuildRef, wish: Wish) -> Job:
    """The only job that fits; raises Ambiguous with the choices, UsageError where there is nothing to choose."""
    known = list(jobs)
    fitting = [job for job in known if wish.fits(job)]
    if fitting:
        return _chosen(fitting, ref, f"Which {wish.wanted} job of {ref}?")
    offered = [job for job in known if wish.others and wish.others(job)]
    if offered:
        return _chosen(offered, ref, f"{ref} has no {wish.wanted} job. Which one do you mean?")
    hint = "Name the job that you mean." if wish.others else ""
    raise UsageError(f"{ref} has no {wish.wanted} job.", hint, "job")


def matching(jobs: Iterable[Job], word: str) -> list[Job]:
    """The jobs that `word` may mean: by id, else by name or step key, else by the beginning of id or name."""
    known, typed = list(jobs), bare(word)
    exact = [job for job in known if job.id == word.lower()]
    named = [job for job in known if typed and typed in (bare(job.title), (job.step_key or "").lower())]
    if exact or named or len(word) < _SHORTEST_PREFIX:
        return exact or named
    by_id = [job for job in known if job.id.startswith(word.lower())]
    return by_id or [job for job in known if job.type != "waiter" and bare(job.title).startswith(typed)]


def bare(name: str) -> str:
    """A name as one types it: without emoji codes, in lower case."""
    return " ".join(_EMOJI.sub(" ", name).split()).lower() or name.strip().lower()


def _chosen(jobs: list[Job], ref: BuildRef, asked: str) -> Job:
    if len(jobs) == 1:
        return jobs[0]
    options = tuple((_label(job), _words(job, ref)) for job in jobs[:20])
    raise Ambiguous(asked, "job", options)


def _label(job: Job) -> str:
    return f"{job.title} ({job.state or 'unknown'}, {job.id[:8]})"


def _words(job: Job, ref: BuildRef) -> str | dict[str, str]:
    return {"job": job.id, "pipeline": ref.pipeline, "number": str(ref.number)}


def _near(word: str, jobs: Iterable[Job]) -> str:
    titles = {bare(job.title): job.title for job in jobs if job.type != "waiter"}
    found = [titles[name] for name in get_close_matches(bare(word)[:80], titles, n=3, cutoff=0.5)]
    return f"Did you mean {join_or(found)}?" if found else ""
