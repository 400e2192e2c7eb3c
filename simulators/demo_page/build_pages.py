"""Build pages of the simulated Buildkite, the targets of links in messages."""

import re
from collections.abc import Callable
from html import escape
from pathlib import Path

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from simulators.buildkite.models import Build, Job
from simulators.buildkite.sim import BuildkiteSim
from simulators.buildkite.values import Refusal

STYLE = Path(__file__).with_name("page") / "build.css"
HEADERS = {"Content-Security-Policy": "default-src 'self'", "X-Content-Type-Options": "nosniff"}
_CONTROL = re.compile(r"\x1b\[[0-9;]*[A-Za-z]|\x1b_bk;t=\d+\x07|[\x00-\x08\x0b-\x1f]")
_EMOJI = re.compile(r":[a-z0-9_+-]+:\s*")
# Paths that the simulator itself answers.
SERVED = ("/v2", "/v3", "/graphql/", "/storage/")


def with_pages(sim: BuildkiteSim) -> ASGIApp:
    """Return the simulator's APIs plus `/<org>/<pipeline>` and `/<org>/<pipeline>/builds/<number>`."""
    pages = _pages(sim)

    async def run(scope: Scope, receive: Receive, send: Send) -> None:
        page = scope["type"] == "http" and not scope["path"].startswith(SERVED)
        await (pages if page else sim.app)(scope, receive, send)

    return run


def _pages(sim: BuildkiteSim) -> Starlette:
    return Starlette(
        routes=[
            Route("/build.css", lambda _: FileResponse(STYLE)),
            Route(f"/{sim.org}/{{slug}}", _page(sim, _pipeline_page)),
            Route(f"/{sim.org}/{{slug}}/builds", _page(sim, _pipeline_page)),
            Route(f"/{sim.org}/{{slug}}/builds/{{number:int}}", _page(sim, _build_page)),
        ]
    )


def _page(sim: BuildkiteSim, write: Callable[[BuildkiteSim, Request], str]) -> Callable[[Request], Response]:
    def answer(request: Request) -> Response:
        try:
            return HTMLResponse(write(sim, request), headers=HEADERS)
        except Refusal as refusal:
            return HTMLResponse(_document("Not found", f"<p>{escape(refusal.message)}</p>"), 404, HEADERS)

    return answer


def _document(title: str, body: str) -> str:
    head = '<meta charset="utf-8"><link rel="stylesheet" href="/build.css">'
    head += f"<title>{escape(title)}</title>"
    return f'<!doctype html><html lang="en"><head>{head}</head><body>{body}</body></html>'


def _pipeline_page(sim: BuildkiteSim, request: Request) -> str:
    pipeline = sim.find_pipeline(request.path_params["slug"])
    builds = [build for build in reversed(sim.builds) if build.pipeline is pipeline]
    rows = "".join(f"<p>{_link(sim, build)} {_state(build.inner_state)}</p>" for build in builds)
    return _document(pipeline.name, f"<h1>{escape(pipeline.name)}</h1>{rows or '<p>No builds yet.</p>'}")


def _link(sim: BuildkiteSim, build: Build) -> str:
    slug = escape(build.pipeline.slug)
    return f'<a href="/{sim.org}/{slug}/builds/{build.number}">{slug} #{build.number}</a>'


def _state(state: str) -> str:
    return f'<span class="state {escape(state)}">{escape(state.replace("_", " "))}</span>'


def _build_page(sim: BuildkiteSim, request: Request) -> str:
    build = sim.find_build(request.path_params["slug"], request.path_params["number"])
    title = f"{build.pipeline.name} #{build.number}"
    facts = f"{escape(build.branch)} · {escape(build.commit[:10])} · {escape(build.message or 'no message')}"
    origin = f"<p>Rebuilt from {_link(sim, build.rebuilt_from)}</p>" if build.rebuilt_from else ""
    head = f"<header><h1>{escape(title)} {_state(build.inner_state)}</h1><p>{facts}</p>{origin}</header>"
    jobs = "".join(_job(job) for job in build.jobs if job.kind != "wait")
    return _document(title, f'{head}{jobs}<p class="quiet">A page of the simulated Buildkite.</p>')


def _job(job: Job) -> str:
    log = escape(_CONTROL.sub("", job.log.decode("utf-8", "replace").replace("\r\n", "\n"))) or "No output yet."
    opened = " open" if job.state == "failed" else ""
    name = escape(_EMOJI.sub("", job.name))
    return (
        f'<details id="{escape(job.id)}"{opened}><summary>{name} {_state(job.state)}</summary>'
        f"<pre>{log}</pre></details>"
    )
