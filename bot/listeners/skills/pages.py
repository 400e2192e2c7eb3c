"""Serves the Agent Skill: `/skills`, `/skills/kitestring`, its files and the whole as a zip file."""

from __future__ import annotations

from functools import cached_property

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.types import Receive, Scope, Send

from bot import __version__
from bot.listeners.rest.problems import RequestProblem, render_problem
from bot.listeners.skills.skill_contents import DESCRIPTION, NAME, make_skill, pack_skill
from bot.operations.registry import Registry

SKILLS = "/skills"


class SkillPages:
    """The skill as an ASGI application. It's public: it says how to call, which takes a token."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request for the skill."""
        request = Request(scope)
        try:
            response = self._answer(request)
        except RequestProblem as problem:
            response = render_problem(problem)
        await response(scope, receive, send)

    def _answer(self, request: Request) -> Response:
        if request.method not in ("GET", "HEAD"):
            raise RequestProblem("method-not-allowed", "Only GET is allowed here.", headers={"allow": "GET"})
        described = {"name": NAME, "description": DESCRIPTION, "version": __version__}
        path = request.url.path.removeprefix(SKILLS).strip("/")
        contents = f"{NAME}/contents"
        match path:
            case "":
                return JSONResponse({"skills": [described]})
            case _ if path == NAME:
                return JSONResponse({**described, "files": sorted(self._skill)})
            case _ if path == f"{NAME}/download":
                named = {"content-disposition": f'attachment; filename="{NAME}.zip"'}
                return Response(pack_skill(self._skill), media_type="application/zip", headers=named)
            case _ if path == contents:
                return JSONResponse({"files": sorted(self._skill)})
        text = self._skill.get(path.removeprefix(f"{contents}/")) if path.startswith(f"{contents}/") else None
        if text is None:
            raise RequestProblem(
                "unknown-path", "There's no such skill or file.", f"GET {SKILLS} lists what there is."
            )
        return PlainTextResponse(text)

    @cached_property
    def _skill(self) -> dict[str, str]:
        return dict(make_skill(self._registry))
