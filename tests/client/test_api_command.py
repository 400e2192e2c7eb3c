"""`kitestring api` shows operators objects that have neither a command nor a call."""

from datetime import UTC, datetime

import pytest
from inline_snapshot import snapshot

from bot.cli.api_get import print_documents, render_outline
from bot.errors import NotFound
from bot.runtime.clock import ManualClock
from bot.settings import load_settings
from simulators.buildkite.sim import TOKEN, BuildkiteSim

SLACK = {"SLACK_BOT_TOKEN": "xoxb-1-2-x", "SLACK_SIGNING_SECRET": "s" * 32}


async def read_lines(base: str, path: str, page: int = 1) -> list[str]:
    """Return the lines that the console shows for a path."""
    own = {"BUILDKITE_API_TOKEN": TOKEN, "BUILDKITE_ORGANIZATION_SLUG": "acme-inc"}
    settings = load_settings({**SLACK, **own, "BUILDKITE_REST_API_ENDPOINT": base})
    printed: list[str] = []
    await print_documents(settings, path, page, printed.append, ManualClock(datetime(2026, 8, 21, 12, tzinfo=UTC)))
    return "\n".join(printed).splitlines()


async def test_one_object(base: str) -> None:
    """An object is shown as one line per field, with nested fields indented."""
    assert await read_lines(base, "rate_limit") == snapshot(
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
    """A list is shown a page at a time, with the option for the next page."""
    for index in range(40):
        sim.pipeline(f"service-{index}")
    first, second = await read_lines(base, "pipelines"), await read_lines(base, "/pipelines/", 2)
    assert [line for line in (*first, *second) if line.startswith("There's more")] == ["There's more: --page 2"]
    assert sum(line.startswith("slug: ") for line in first) == 30
    assert sum(line.startswith("slug: ") for line in second) == 15


async def test_a_token_is_not_shown(sim: BuildkiteSim, base: str) -> None:
    """The token of a webhook, which Buildkite returns in full, is masked."""
    sim.add_webhook("https://bot.example.com/hook", "a-secret-of-ours")
    shown = await read_lines(base, "services")
    assert "  token: •••" in shown
    assert not any("a-secret-of-ours" in line for line in shown)


async def test_empty_lists_and_wrong_paths(base: str) -> None:
    """An empty list is reported; a path that doesn't exist or leads upwards is refused."""
    assert await read_lines(base, "services") == ["There's nothing at services."]
    for path in ("wishes", "pipelines/../../user", "", "/"):
        with pytest.raises(NotFound):
            await read_lines(base, path)


def test_long_output_is_cut() -> None:
    """The output has at most 200 lines of limited length and no control sequences."""
    lines = render_outline({"list": [{"a": "x" * 500}] * 300, "odd\x1b[2J": "\x1b[31mred\x00\u202e", "none": None})
    assert len(lines) == 200
    assert lines[-1] == "… and 103 more lines"
    assert max(map(len, lines)) < 180
    assert render_outline({"odd\x1b[2J": "\x1b[31mred\x00\u202e", "none": None}) == ("odd[2J: [31mred",)
