"""Listing 5,000 pipelines and 50,000 builds by pages: our client beside pybuildkite, with the same server.

The server renders one page of each kind with the simulator's code and serves those bytes again and again, in its
own process, so that only the client is measured. The builds belong to five pipelines, since Buildkite lists no
more than 10,000 by pages. Each measurement is its own process; both clients take turns in each round, so that a
slow moment of the machine affects both. `python -m bench listing [--rounds 3]` prints seconds, memory (RSS),
ratio.
"""

from __future__ import annotations

import argparse
import asyncio
import importlib
import json
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from simulators.buildkite import job_views, views
from simulators.buildkite.seed_demo import seed_demo
from simulators.buildkite.sim import BuildkiteSim
from simulators.http_server import Serving

ORG, PAGE = "acme-inc", 100
PIPELINES, BUILDS, EACH = 5_000, 50_000, 10_000
# `builds`: each with its own defaults (ours leaves jobs out, pybuildkite can't); the others: the same bytes.
KINDS = ("pipelines", "builds", "builds with jobs")
CLIENTS = ("ours", "pybuildkite")
UNLIMITED = {f"RateLimit-{who}{what}": "1000000" for who in ("", "User-") for what in ("Limit", "Remaining")}
HEADERS = UNLIMITED | {"RateLimit-Reset": "60", "RateLimit-User-Reset": "60"}


class Measurement(NamedTuple):
    """Seconds, and peak and resting memory of the process in MiB."""

    seconds: float
    peak: float
    rest: float


def render_pages() -> dict[str, bytes]:
    """Return a page of each kind, rendered by the simulator."""
    sim = BuildkiteSim()
    seed_demo(sim)
    builds = [sim.create_build("web", message=f"Change {number}") for number in range(PAGE)]
    for build in builds:
        sim.run_build(build, fail={"lint"} if build.number % 5 == 0 else set())
    pipelines = [views.render_pipeline(sim, sim.find_pipeline("web"), full=True)] * PAGE
    whole = [job_views.render_build(sim, build, jobs=build.jobs) for build in builds]
    bare = [{key: value for key, value in build.items() if key != "jobs"} for build in whole]
    pages = {"pipelines": pipelines, "builds": bare, "builds with jobs": whole}
    return {kind: json.dumps(page).encode() for kind, page in pages.items()}


def build_app() -> Starlette:
    """Return an application that serves both listings, page after page."""
    pages = render_pages()

    def answer_page(request: Request, kind: str, count: int) -> Response:
        page, headers = int(request.query_params.get("page") or 1) or 1, dict(HEADERS)
        if page < count // PAGE:
            given = {**request.query_params, "page": str(page + 1)}
            query = "&".join(f"{name}={value}" for name, value in given.items())
            headers["Link"] = f'<{request.url.replace(query=query)}>; rel="next"'
        return Response(pages[kind], headers=headers, media_type="application/json")

    async def pipelines(request: Request) -> Response:
        return answer_page(request, "pipelines", PIPELINES)

    async def builds(request: Request) -> Response:
        bare = request.query_params.get("exclude_jobs") == "true"
        return answer_page(request, "builds" if bare else "builds with jobs", EACH)

    root = f"/v2/organizations/{ORG}/pipelines"
    return Starlette(
        routes=[
            Route(root, pipelines),
            Route(f"{root}/", pipelines),
            Route(f"{root}/{{slug}}/builds", builds),
            Route(f"{root}/{{slug}}/builds/", builds),
        ]
    )


async def serve() -> None:
    """Serve until standard input ends."""
    async with Serving(build_app()) as base:
        print(base, flush=True)
        await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)


async def count_ours(kind: str, base: str) -> int:
    """List with our client; return how many."""
    from bot.buildkite.client import Buildkite

    async def items(bk: Buildkite) -> AsyncIterator[Any]:
        if kind == "pipelines":
            async for pipeline in bk.pipelines():
                yield pipeline
            return
        for slug in range(BUILDS // EACH):
            async for build in bk.builds(f"p{slug}", exclude_jobs=kind == "builds"):
                yield build

    count = 0
    async with Buildkite("bkua_bench", ORG, endpoint=base) as bk:
        async for _ in items(bk):
            count += 1
    return count


def count_pybuildkite(kind: str, base: str) -> int:
    """List with pybuildkite, which can't leave jobs out; return how many."""
    from pybuildkite.buildkite import Buildkite

    client = Buildkite()
    client.base_url = f"{base}/v2/"
    client.set_access_token("bkua_bench")
    if kind == "pipelines":
        return _count_pages(lambda page: client.pipelines().list_pipelines(ORG, page=page, with_pagination=True))
    return sum(
        _count_pages(
            lambda page, slug=slug: client.builds().list_all_for_pipeline(
                ORG, f"p{slug}", page=page, with_pagination=True
            )
        )
        for slug in range(BUILDS // EACH)
    )


def _count_pages(read: Any) -> int:
    count, page = 0, 1
    while page:
        answer = read(page)
        count, page = count + len(answer.body), answer.next_page
    return count


def measure(client: str, kind: str, base: str) -> Measurement:
    """Measure one listing in this process. Raise RuntimeError if it is incomplete."""
    importlib.import_module("bot.buildkite" if client == "ours" else "pybuildkite.buildkite")
    rest, begun = _memory(), time.perf_counter()
    count = asyncio.run(count_ours(kind, base)) if client == "ours" else count_pybuildkite(kind, base)
    seconds = time.perf_counter() - begun
    if count != (PIPELINES if kind == "pipelines" else BUILDS):
        raise RuntimeError(f"{client} answer_page {count} of {kind}")
    return Measurement(seconds, _memory(), rest)


def _memory() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


@contextmanager
def serve_in_child() -> Iterator[str]:
    """Run the server in a child process and yield its address."""
    command = [sys.executable, "-m", "bench.listing", "--serve"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        yield process.stdout.readline().strip()
        process.communicate()


def measure_in_child(client: str, kind: str, base: str) -> Measurement:
    """Measure one listing in a child process."""
    command = [sys.executable, "-m", "bench.listing", "--measure", client, kind, base]
    run = subprocess.run(command, capture_output=True, text=True, check=True)
    return Measurement(*json.loads(run.stdout))


def render_measurements(kind: str, taken: dict[str, list[Measurement]]) -> Iterator[str]:
    """Yield the lines of one kind."""
    for client, several in taken.items():
        seconds = sorted(item.seconds for item in several)
        peak, rest = (statistics.median(getattr(item, name) for item in several) for name in ("peak", "rest"))
        span = f"{seconds[0]:.1f} to {seconds[-1]:.1f}"
        middle = statistics.median(seconds)
        memory = f"peak {peak:4.0f} MiB, {peak - rest:3.0f} of them for it"
        yield f"{kind:17} {client:12} {middle:6.1f} s ({span}), {memory}"
    ratios = sorted(item.seconds / other.seconds for item, other in zip(*taken.values(), strict=True))
    yield f"{kind:17} ours takes {statistics.median(ratios):.2f} of its time ({ratios[0]:.2f} to {ratios[-1]:.2f})"


def main(arguments: list[str]) -> None:
    """Measure both clients in turn."""
    parser = argparse.ArgumentParser(prog="python -m bench listing")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--measure", nargs=3, help=argparse.SUPPRESS)
    given = parser.parse_args(arguments)
    if given.serve:
        asyncio.run(serve())
    elif given.measure:
        print(json.dumps(measure(*given.measure)))
    else:
        compare(given.rounds)


def compare(rounds: int) -> None:
    """Print the measurements of both."""
    with serve_in_child() as base:
        for kind in KINDS:
            taken: dict[str, list[Measurement]] = {client: [] for client in CLIENTS}
            for _ in range(rounds):
                for client in CLIENTS:
                    taken[client].append(measure_in_child(client, kind, base))
            print("\n".join(render_measurements(kind, taken)), flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
