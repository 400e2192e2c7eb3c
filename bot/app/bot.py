"""Builds the bot: the only place where all its parts meet."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

from bot.app.dependencies import Dependencies, open_dependencies
from bot.app.endpoints import Endpoints, build_endpoints
from bot.app.interaction import Interaction, build_interaction
from bot.app.loops import build_loops
from bot.app.maintenance import Maintenance, build_maintenance
from bot.app.platform import Platform, open_platform
from bot.app.publishers import Publishers, build_publishers
from bot.app.readers import Readers, build_readers
from bot.app.workspace import Workspace, read_workspace
from bot.operations.registry import Registry
from bot.runtime.clock import Clock
from bot.runtime.loop import Loop
from bot.settings import Settings
from bot.store.transactions import ignore_commit
from commands import registry


@dataclass(frozen=True)
class WorkspaceBot:
    """The bot of one workspace, with everything that it shares with no other."""

    deps: Dependencies
    interaction: Interaction
    readers: Readers
    publishers: Publishers
    maintenance: Maintenance


@dataclass(frozen=True)
class Bot:
    """The bot, built but not running: `endpoints` answer HTTP, `loops` do the rest."""

    platform: Platform
    workspace: WorkspaceBot
    endpoints: Endpoints
    loops: tuple[Loop, ...]

    async def drain(self) -> int:
        """Wait for the requests that are being carried out; returns how many there were."""
        return await self.workspace.interaction.execution.background.drain()


@asynccontextmanager
async def build_bot(
    settings: Settings,
    clock: Clock,
    *,
    migrate: bool = True,
    committed: Callable[[int], None] = ignore_commit,
    operations: Registry | None = None,
) -> AsyncIterator[Bot]:
    """Build the bot for these settings; everything it opened is closed at the end.

    `operations` take the place of all commands.
    Raise KitestringError if it can't start: the policy is wrong, a token is refused, the schema is too new.
    """
    async with (
        open_platform(settings, clock, migrate=migrate, committed=committed) as platform,
        open_workspace(platform, read_workspace(settings), operations or registry()) as workspace,
    ):
        allowlist = workspace.deps.buildkite.allowlist
        parts = (workspace.readers, workspace.publishers, workspace.maintenance)
        loops = build_loops(platform, *parts, allowlist)
        platform.wakeups.register(loops)
        endpoints = build_endpoints(settings, workspace.deps, workspace.interaction)
        try:
            yield Bot(platform, workspace, endpoints, loops)
        finally:
            await endpoints.programs.close()


@asynccontextmanager
async def open_workspace(
    platform: Platform, workspace: Workspace, operations: Registry
) -> AsyncIterator[WorkspaceBot]:
    """Build the whole graph of one workspace. Raise KitestringError if a token or the policy is refused."""
    async with open_dependencies(platform, workspace, operations) as deps:
        interaction = build_interaction(deps)
        yield WorkspaceBot(
            deps,
            interaction,
            build_readers(deps),
            build_publishers(deps, interaction),
            build_maintenance(deps, interaction),
        )
