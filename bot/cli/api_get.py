"""`kitestring api`: reads Buildkite resources that no command covers."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence

from bot.app.clients import connect_buildkite
from bot.app.workspace import read_workspace
from bot.runtime.clock import Clock
from bot.runtime.redaction import MASK
from bot.settings import Settings
from bot.slack.blockkit.mrkdwn import strip_unseen

Echo = Callable[[str], None]


async def print_documents(settings: Settings, path: str, page: int, echo: Echo, clock: Clock) -> None:
    """Print one object or one page of a list, a line for each field.

    Raise KitestringError with Buildkite's message.
    """
    async with connect_buildkite(read_workspace(settings).organization, clock) as buildkite:
        answer = await buildkite.read_raw(path, params={"page": str(page)} if page > 1 else None)
    for index, document in enumerate(answer.objects):
        echo("\n".join([*([""] if index else []), *render_outline(document.fields)]))
    if not answer.objects:
        echo(f"There's nothing at {path}.")
    if answer.more:
        echo(f"\nThere's more: --page {page + 1}")


LINE_LIMIT = 200
_LINE_WIDTH = 160
_INDENT = "  "
# Values of these keys are always masked, and so are the values of environments.
_SECRET_KEYS = re.compile(
    r"(?:^|_)(?:token|secret|password|key_pem|private_key|credentials?|webhook_url)$", re.IGNORECASE
)
_SECRET_MAPPINGS = frozenset({"env"})
# A link with a signature in its query works for anyone who has it.
_SIGNATURE_MARKS = ("Signature=", "X-Amz-", "token=")


def render_outline(value: object, limit: int = LINE_LIMIT) -> tuple[str, ...]:
    """Return `key: value` lines, nested values indented and empty ones left out; at most `limit` lines."""
    lines = list(_render_lines(value))
    if len(lines) <= limit:
        return tuple(lines)
    return (*lines[: limit - 1], f"… and {len(lines) - limit + 1} more lines")


def _render_lines(value: object) -> Iterator[str]:
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield from _render_entry(strip_unseen(str(key)), _mask_secrets(str(key), item))
    elif isinstance(value, Sequence) and not isinstance(value, str):
        for item in value:
            yield from _render_item(item)
    else:
        yield _render_scalar(value)


def _render_entry(key: str, value: object) -> Iterator[str]:
    if value is None or value in ("", [], {}, ()):
        return
    if isinstance(value, Mapping) or (isinstance(value, Sequence) and not isinstance(value, str)):
        yield f"{key}:"
        yield from (f"{_INDENT}{line}" for line in _render_lines(value))
    else:
        yield f"{key}: {_render_scalar(value)}"


def _render_item(value: object) -> Iterator[str]:
    first, *rest = [*_render_lines(value)] or ["–"]
    yield f"- {first}"
    yield from (f"{_INDENT}{line}" for line in rest)


def _render_scalar(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    text = " ".join(strip_unseen(str(value)).split())
    if text.startswith("http") and any(mark in text for mark in _SIGNATURE_MARKS):
        text = f"{text.split('?')[0]}?{MASK}"
    return text if len(text) <= _LINE_WIDTH else f"{text[: _LINE_WIDTH - 1]}…"


def _mask_secrets(key: str, value: object) -> object:
    if value and isinstance(value, str) and _SECRET_KEYS.search(key):
        return MASK
    if key in _SECRET_MAPPINGS and isinstance(value, Mapping):
        return dict.fromkeys(value, MASK)
    return value
