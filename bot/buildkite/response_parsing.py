"""Parses the JSON of Buildkite's responses into models, and reads the links between pages."""

from __future__ import annotations

import contextlib
from typing import TypeVar
from urllib.parse import parse_qsl, urlsplit

import httpx
from pydantic import BaseModel, TypeAdapter, ValidationError

from bot.buildkite.models import drop_nulls
from bot.errors import Unavailable

M = TypeVar("M", bound=BaseModel)


def read_last_page(response: httpx.Response) -> int | None:
    """Return the number of the last page, or None if the response has no link to it."""
    query = dict(parse_qsl(urlsplit(response.links.get("last", {}).get("url", "")).query))
    number = query.get("page", "")
    return int(number) if number.isdecimal() else None


def parse_object(model: type[M], response: httpx.Response) -> M:
    """Parse the object in a response; raise Unavailable if it isn't one (a proxy's error page, for example)."""
    try:
        return model.model_validate_json(response.content)
    except ValidationError:
        return parse_value(model, read_json(response), response.request.method != "GET")


def parse_list(array: TypeAdapter[list[M]], model: type[M], response: httpx.Response) -> list[M]:
    """Parse the objects of a page.

    Validating a bare array as a whole takes a quarter of the time of single objects. Pydantic's JSON parser
    rejects some texts that Python's accepts (lone surrogates, for example), so those fall back to the slow way.
    """
    if _is_bare_array(response):
        with contextlib.suppress(ValidationError):
            return array.validate_json(response.content)
    return [parse_value(model, value, sent=False) for value in read_items(response)]


def _is_bare_array(response: httpx.Response) -> bool:
    """Return whether the response is an array without an object around it."""
    return response.content.lstrip()[:1] == b"["


def parse_value(model: type[M], value: object, sent: bool) -> M:
    """Return `value` as `model`; raise Unavailable if it doesn't fit.

    A null that a field refuses counts as absent. That's rare, so only values that don't fit are copied without.
    """
    with contextlib.suppress(ValidationError):
        return model.model_validate(value)
    try:
        return model.model_validate(drop_nulls(value))
    except (ValidationError, RecursionError) as error:
        raise malformed_error(sent) from error


def read_json(response: httpx.Response) -> object:
    """Return the JSON of a response; raise Unavailable if it has none."""
    try:
        return response.json()
    except ValueError as error:
        raise malformed_error(response.request.method != "GET") from error


def read_items(response: httpx.Response) -> list[object]:
    """Return the items of a page, which is a bare array or an object with `items`."""
    page = read_json(response)
    found = page.get("items") if isinstance(page, dict) else page
    if not isinstance(found, list):
        raise malformed_error(sent=False)
    return found


def read_next_query(response: httpx.Response) -> list[tuple[str, str]]:
    """Return the query of the next page, empty after the last one.

    Only the query is taken from the link, so that a response can't send the token to another address.
    """
    url = response.links.get("next", {}).get("url")
    page = {} if _is_bare_array(response) else read_json(response)
    if isinstance(page, dict):
        url = (page.get("links") or {}).get("next") or url
    return parse_qsl(urlsplit(url).query) if isinstance(url, str) else []


def malformed_error(sent: bool) -> Unavailable:
    return Unavailable(
        "Buildkite's answer didn't match its API.", "A proxy in between may have changed it.", sent=sent
    )
