"""Calls to Slack's Web API, one small method each. https://docs.slack.dev/reference/methods"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Collection
from contextlib import asynccontextmanager
from typing import TypedDict

import aiohttp
from slack_sdk.web.async_client import AsyncWebClient

from bot.runtime.json_types import JsonObject, JsonValue
from bot.slack.api_errors import SlackError, translate_errors
from bot.slack.api_shapes import (
    BotIdentity,
    ChannelAnswer,
    ChannelInfo,
    ChannelsPage,
    DirectAnswer,
    HistoryAnswer,
    MembersPage,
    PageMetadata,
    PermalinkAnswer,
    SentMessage,
    UploadTarget,
    UserAnswer,
    UserGroupInfo,
    UserGroupsAnswer,
    UserInfo,
    ViewAnswer,
    parse_answer,
)
from bot.slack.blockkit.blocks import Message, View
from bot.slack.session import UrlCalls
from bot.slack.types import File, Thread

MARK = "kitestring_message"
# Seconds around a stored intent in which its message can have been posted; Slack's clock may differ from ours.
_CLOCK_SKEW = 60.0
_POSTED_WITHIN = 600.0


class _Content(TypedDict):
    """A message as Slack's methods take it."""

    text: str
    blocks: list[dict[str, JsonValue]]


class _Bounds(TypedDict):
    """Limits of a read of a conversation's history."""

    oldest: str
    latest: str
    inclusive: bool
    limit: int
    include_all_metadata: bool


class SlackClient(UrlCalls):
    """Makes calls that raise SlackError; `session` sets the time-out.

    `render_emoji` is applied to every message, to replace Buildkite's emoji codes that Slack doesn't know.
    """

    def __init__(
        self,
        client: AsyncWebClient,
        session: aiohttp.ClientSession,
        render_emoji: Callable[[Message], Message] = lambda message: message,
    ) -> None:
        super().__init__(client, session)
        self.token_error: str | None = None
        self._render_emoji = render_emoji

    @asynccontextmanager
    async def _track_errors(self) -> AsyncIterator[None]:
        """Keep Slack's error about the token in `token_error` for as long as calls fail with it."""
        try:
            async with translate_errors():
                yield
        except SlackError as problem:
            if problem.kind == "barred":
                self.token_error = problem.code
            raise
        self.token_error = None

    async def whoami(self) -> BotIdentity:
        """Return the bot's own user, bot ID and team."""
        async with self._track_errors():
            return parse_answer((await self._client.auth_test()).data, BotIdentity)

    async def post(self, thread: Thread, message: Message, mark: str, *, broadcast: bool = False) -> str:
        """Post a message with a mark to find it by and return its ts; `broadcast` also shows it in the channel."""
        async with self._track_errors():
            answer = await self._client.chat_postMessage(
                channel=thread.channel,
                thread_ts=thread.ts,
                reply_broadcast=True if broadcast and thread.ts else None,
                **self._format_content(message),
                unfurl_links=False,
                unfurl_media=False,
                metadata={"event_type": MARK, "event_payload": {"id": mark}},
            )
            return parse_answer(answer.data, SentMessage).ts

    async def update(self, channel: str, ts: str, message: Message) -> None:
        """Replace a message in place, which notifies no one."""
        async with self._track_errors():
            await self._client.chat_update(channel=channel, ts=ts, **self._format_content(message))

    async def unfurl(self, channel: str, ts: str, url: str, message: Message) -> None:
        """Show or replace the preview of a link below a person's message."""
        async with self._track_errors():
            blocks = self._format_content(message)["blocks"]
            await self._client.chat_unfurl(channel=channel, ts=ts, unfurls={url: {"blocks": blocks}})

    async def post_ephemeral(self, thread: Thread, user: str, message: Message) -> None:
        """Post a message that only `user` sees; Slack doesn't guarantee its delivery."""
        async with self._track_errors():
            await self._client.chat_postEphemeral(
                channel=thread.channel,
                user=user,
                thread_ts=thread.ts,
                **self._format_content(message),
            )

    async def find_posted(self, thread: Thread, mark: str, since: float, bot_id: str) -> str | None:
        """Search for our message with this mark, begun at `since`, in one bounded read; return its ts or None."""
        bounds: _Bounds = {
            "oldest": f"{since - _CLOCK_SKEW:.6f}",
            "latest": f"{since + _POSTED_WITHIN:.6f}",
            "inclusive": True,
            "limit": 200,
            "include_all_metadata": True,
        }
        async with self._track_errors():
            if thread.ts:
                answer = await self._client.conversations_replies(channel=thread.channel, ts=thread.ts, **bounds)
            else:
                answer = await self._client.conversations_history(channel=thread.channel, **bounds)
            messages = parse_answer(answer.data, HistoryAnswer).messages
        for message in messages:
            metadata = message.metadata
            ours = message.bot_id == bot_id and metadata is not None and metadata.event_type == MARK
            if ours and metadata and metadata.event_payload and metadata.event_payload.id == mark:
                return message.ts
        return None

    async def open_view(self, trigger_id: str, view: View) -> str:
        """Open a modal and return its ID."""
        async with self._track_errors():
            answer = await self._client.views_open(trigger_id=trigger_id, view=dict(view))
            return parse_answer(answer.data, ViewAnswer).view.id

    async def update_view(self, view_id: str, view: View) -> None:
        """Replace a modal's content."""
        async with self._track_errors():
            await self._client.views_update(view_id=view_id, view=dict(view))

    async def publish(self, user: str, view: View) -> None:
        """Publish a person's App Home."""
        async with self._track_errors():
            await self._client.views_publish(user_id=user, view=dict(view))

    async def read_user(self, user: str) -> UserInfo:
        """Read a person's user object."""
        async with self._track_errors():
            answer = await self._client.users_info(user=user)
            return parse_answer(answer.data, UserAnswer).user

    async def find_user_by_email(self, address: str) -> str:
        """Return the ID of the active person with this email address; refused with `users_not_found` otherwise."""
        async with self._track_errors():
            answer = await self._client.users_lookupByEmail(email=address)
            return parse_answer(answer.data, UserAnswer).user.id

    async def list_user_groups(self) -> tuple[UserGroupInfo, ...]:
        """Return the workspace's enabled user groups, each with its `users`."""
        async with self._track_errors():
            answer = await self._client.usergroups_list(include_users=True)
            return parse_answer(answer.data, UserGroupsAnswer).usergroups

    async def read_channel(self, channel: str) -> ChannelInfo:
        """Read a conversation; its `is_member` says whether the bot can post there."""
        async with self._track_errors():
            answer = await self._client.conversations_info(channel=channel)
            return parse_answer(answer.data, ChannelAnswer).channel

    async def is_in_channel(self, channel: str, user: str) -> bool:
        """Return whether a person is in a conversation, reading pages of 1,000 members until they're found."""
        cursor: str | None = ""
        while cursor is not None:
            async with self._track_errors():
                answer = await self._client.conversations_members(channel=channel, limit=1000, cursor=cursor)
                page = parse_answer(answer.data, MembersPage)
            if user in page.members:
                return True
            cursor = _find_cursor(page.response_metadata)
        return False

    async def find_channels(self, names: Collection[str]) -> dict[str, ChannelInfo]:
        """Find conversations by name, as far as the bot can see them; without names Slack isn't asked."""
        found: dict[str, ChannelInfo] = {}
        cursor: str | None = "" if names else None
        while cursor is not None and len(found) < len(names):
            async with self._track_errors():
                answer = await self._client.conversations_list(
                    types="public_channel,private_channel", limit=1000, cursor=cursor
                )
                page = parse_answer(answer.data, ChannelsPage)
            found |= {channel.name: channel for channel in page.channels if channel.name and channel.name in names}
            cursor = _find_cursor(page.response_metadata)
        return found

    async def find_permalink(self, channel: str, ts: str) -> str:
        """Return the address of a message."""
        async with self._track_errors():
            answer = await self._client.chat_getPermalink(channel=channel, message_ts=ts)
            return parse_answer(answer.data, PermalinkAnswer).permalink

    async def open_direct(self, user: str) -> str:
        """Open the direct message conversation with a person and return its channel ID."""
        async with self._track_errors():
            answer = await self._client.conversations_open(users=[user])
            return parse_answer(answer.data, DirectAnswer).channel.id

    async def upload(self, channel: str, *files: File, thread_ts: str | None = None) -> None:
        """Upload files to a conversation as one message."""
        async with self._track_errors():
            stored = [await self._store_file(file) for file in files]
            await self._client.files_completeUploadExternal(files=stored, channel_id=channel, thread_ts=thread_ts)

    async def _store_file(self, file: File) -> dict[str, str | None]:
        """Upload a file that isn't in any conversation yet, and return its ID and title."""
        answer = await self._client.files_getUploadURLExternal(
            filename=file.name, length=len(file.content), alt_txt=file.alt or None
        )
        target = parse_answer(answer.data, UploadTarget)
        await self._send_bytes(target.upload_url, file.content)
        return {"id": target.file_id, "title": file.title or file.name}

    async def respond(self, url: str, message: Message, *, replace: bool = False, public: bool = False) -> None:
        """Answer by response URL, which works 5 times within 30 minutes; refuse a URL that isn't Slack's.

        `replace` replaces the message that the request came from; `public` means that everyone sees that message.
        """
        content = self._format_content(message)
        body: JsonObject = {
            "response_type": "in_channel" if public else "ephemeral",
            "replace_original": replace,
            "text": content["text"],
            "blocks": content["blocks"],
        }
        await self._post_response(url, body)

    async def delete_original(self, url: str) -> None:
        """Delete the message that a press came from, by response URL."""
        await self._post_response(url, {"delete_original": True})

    def _format_content(self, message: Message) -> _Content:
        rendered = self._render_emoji(message)
        return {"text": rendered.text, "blocks": [dict(block) for block in rendered.blocks]}


def _find_cursor(metadata: PageMetadata | None) -> str | None:
    """Return the cursor of the next page; None after the last page, where Slack's is empty."""
    return (metadata.next_cursor if metadata else None) or None
