"""Reads the arguments of an operation from a request, and finds everything that is wrong with them."""

from __future__ import annotations

import json
import re
from typing import NoReturn

from starlette.requests import Request

from bot.execution.outcomes import to_plain
from bot.listeners.payloads import check_storable
from bot.listeners.rest.problems import FieldError, RequestProblem
from bot.operations.arguments import read_arguments
from bot.operations.operation import Operation
from bot.operations.validation import find_mistakes
from bot.runtime.http.asgi import Disconnected, Rejected, check_request, read_body
from bot.runtime.json_types import JsonObject, JsonValue
from bot.runtime.wording import suggest

YES = "yes"
_JSON = "application/json"
_KEY = re.compile(r"[\x21-\x7e](?:[\x20-\x7e]{0,253}[\x21-\x7e])?")
_REJECTED = {413: "too-large", 415: "unsupported-type", 408: "slow-body"}
_MEMBER = re.compile(r"([a-z_]+)\[([^\[\]]+)\]")


async def read_body_arguments(request: Request) -> dict[str, JsonValue]:
    """Return the JSON object in the body; an empty body is an empty object. Raise RequestProblem."""
    empty = request.headers.get("content-length") == "0" and "transfer-encoding" not in request.headers
    if empty and "content-type" not in request.headers:
        return {}
    try:
        check_request(request.scope, (_JSON,))
        body = await read_body(request.receive)
    except Rejected as why:
        raise RequestProblem(_REJECTED[why.status], why.text, headers=why.headers) from why
    except Disconnected as why:
        raise RequestProblem("slow-body", "The client is gone.") from why
    return _parse(body)


def _parse(body: bytes) -> dict[str, JsonValue]:
    try:
        text = body.decode()
        found = json.loads(text, parse_constant=_refuse_constant) if text.strip() else {}
        check_storable(text)
    except (ValueError, RecursionError) as error:
        raise RequestProblem("not-json", "The body isn't JSON in UTF-8.") from error
    if not isinstance(found, dict):
        raise RequestProblem("invalid-arguments", "The body must be a JSON object of arguments.")
    return found


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} isn't JSON")


def read_query_arguments(request: Request, op: Operation) -> dict[str, JsonValue]:
    """Return the arguments in a query: lists repeat their name, pairs are `name[key]=value`.

    Raise RequestProblem.
    """
    kinds = {argument.name: argument.kind for argument in read_arguments(op.args)}
    found: dict[str, JsonValue] = {}
    errors: list[FieldError] = []
    for name, value in request.query_params.multi_items():
        member = _MEMBER.fullmatch(name)
        if member and kinds.get(member[1]) == "dict":
            pairs = found.setdefault(member[1], {})
            found[member[1]] = {**(pairs if isinstance(pairs, dict) else {}), member[2]: value}
        elif kinds.get(name) == "list":
            values = found.setdefault(name, [])
            found[name] = [*(values if isinstance(values, list) else []), value]
        elif name in found:
            errors.append(FieldError(f"/{name}", "It is given more than once."))
        elif name != YES:
            found[name] = value
    _raise_all(errors)
    return found


def read_yes(request: Request) -> bool:
    """Return whether `yes=true` confirms the request, as `--yes` confirms a command."""
    return request.query_params.get(YES, "").lower() in {"true", "1", "yes"}


def read_key(request: Request) -> str:
    """Return the Idempotency-Key, or an empty string. Raise RequestProblem for an unusable one."""
    keys = request.headers.getlist("idempotency-key")
    if not keys:
        return ""
    if len(keys) > 1 or not _KEY.fullmatch(keys[0]):
        raise RequestProblem("bad-header", "The Idempotency-Key must be one value of 1 to 255 ASCII characters.")
    return keys[0]


def check_arguments(op: Operation, given: JsonObject) -> None:
    """Raise RequestProblem with all mistakes in the arguments."""
    known = op.args.model_fields
    unknown = [name for name in given if name not in known]
    errors = [FieldError(_point(name), _describe_unknown(name, op)) for name in unknown]
    rest = {name: value for name, value in given.items() if name in known}
    errors += [
        FieldError(_point(mistake.field) if mistake.field else "", to_plain(str(mistake)))
        for mistake in find_mistakes(op, rest)
    ]
    _raise_all(errors)


def _describe_unknown(name: str, op: Operation) -> str:
    return f"`{op.name}` has no argument of that name. {suggest(name, list(op.args.model_fields))}".strip()


def _point(name: str) -> str:
    """Return the JSON pointer to a member. https://www.rfc-editor.org/rfc/rfc6901"""
    return "/" + name.replace("~", "~0").replace("/", "~1")


def _raise_all(errors: list[FieldError]) -> None:
    if errors:
        count = "One argument isn't" if len(errors) == 1 else f"{len(errors)} arguments aren't"
        raise RequestProblem("invalid-arguments", f"{count} valid.", errors=errors)
