"""Buildkite's answers become errors and waits."""

import httpx
import pytest

from bot.buildkite.error_responses import parse_error, read_message, read_retry_after
from bot.errors import Conflict, NotFound, Refused, Unavailable

USER = {"RateLimit-User-Remaining": "0", "RateLimit-User-Reset": "42"}
ORG = {"RateLimit-Remaining": "80", "RateLimit-Reset": "7"}


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, Conflict),
        (401, Refused),
        (403, Refused),
        (404, NotFound),
        (409, Conflict),
        (410, Conflict),
        (422, Conflict),
        (429, Unavailable),
        (500, Unavailable),
        (503, Unavailable),
    ],
)
def test_every_error_status_becomes_an_error(status: int, kind: type[Exception]) -> None:
    """Each documented error status becomes an error of ours, in Buildkite's words if there are any."""
    found = parse_error(httpx.Response(status, json={"message": "Because"}), "build web#1", sent=False)
    assert type(found) is kind
    assert "Because" in str(found) or status >= 500


@pytest.mark.parametrize("status", [200, 201, 202, 204, 206])
def test_a_success_is_not_an_error(status: int) -> None:
    """A successful status has no error."""
    assert parse_error(httpx.Response(status), "build web#1", sent=True) is None


@pytest.mark.parametrize("content", [b"<html>Bad gateway</html>", b"", b"[1]", b'{"message": 3}', b"\xff\xfe"])
def test_a_proxy_page_is_not_quoted(content: bytes) -> None:
    """A body that isn't Buildkite's is represented by its status only."""
    assert read_message(httpx.Response(422, content=content)) == "422 Unprocessable Entity"


@pytest.mark.parametrize(
    ("status", "headers", "body", "seconds"),
    [
        (429, {"Retry-After": "5", **USER}, {"reset": 42}, 5),
        (429, {**USER, **ORG}, {"reset": 41}, 41),
        (429, {**USER, **ORG}, {}, 42),
        (429, ORG, {}, 7),
        (429, {}, {}, None),
        (429, {"Retry-After": "Wed, 21 Oct 2026 07:28:00 GMT"}, {}, None),
        (429, {}, {"reset": True}, None),
        (503, {"Retry-After": "9"}, {}, 9),
        (503, USER, {}, None),
    ],
)
def test_the_requested_wait_is_read(
    status: int, headers: dict[str, str], body: dict[str, object], seconds: float | None
) -> None:
    """`Retry-After` comes first, then the body, then the exhausted limit; without any there's no wait."""
    assert read_retry_after(httpx.Response(status, headers=headers, json=body)) == seconds


def test_a_missing_permission_is_reported() -> None:
    """A 403 that names no scope means that the token's user lacks a permission."""
    found = parse_error(httpx.Response(403, json={"message": "Forbidden"}), "agent x", sent=False)
    assert isinstance(found, Refused)
    assert "lacks this permission" in found.hint
