"""The job log calls: JSON, text, HTML, length, tail."""

import html
import re

from simulators.buildkite.http_types import Answer, Ask
from simulators.buildkite.job_views import job_url
from simulators.buildkite.models import Job
from simulators.buildkite.rest.jobs import both, named
from simulators.buildkite.server_state import ServerState
from simulators.buildkite.values import Refusal

_SUFFIX = re.compile(r"bytes=-(\d+)")


def _log(sim: ServerState, ask: Ask) -> Job:
    job = named(sim, ask)
    if job.kind != "script":
        raise Refusal(404, "No job found")
    return job


def get(sim: ServerState, ask: Ask) -> Answer:
    """JSON, unless `Accept` asks for text or HTML."""
    accept = ask.headers.get("accept", "")
    if ask.method == "HEAD":
        return _whole(_log(sim, ask))
    if "range" in ask.headers:
        return _tail(_log(sim, ask), ask.headers["range"], accept)
    if "text/plain" in accept:
        return text(sim, ask)
    if "text/html" in accept:
        return page(sim, ask)
    job = _log(sim, ask)
    return Answer(
        200,
        {
            "url": f"{job_url(sim, job)}/log",
            "content": job.log.decode(errors="replace"),
            "size": len(job.log),
            "header_times": list(job.log_times),
        },
    )


def _whole(job: Job) -> Answer:
    return Answer(200, text=bytes(job.log), headers={"Accept-Ranges": "bytes"})


def _tail(job: Job, asked: str, accept: str) -> Answer:
    """Only `bytes=-N` of the plain text is served."""
    match = _SUFFIX.fullmatch(asked)
    if match is None or "text/plain" not in accept:
        raise Refusal(400, "Only suffix ranges of the text/plain log are supported")
    size, count = len(job.log), int(match[1])
    if size == 0 or count == 0:
        raise Refusal(416, "Range Not Satisfiable")
    first = max(0, size - count)
    headers = {"Accept-Ranges": "bytes", "Content-Range": f"bytes {first}-{size - 1}/{size}"}
    return Answer(206, text=bytes(job.log[first:]), headers=headers)


def text(sim: ServerState, ask: Ask) -> Answer:
    return _whole(_log(sim, ask))


def page(sim: ServerState, ask: Ask) -> Answer:
    shown = html.escape(_log(sim, ask).log.decode(errors="replace"))
    body = f'<div class="term-container">{shown}</div>'.encode()
    return Answer(200, text=body, media_type="text/html; charset=utf-8")


def delete(sim: ServerState, ask: Ask) -> Answer:
    job = _log(sim, ask)
    job.log, job.log_times = bytearray(), []
    return Answer(204)


OPERATIONS = (
    *both("GET", "/log", "read_build_logs", get),
    *both("GET", "/log.txt", "read_build_logs", text),
    *both("GET", "/log.html", "read_build_logs", page),
    *both("DELETE", "/log", "write_build_logs", delete),
)
