"""The pipeline that is meant where none is named: the channel's own, unless a thread is about another."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from bot.builds.queries import find_builds_in_thread
from bot.notifications.queries import find_channel_settings, update_channel_settings
from bot.operations.arguments import arguments
from bot.operations.operation import Operation
from bot.operations.reply import Reply
from bot.slack.blockkit.blocks import dotted
from bot.slack.blockkit.mrkdwn import code, md
from bot.slack.types import Thread
from bot.store.transactions import Store


class Defaults:
    """Nothing is assumed in a channel that has chosen nothing."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def of(self, thread: Thread) -> str | None:
        """The slug that the channel has chosen."""
        async with self._store.read() as tx:
            return (await find_channel_settings(tx, thread.team, thread.channel)).pipeline

    async def choose(self, thread: Thread, slug: str | None) -> None:
        """Write it down; None: nothing is assumed any more."""
        async with self._store.write() as tx:
            await update_channel_settings(tx, thread.team, thread.channel, pipeline=slug)

    async def filled(self, op: Operation, given: Mapping[str, Any], thread: Thread) -> tuple[dict[str, Any], str]:
        """The arguments with the pipeline that is meant, and its slug where it was put in, else nothing."""
        left = next(
            (argument for argument in arguments(op.args) if argument.opt.here and not given.get(argument.name)),
            None,
        )
        slug = await self._meant(thread) if left else None
        if left is None or slug is None:
            return dict(given), ""
        return {**given, left.name: [slug] if left.several else slug}, slug

    async def _meant(self, thread: Thread) -> str | None:
        chosen = await self.of(thread)
        if chosen is None:
            return None
        about = await self._pipelines_in(thread)
        return about.pop() if len(about) == 1 else chosen

    async def _pipelines_in(self, thread: Thread) -> set[str]:
        if thread.ts is None:
            return set()
        async with self._store.read() as tx:
            known = await find_builds_in_thread(tx, thread.channel, thread.ts)
        return {build.build.ref.pipeline for build in known}


def said(reply: Reply, slug: str) -> Reply:
    """The answer, with the pipeline that was taken because none was named; a build's card names it itself."""
    if not slug or reply.follow is not None:
        return reply
    taken = md("No pipeline was named: {slug} was taken.", slug=code(slug))
    return replace(reply, footer=dotted([reply.footer, taken]))
