"""What an operator reads from the console, where neither a command nor a call has it."""

from datetime import UTC, datetime

import pytest
from inline_snapshot import snapshot

from bot.cli.api_get import print_documents, render_outline
from bot.errors import NotFound
from bot.runtime.clock import ManualClock
from bot.settings import load_settings
from simulators.buildkite.sim import TOKEN, BuildkiteSim

SLACK = {"SLACK_BOT_TOKEN": "xoxb-1-2-x", "SLACK_SIGNING_SECRET": "s" * 32}


async def looked(base: str, path: str, page: int = 1) -> list[str]:
    """The lines that the console shows of a path."""
    own = {"BUILDKITE_API_TOKEN": TOKEN, "BUILDKITE_ORGANIZATION_SLUG": "acme-inc"}
    settings = load_settings({**SLACK, **own, "BUILDKITE_REST_API_ENDPOINT": base})
    said: list[str] = []
    await print_documents(settings, path, page, said.append, ManualClock(datetime(2026, 8, 21, 12, tzinfo=UTC)))
    return "\n".join(said).splitlines()


async def test_one_object(base: str) -> None:
    """An object is a line for each of its fields, what is within them indented."""
    assert await looked(base, "rate_limit") == snapshot(
        [
            "scopes:",
            "  rest:",
            "    limit: 200",
            "    current: 1",
            "    reset: 60",
            "    reset_at: 2026-08-21T12:01:00Z",
            "    enforced: yes",
            "  graphql:",
            "    limit: 20000",
            "    current: 0",
            "    reset: 300",
            "    reset_at: 2026-08-21T12:05:00Z",
            "    enforced: yes",
        ]
    )


async def test_a_list_page_by_page(sim: BuildkiteSim, base: str) -> None:
    """A list is shown a page at a time, and how to see the next one is said."""
    for index in range(40):
        sim.pipeline(f"service-{index}")
    first, second = await looked(base, "pipelines"), await looked(base, "/pipelines/", 2)
    assert [line for line in (*first, *second) if line.startswith("There's more")] == ["There's more: --page 2"]
    assert sum(line.startswith("slug: ") for line in first) == 30
    assert sum(line.startswith("slug: ") for line in second) == 15


async def test_a_token_is_not_shown(sim: BuildkiteSim, base: str) -> None:
    """The token of a webhook comes back in full, and is left out."""
    sim.add_webhook("https://bot.example.com/hook", "a-secret-of-ours")
    shown = await looked(base, "services")
    assert "  token: •••" in shown
    assert not any("a-secret-of-ours" in line for line in shown)


async def test_what_is_not_there(base: str) -> None:
    """An empty list says so; a path that leads nowhere, or upwards, is refused."""
    assert await looked(base, "services") == ["There's nothing at services."]
    for path in ("wishes", "pipelines/../../user", "", "/"):
        with pytest.raises(NotFound):
            await looked(base, path)


def test_what_would_fill_the_screen_is_cut() -> None:
    """Lines have a length and a number that one can read, and no control sequences."""
    lines = render_outline({"list": [{"a": "x" * 500}] * 300, "odd\x1b[2J": "\x1b[31mred\x00\u202e", "none": None})
    assert len(lines) == 200
    assert lines[-1] == "… and 103 more lines"
    assert max(map(len, lines)) < 180
    assert render_outline({"odd\x1b[2J": "\x1b[31mred\x00\u202e", "none": None}) == ("odd[2J: [31mred",)
