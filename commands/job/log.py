"""Command that shows a job's log."""

from __future__ import annotations

import asyncio
import re
from typing import Annotated

from pydantic import Field

from bot.buildkite.models import Job
from bot.builds.failures.log_text import LogEnd, clean_log, cut_log_end
from bot.builds.failures.render import describe_exit
from bot.errors import UsageError
from bot.execution.resolve.job import JobContext, pin_job
from bot.operations.addresses import JobArgs
from bot.operations.job_wording import describe_job_state
from bot.operations.operation import Effect, Opt, Permission, operation
from bot.operations.reply import Button, Call, Reply
from bot.slack.blockkit.blocks import join_dotted, shorten
from bot.slack.blockkit.mrkdwn import Mrkdwn, link, md
from bot.slack.types import File
from commands.job.results import JobData, LogResult

TAIL_BYTES = 65_536
FILE_BYTES = 2 * 1024 * 1024
LINES_LIMIT = 300


class JobLogArgs(JobArgs):
    """Arguments of `job log`."""

    lines: Annotated[int, Opt(), Field(ge=1, le=LINES_LIMIT, description="Number of lines from the end")] = 50
    full: Annotated[bool, Opt(), Field(description="Attach the log as a file (its last 2 MB)")] = False


def _is_failed(job: Job) -> bool:
    return job.type == "script" and job.failed


def _has_log(job: Job) -> bool:
    return job.type == "script" and job.started_at is not None


async def _pin(args: JobLogArgs, ctx: JobContext) -> JobLogArgs:
    return await pin_job(args, ctx, _is_failed, "failed", is_alternative=_has_log)


@operation(
    "job log",
    label="Logs",
    also=("log", "logs", "job logs", "build log", "build logs"),
    needs=Permission.LOGS,
    effect=Effect.READS,
    scopes=("read_build_logs",),
    pin=_pin,
    examples=("job log", "job log web 101 Test --lines 100", "job log --full"),
)
async def log(args: JobLogArgs, ctx: JobContext) -> Reply[LogResult]:
    """Show the end of a job's log."""
    if not (args.pipeline and args.number and args.job):
        raise UsageError("Which job do you mean?", "Name it, or ask in the thread of a build.", "job")
    job = await ctx.jobs.job(args.job)
    if job.type != "script":
        raise UsageError(f"“{job.title}” is a {job.type} step; it has no log.", "", "job")
    size = FILE_BYTES if args.full else TAIL_BYTES
    raw, whole = await ctx.jobs.job_log_tail(args.pipeline, args.number, args.job, size)
    end = cut_log_end(raw[-TAIL_BYTES:], args.lines, whole=whole and len(raw) <= TAIL_BYTES)
    # Cleaning megabytes takes a while, so it runs in a thread and doesn't hold up other requests.
    content = await asyncio.to_thread(clean_log, raw, whole=whole) if args.full and raw else None
    return _render_reply(args, job, end, _make_file(args, job, content, whole) if content is not None else None)


def _render_reply(args: JobLogArgs, job: Job, end: LogEnd, file: File | None) -> Reply[LogResult]:
    name = link(job.web_url or "", shorten(job.title, 100))
    state = describe_job_state(job.state).words
    ref = f"{args.pipeline}#{args.number}"
    head = join_dotted(
        [md("{name} of {ref}", name=name, ref=ref), state, describe_exit(job) if job.exit_status else ""]
    )
    buttons = _make_buttons(args, job, file)
    if file:
        return Reply(data=_describe_log(args, job, end, head), text=head, file=file, buttons=buttons)
    if not end.text:
        empty = md("{head}: the log is still empty.", head=head)
        return Reply(data=_describe_log(args, job, end, empty), text=empty)
    data = _describe_log(args, job, end, head)
    return Reply(data=data, text=head, log=end.text, footer=_render_footer(end), buttons=buttons)


def _describe_log(args: JobLogArgs, job: Job, end: LogEnd, message: str) -> LogResult:
    more = min(4 * args.lines, LINES_LIMIT)
    return LogResult(
        message=message,
        pipeline=args.pipeline or "",
        number=args.number or 0,
        job=JobData.from_job(job),
        text=end.text,
        lines=end.lines,
        is_complete=not end.cut,
        next_lines=more if end.cut and more > args.lines else None,
    )


def _render_footer(end: LogEnd) -> Mrkdwn:
    if not end.cut:
        return Mrkdwn("Full log. Secrets are masked.")
    lines = "line" if end.lines == 1 else f"{end.lines} lines"
    return md("Last {lines}. Secrets are masked.", lines=lines)


def _make_file(args: JobLogArgs, job: Job, content: str, whole: bool) -> File:
    word = re.sub(r"[^A-Za-z0-9]+", "-", job.title).strip("-").lower()[:40] or "job"
    part = "Log" if whole else "End of the log"
    title = f"{part} of {job.title}, {args.pipeline}#{args.number}"
    return File(f"{args.pipeline}-{args.number}-{word}.log", content.encode(), title)


def _make_buttons(args: JobLogArgs, job: Job, file: File | None) -> tuple[Button, ...]:
    given = {"pipeline": args.pipeline, "number": str(args.number), "job": args.job}
    retry = Button("Retry job", Call("job retry", given)) if job.failed else None
    whole = Button("Full log as a file", Call("job log", {**given, "full": "true"})) if file is None else None
    page = Button("Open in Buildkite", url=job.web_url) if job.web_url else None
    return tuple(button for button in (retry, whole, page) if button is not None)
