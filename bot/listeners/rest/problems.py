"""RequestProblem documents: what is wrong with a request, with the status that HTTP names for it.

https://www.rfc-editor.org/rfc/rfc9457
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import NamedTuple

from starlette.responses import JSONResponse, Response

from bot.errors import KitestringError
from bot.execution.outcomes import NO_PLACE, QUESTION, UNCERTAIN, describe_error
from bot.runtime.json_types import JsonObject, JsonValue

MEDIA_TYPE = "application/problem+json"
# Where the page about the API explains each kind.
TYPE_BASE = "/api#"
# Seconds after which a caller may try again, where nobody knows better.
_RETRY_SECONDS = 5


class Kind(NamedTuple):
    """A kind of problem: its status and its title."""

    status: HTTPStatus
    title: str


KINDS: Mapping[str, Kind] = {
    "not-json": Kind(HTTPStatus.BAD_REQUEST, "The body isn't JSON"),
    "bad-header": Kind(HTTPStatus.BAD_REQUEST, "A header has an unusable value"),
    "unauthorized": Kind(HTTPStatus.UNAUTHORIZED, "The API token is missing or not valid"),
    "refused": Kind(HTTPStatus.FORBIDDEN, "Not allowed"),
    "not-found": Kind(HTTPStatus.NOT_FOUND, "Not found in Buildkite"),
    "unknown-path": Kind(HTTPStatus.NOT_FOUND, "No such operation"),
    "unknown-invocation": Kind(HTTPStatus.NOT_FOUND, "No such invocation"),
    "untracked-build": Kind(HTTPStatus.NOT_FOUND, "The build isn't followed"),
    "method-not-allowed": Kind(HTTPStatus.METHOD_NOT_ALLOWED, "The method isn't allowed"),
    "slow-body": Kind(HTTPStatus.REQUEST_TIMEOUT, "The body took too long"),
    "conflict": Kind(HTTPStatus.CONFLICT, "The current state doesn't allow it"),
    "nothing-to-do": Kind(HTTPStatus.CONFLICT, "Nothing to do"),
    QUESTION: Kind(HTTPStatus.CONFLICT, "To be confirmed"),
    NO_PLACE: Kind(HTTPStatus.CONFLICT, "Nowhere to announce it"),
    "key-reused": Kind(HTTPStatus.CONFLICT, "The Idempotency-Key was used for another request"),
    "not-approved": Kind(HTTPStatus.CONFLICT, "It wasn't approved"),
    UNCERTAIN: Kind(HTTPStatus.CONFLICT, "It's uncertain whether it happened"),
    "failed": Kind(HTTPStatus.CONFLICT, "It failed"),
    "too-large": Kind(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "The body is too large"),
    "unsupported-type": Kind(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "The content type isn't supported"),
    "misdirected": Kind(HTTPStatus.MISDIRECTED_REQUEST, "The Host isn't this server's"),
    "invalid-arguments": Kind(HTTPStatus.UNPROCESSABLE_ENTITY, "The arguments aren't valid"),
    "ambiguous": Kind(HTTPStatus.UNPROCESSABLE_ENTITY, "Several things match"),
    "rate-limited": Kind(HTTPStatus.TOO_MANY_REQUESTS, "Too many requests"),
    "too-many-streams": Kind(HTTPStatus.TOO_MANY_REQUESTS, "Too many event streams"),
    "internal-error": Kind(HTTPStatus.INTERNAL_SERVER_ERROR, "A bug in the bot"),
    "interrupted": Kind(HTTPStatus.SERVICE_UNAVAILABLE, "Interrupted before anything happened"),
    "buildkite-busy": Kind(HTTPStatus.SERVICE_UNAVAILABLE, "Buildkite's limit of requests is used up"),
    "unavailable": Kind(HTTPStatus.SERVICE_UNAVAILABLE, "Not available now"),
}


class FieldError(NamedTuple):
    """A mistake in an argument; `pointer` is a JSON pointer into the body."""

    pointer: str
    detail: str


class RequestProblem(KitestringError):
    """A request that is answered with a problem document of one of `KINDS`."""

    def __init__(
        self,
        kind: str,
        detail: str,
        hint: str = "",
        *,
        errors: Sequence[FieldError] = (),
        headers: Mapping[str, str] | None = None,
        more: JsonObject | None = None,
    ) -> None:
        super().__init__(detail, hint)
        self.kind = kind
        self.errors = errors
        self.headers = dict(headers or {})
        self.more = more or {}


def make_problem(known: JsonObject, invocation: str = "") -> RequestProblem:
    """Return the problem that the end of an invocation describes."""
    kind, retry_after = str(known.get("kind")), known.get("retry_after")
    field, message = known.get("field"), str(known.get("message", ""))
    names = {name: known[name] for name in ("rule", "options") if name in known}
    return RequestProblem(
        kind if kind in KINDS else "failed",
        message,
        str(known.get("hint", "")),
        errors=[FieldError(f"/{field}", message)] if field else (),
        headers=_make_retry_header(kind, retry_after if isinstance(retry_after, int | float) else None),
        more=names | ({"invocation": invocation} if invocation else {}),
    )


def explain_error(error: KitestringError) -> RequestProblem:
    """Return the problem that an error is."""
    return error if isinstance(error, RequestProblem) else make_problem(describe_error(error))


def _make_retry_header(kind: str, retry_after: float | None) -> dict[str, str]:
    known = KINDS.get(kind)
    if known is None or known.status is not HTTPStatus.SERVICE_UNAVAILABLE:
        return {}
    return {"retry-after": str(max(math.ceil(retry_after or _RETRY_SECONDS), 1))}


def render_problem(problem: RequestProblem) -> Response:
    """Return the problem document."""
    status, title = KINDS[problem.kind]
    document: dict[str, JsonValue] = {
        "type": f"{TYPE_BASE}{problem.kind}",
        "title": title,
        "status": int(status),
        "detail": problem.message,
        **problem.more,
    }
    if problem.hint:
        document["hint"] = problem.hint
    if problem.errors:
        document["errors"] = [error._asdict() for error in problem.errors]
    return JSONResponse(document, int(status), problem.headers, MEDIA_TYPE)
