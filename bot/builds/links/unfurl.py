"""Unfurls links that people paste, if everyone who can read the channel may see what the preview shows.

https://docs.slack.dev/messaging/unfurling-links-in-messages
"""

from __future__ import annotations

from collections.abc import Container
from itertools import islice

import structlog

from bot.access.accounts.service import Accounts, BuildkiteAccess
from bot.access.channel_access import ChannelAccess
from bot.access.policy.rules import Target
from bot.access.read_permission import ReadPermission
from bot.buildkite.models import Build
from bot.builds.links.previews import LinkedMessage, LinkPreviews
from bot.builds.links.render import BUILDS_SHOWN
from bot.builds.model import PreviewedLink
from bot.errors import KitestringError
from bot.operations.addresses import Address, is_on_host, parse_buildkite_url
from bot.runtime.error_boundary import run_guarded
from bot.slack.people import PeopleDirectory
from bot.slack.types import Actor, Thread

# Links per message: a longer list of links is a list, and previews would bury it.
_MAX_LINKS = 5
# Builds read to find the few that the person may see.
_MAX_LISTED = 20
log = structlog.stdlib.get_logger(__name__)


class LinkUnfurler:
    """Unfurls links to builds, jobs and pipelines; the person who pasted a link must be allowed to read it there.

    A link that isn't unfurled gets no error message: the person requested nothing, and the message would tell the
    channel that the build exists. `access` is used for people who haven't connected a token of their own.
    `hosts` are Buildkite's.
    """

    def __init__(
        self,
        people: PeopleDirectory,
        places: ChannelAccess,
        accounts: Accounts,
        permission: ReadPermission,
        access: BuildkiteAccess,
        previews: LinkPreviews,
        hosts: Container[str],
    ) -> None:
        self._people = people
        self._places = places
        self._accounts = accounts
        self._permission = permission
        self._access = access
        self._previews = previews
        self._hosts = hosts

    async def unfurl_links(self, source: LinkedMessage, user: str, urls: tuple[str, ...]) -> None:
        """Unfurl the links of a person's message; raise nothing."""
        own_links = [(url, address) for url in urls if (address := self._parse_own_address(url))]
        for url, address in own_links[:_MAX_LINKS]:
            try:
                await run_guarded(self._unfurl_link(source, user, url, address), "unfurl")
            except KitestringError as error:
                # The text of the error may name what the person may not see.
                log.info("link not unfurled", error=type(error).__name__)

    def _parse_own_address(self, url: str) -> Address | None:
        address = parse_buildkite_url(url) if is_on_host(url, self._hosts) else None
        own_organization = self._access.buildkite.organization
        return address if address and address.org == own_organization and address.pipeline else None

    async def _unfurl_link(self, source: LinkedMessage, user: str, url: str, address: Address) -> None:
        # A preview is for everyone in the channel, so what the person alone may see isn't enough.
        if not await self._places.allows_unfurls(source.channel):
            return
        actor = await self._people.find_actor(user, Thread(source.team, source.channel), "mention")
        slug = str(address.pipeline)
        if address.number is None:
            await self._unfurl_pipeline(source, actor, url, slug)
        elif self._permission.allows_some_branch(actor, slug):
            access = await self._find_access(actor)
            build = await access.buildkite.build(slug, int(address.number))
            # Rules may depend on the branch, which is known only now.
            if self._may_read_build(actor, build):
                await self._previews.add_card(source, PreviewedLink(url, address.job, user), build)

    async def _unfurl_pipeline(self, source: LinkedMessage, actor: Actor, url: str, slug: str) -> None:
        if not self._permission.allows(actor, Target(slug)):
            return
        access = await self._find_access(actor)
        pipeline = await access.catalog.find_pipeline(slug)
        listed = [build async for build in access.buildkite.builds(pipeline.slug, limit=_MAX_LISTED)]
        builds = list(islice((build for build in listed if self._may_read_build(actor, build)), BUILDS_SHOWN))
        await self._previews.post_pipeline(source, url, pipeline, builds)

    async def _find_access(self, actor: Actor) -> BuildkiteAccess:
        return await self._accounts.find_access(actor.team, actor.id) or self._access

    def _may_read_build(self, actor: Actor, build: Build) -> bool:
        return self._permission.allows(actor, Target(build.ref.pipeline, build.branch))
