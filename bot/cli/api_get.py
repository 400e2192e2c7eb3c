"""What an operator reads at Buildkite from the console, where no command has it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence

from bot.buildkite.client import connect
from bot.runtime.clock import Clock
from bot.runtime.redaction import MASK
from bot.settings import Settings
from bot.slack.blockkit.mrkdwn import visible

Say = Callable[[str], None]


async def look(settings: Settings, path: str, page: int, say: Say, clock: Clock) -> None:
    """One object, or a page of a list, a line for each field. Raises KitestringError in Buildkite's words."""
    async with connect(
        settings.buildkite_api_token.get_secret_value(),
        settings.buildkite_organization_slug,
        endpoint=settings.buildkite_rest_api_endpoint,
        clock=clock,
    ) as buildkite:
        answer = await buildkite.documents(path, params={"page": str(page)} if page > 1 else None)
    for index, document in enumerate(answer.found):
        say("\n".join([*([""] if index else []), *outline(document.fields)]))
    if not answer.found:
        say(f"There is nothing at {path}.")
    if answer.more:
        say(f"\nThere is more: --page {page + 1}")


LINES = 200
_WIDTH = 160
_INDENT = "  "
# What such keys hold is never shown, whatever it is; nor is what environments hold.
_SECRET = re.compile(
    r"(?:^|_)(?:token|secret|password|key_pem|private_key|credentials?|webhook_url)$", re.IGNORECASE
)
_VALUES_SECRET = frozenset({"env"})
# Links with a signature in their query open what they lead to.
_SIGNED = ("Signature=", "X-Amz-", "token=")


def outline(value: object, limit: int = LINES) -> tuple[str, ...]:
    """`key: value` a line, what is within it indented; empty values are left out, at most `limit` lines."""
    lines = list(_lines(value))
    if len(lines) <= limit:
        return tuple(lines)
    return (*lines[: limit - 1], f"… and {len(lines) - limit + 1} more lines")


def _lines(value: object) -> Iterator[str]:
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield from _entry(visible(str(key)), _hidden(str(key), item))
    elif isinstance(value, Sequence) and not isinstance(value, str):
        for item in value:
            yield from _item(item)
    else:
        yield _scalar(value)


def _entry(key: str, value: object) -> Iterator[str]:
    if value is None or value in ("", [], {}, ()):
        return
    if isinstance(value, Mapping) or (isinstance(value, Sequence) and not isinstance(value, str)):
        yield f"{key}:"
        yield from (f"{_INDENT}{line}" for line in _lines(value))
    else:
        yield f"{key}: {_scalar(value)}"


def _item(value: object) -> Iterator[str]:
    first, *rest = [*_lines(value)] or ["–"]
    yield f"- {first}"
    yield from (f"{_INDENT}{line}" for line in rest)


def _scalar(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    text = " ".join(visible(str(value)).split())
    if text.startswith("http") and any(mark in text for mark in _SIGNED):
        text = f"{text.split('?')[0]}?{MASK}"
    return text if len(text) <= _WIDTH else f"{text[: _WIDTH - 1]}…"


def _hidden(key: str, value: object) -> object:
    if value and isinstance(value, str) and _SECRET.search(key):
        return MASK
    if key in _VALUES_SECRET and isinstance(value, Mapping):
        return dict.fromkeys(value, MASK)
    return value
