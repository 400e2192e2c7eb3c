"""The default pipeline of a channel, used where a command names none and the thread isn't about another."""

from __future__ import annotations

from dataclasses import replace

from bot.buildkite.naming import MayName
from bot.builds.queries import find_builds_in_thread
from bot.notifications.queries import choose_default_pipeline, find_channel_settings
from bot.operations.arguments import read_arguments
from bot.operations.operation import Operation
from bot.operations.reply import Reply
from bot.runtime.json_types import JsonObject
from bot.slack.blockkit.blocks import join_dotted
from bot.slack.blockkit.mrkdwn import code, md
from bot.slack.types import Thread
from bot.store.transactions import Store


class DefaultPipelines:
    """Reads, sets and applies the default pipelines of channels."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def find(self, thread: Thread) -> str | None:
        """Return the slug of the channel's default pipeline, or None."""
        async with self._store.read() as tx:
            return (await find_channel_settings(tx, thread.team, thread.channel)).pipeline

    async def find_for_person(self, thread: Thread, may_name: MayName) -> str | None:
        """Return the default pipeline if the person may be shown it: answers about it would name it."""
        slug = await self.find(thread)
        return slug if slug is not None and may_name("pipeline", slug) else None

    async def choose(self, thread: Thread, slug: str | None) -> None:
        """Set the channel's default pipeline, or clear it with None."""
        async with self._store.write() as tx:
            await choose_default_pipeline(tx, thread.team, thread.channel, slug)

    async def fill_in(
        self, op: Operation, given: JsonObject, thread: Thread, may_name: MayName
    ) -> tuple[JsonObject, str]:
        """Fill in the default pipeline; returns the arguments and the slug if it was filled in, else ''.

        It counts only for people who may be shown it, as `may_name` says: refusals and forms would name it.
        """
        unnamed = next(
            (
                argument
                for argument in read_arguments(op.args)
                if argument.opt.channel_default and not given.get(argument.name)
            ),
            None,
        )
        slug = await self._find_default(thread, may_name) if unnamed else None
        if unnamed is None or slug is None:
            return given, ""
        return {**given, unnamed.name: [slug] if unnamed.repeatable else slug}, slug

    async def _find_default(self, thread: Thread, may_name: MayName) -> str | None:
        chosen = await self.find_for_person(thread, may_name)
        if chosen is None:
            return None
        about = await self._pipelines_in(thread)
        return about.pop() if len(about) == 1 else chosen

    async def _pipelines_in(self, thread: Thread) -> set[str]:
        if thread.ts is None:
            return set()
        async with self._store.read() as tx:
            tracked_builds = await find_builds_in_thread(tx, thread.channel, thread.ts)
        return {tracked.build.ref.pipeline for tracked in tracked_builds}


def mention_default(reply: Reply, slug: str) -> Reply:
    """Mention the default pipeline in the footer of an answer that used it; a build's card shows it anyway."""
    if not slug or reply.card_build is not None:
        return reply
    taken = md("Using this channel's default pipeline, {slug}.", slug=code(slug))
    return replace(reply, footer=join_dotted([reply.footer, taken]))
