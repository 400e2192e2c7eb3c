"""A minimal server: Starlette with one route on uvicorn. Run alone: `python -m bench.support.bare_server PORT`."""

import sys

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route


async def answer_ready(_request: Request) -> PlainTextResponse:
    """Answer at once."""
    return PlainTextResponse("ready")


if __name__ == "__main__":
    uvicorn.run(Starlette(routes=[Route("/readyz", answer_ready)]), port=int(sys.argv[1]), log_config=None)
