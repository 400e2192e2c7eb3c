"""The demo page, on which people of the simulated workspace type, click and watch their builds."""

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response, StreamingResponse
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp

from simulators.buildkite.sim import BuildkiteSim
from simulators.demo_page.actions import ACTIONS, perform
from simulators.demo_page.autoplay import Autoplay, keep_delivering, keep_playing
from simulators.demo_page.demo_state import DemoState
from simulators.demo_page.event_stream import Pulse, stream_scenes, watch_buildkite, watch_slack
from simulators.demo_page.origin_guard import ActionRefused, OriginGuard, read_object
from simulators.demo_page.snapshot import render_scene
from simulators.slack.sim import SlackSim

Json = dict[str, Any]
PAGE = Path(__file__).with_name("page")


class DemoPage(DemoState):
    """Serve `app` on a loopback port and keep `run()` going beside it.

    `hints`: {command, usage, summary, mention, tries: [{title, text, detail, as?, thread?}]} for the composer,
    which completes no more than Slack's does, and for the panel of first steps.
    `shortcuts`: [{name, callback_id}] of the message menu;
    `globals` holds the shortcuts that belong to no message.
    """

    def __init__(
        self,
        slack: SlackSim,
        buildkite: BuildkiteSim,
        *,
        hints: Mapping[str, Any] | None = None,
        shortcuts: Sequence[Mapping[str, str]] = (),
        globals: Sequence[Mapping[str, str]] = (),
        autoplay: Autoplay | None = None,
    ) -> None:
        super().__init__(slack, buildkite, autoplay or Autoplay())
        known = {"command": "/bk", "usage": "", "summary": "", "mention": "@kitestring", "tries": []}
        self.hints: Json = {**known, **(hints or {})}
        self.shortcuts = [dict(shortcut) for shortcut in shortcuts]
        self.globals = [dict(shortcut) for shortcut in globals]
        self.pulse = Pulse()
        self.app: ASGIApp = OriginGuard(self._routes())

    async def run(self) -> None:
        """Deliver webhooks, advance builds and update open pages until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(watch_slack(self.slack, self.pulse))
            tasks.create_task(watch_buildkite(self.buildkite, self.pulse))
            tasks.create_task(keep_delivering(self.buildkite, self.pulse))
            tasks.create_task(keep_playing(self.buildkite, self.autoplay))

    def scene(self, viewer: str) -> Json:
        """Return what the page shows this person."""
        return render_scene(self.slack, self.buildkite, self.autoplay, viewer) | {
            "shortcuts": self.shortcuts,
            "globals": self.globals,
            "tokens": [{"name": agent.name, "about": agent.about} for agent in self.agents],
        }

    def _routes(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/", lambda _: FileResponse(PAGE / "index.html")),
                Mount("/page", StaticFiles(directory=PAGE)),
                Route("/hints.json", self._hints),
                Route("/events", self._events),
                Route("/files/{id}", self._file),
                Route("/acts/{name}", self._act, methods=["POST"]),
            ]
        )

    async def _hints(self, _: Request) -> Response:
        first = next(iter(self.slack.people), "")
        return JSONResponse({**self.hints, "first": first})

    async def _events(self, request: Request) -> Response:
        viewer = request.query_params.get("as", "")
        if viewer not in self.slack.people:
            return JSONResponse({"problem": "Unknown person."}, 404)
        stream = stream_scenes(lambda: self.scene(viewer), self.pulse)
        return StreamingResponse(stream, media_type="text/event-stream")

    async def _file(self, request: Request) -> Response:
        named = (upload for upload in self.slack.uploads.values() if upload["id"] == request.path_params["id"])
        file = next(named, None)
        if file is None or file["content"] is None:
            return JSONResponse({"problem": "Unknown file."}, 404)
        if file["name"].endswith(".png"):
            return Response(file["content"], media_type="image/png")
        headers = {"Content-Disposition": "attachment"}
        return Response(file["content"], media_type="text/plain; charset=utf-8", headers=headers)

    async def _act(self, request: Request) -> Response:
        name = request.path_params["name"]
        if name not in ACTIONS:
            return JSONResponse({"problem": "Unknown action."}, 404)
        try:
            answer = await perform(self, name, await read_object(request))
        except ActionRefused as problem:
            return JSONResponse({"problem": str(problem)}, problem.status)
        self.pulse.notify()
        return JSONResponse({"ok": True, **answer})
