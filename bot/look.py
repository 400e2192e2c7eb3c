"""What an operator reads at Buildkite from the console, where no command has it."""

from __future__ import annotations

from collections.abc import Callable

from bot.buildkite.client import connect
from bot.clock import Clock
from bot.core.outline import outline
from bot.settings import Settings

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
