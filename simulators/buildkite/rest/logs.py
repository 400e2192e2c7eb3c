"""The job log calls: JSON, text, HTML, length, tail."""

import html
import re

from simulators.buildkite.http_types import ApiRequest, ApiResponse
from simulators.buildkite.job_views import job_url
from simulators.buildkite.models import Job
from simulators.buildkite.rest.jobs import both_paths, find_requested_job
from simulators.buildkite.server_state import ServerState
from simulators.buildkite.values import Refusal

_SUFFIX = re.compile(r"bytes=-(\d+)")


def _find_job_with_log(sim: ServerState, request: ApiRequest) -> Job:
    job = find_requested_job(sim, request)
    if job.kind != "script":
        raise Refusal(404, "No job found")
    return job


def get(sim: ServerState, request: ApiRequest) -> ApiResponse:
    """Answer with JSON, unless `Accept` asks for text or HTML."""
    accept = request.headers.get("accept", "")
    if request.method == "HEAD":
        return _answer_whole(_find_job_with_log(sim, request))
    if "range" in request.headers:
        return _answer_tail(_find_job_with_log(sim, request), request.headers["range"], accept)
    if "text/plain" in accept:
        return text(sim, request)
    if "text/html" in accept:
        return page(sim, request)
    job = _find_job_with_log(sim, request)
    return ApiResponse(
        200,
        {
            "url": f"{job_url(sim, job)}/log",
            "content": job.log.decode(errors="replace"),
            "size": len(job.log),
            "header_times": list(job.log_times),
        },
    )


def _answer_whole(job: Job) -> ApiResponse:
    return ApiResponse(200, text=bytes(job.log), headers={"Accept-Ranges": "bytes"})


def _answer_tail(job: Job, range_header: str, accept: str) -> ApiResponse:
    """Answer with the end of the plain text; only `bytes=-N` is supported."""
    match = _SUFFIX.fullmatch(range_header)
    if match is None or "text/plain" not in accept:
        raise Refusal(400, "Only suffix ranges of the text/plain log are supported")
    size, count = len(job.log), int(match[1])
    if size == 0 or count == 0:
        raise Refusal(416, "Range Not Satisfiable")
    first = max(0, size - count)
    headers = {"Accept-Ranges": "bytes", "Content-Range": f"bytes {first}-{size - 1}/{size}"}
    return ApiResponse(206, text=bytes(job.log[first:]), headers=headers)


def text(sim: ServerState, request: ApiRequest) -> ApiResponse:
    return _answer_whole(_find_job_with_log(sim, request))


def page(sim: ServerState, request: ApiRequest) -> ApiResponse:
    escaped = html.escape(_find_job_with_log(sim, request).log.decode(errors="replace"))
    body = f'<div class="term-container">{escaped}</div>'.encode()
    return ApiResponse(200, text=body, media_type="text/html; charset=utf-8")


def delete(sim: ServerState, request: ApiRequest) -> ApiResponse:
    job = _find_job_with_log(sim, request)
    job.log, job.log_times = bytearray(), []
    return ApiResponse(204)


OPERATIONS = (
    *both_paths("GET", "/log", "read_build_logs", get),
    *both_paths("GET", "/log.txt", "read_build_logs", text),
    *both_paths("GET", "/log.html", "read_build_logs", page),
    *both_paths("DELETE", "/log", "write_build_logs", delete),
)
