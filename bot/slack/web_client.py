"""Every call to Slack's Web API, one small method each. https://docs.slack.dev/reference/methods"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Collection
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlsplit

import aiohttp
from slack_sdk.web.async_client import AsyncWebClient

from bot.slack.api_errors import SlackError, told_apart
from bot.slack.blockkit.blocks import Message
from bot.slack.types import File, Thread

MARK = "kitestring_message"
# Below the host of the Web API: where answers by response URL go, and bytes.
_RESPONSES, _FILES = "hooks", "files"
# A message can be no older than its intent, nor much younger; but Slack's clock is not ours.
_CLOCKS_APART = 60.0
_LATEST = 600.0


class SlackClient:
    """Calls with errors told apart: each raises SlackProblem. `session` carries the time-out.

    `drawn` has the last word on every message: it knows the emoji that Slack does not.
    """

    def __init__(self, client: AsyncWebClient, session: aiohttp.ClientSession) -> None:
        self._client = client
        self._session = session
        self.shut_out: str | None = None
        self.drawn: Callable[[Message], Message] = lambda message: message

    @asynccontextmanager
    async def _told_apart(self) -> AsyncIterator[None]:
        """Remembers in `shut_out` what Slack has against the token, for as long as it says so."""
        try:
            async with told_apart():
                yield
        except SlackError as problem:
            if problem.kind == "barred":
                self.shut_out = problem.code
            raise
        self.shut_out = None

    async def whoami(self) -> dict[str, Any]:
        """The bot's own user, bot id and team."""
        async with self._told_apart():
            return _answer(await self._client.auth_test())

    async def post(self, thread: Thread, message: Message, mark: str, *, broadcast: bool = False) -> str:
        """Post a message, marked so that it can be found again; gives its ts.

        With `broadcast` a reply is shown in the channel as well.
        """
        async with self._told_apart():
            answer = await self._client.chat_postMessage(
                channel=thread.channel,
                thread_ts=thread.ts,
                reply_broadcast=True if broadcast and thread.ts else None,
                **self._content(message),
                unfurl_links=False,
                unfurl_media=False,
                metadata={"event_type": MARK, "event_payload": {"id": mark}},
            )
            return str(answer["ts"])

    async def update(self, channel: str, ts: str, message: Message) -> None:
        """Draw a message again in place; nobody is notified."""
        async with self._told_apart():
            await self._client.chat_update(channel=channel, ts=ts, **self._content(message))

    async def unfurl(self, channel: str, ts: str, url: str, message: Message) -> None:
        """Draw the preview of a link below somebody's message, in place of the one that is there."""
        async with self._told_apart():
            blocks = list(self.drawn(message).blocks)
            await self._client.chat_unfurl(channel=channel, ts=ts, unfurls={url: {"blocks": blocks}})

    async def whisper(self, thread: Thread, user: str, message: Message) -> None:
        """A message that only `user` sees; Slack does not promise that it arrives."""
        async with self._told_apart():
            await self._client.chat_postEphemeral(
                channel=thread.channel,
                user=user,
                thread_ts=thread.ts,
                **self._content(message),
            )

    async def find(self, thread: Thread, mark: str, since: float, bot_id: str) -> str | None:
        """Look for a message of ours that was begun at `since`: one bounded read around then; its ts or None."""
        bounds: dict[str, Any] = {
            "oldest": f"{since - _CLOCKS_APART:.6f}",
            "latest": f"{since + _LATEST:.6f}",
            "inclusive": True,
            "limit": 200,
            "include_all_metadata": True,
        }
        async with self._told_apart():
            if thread.ts:
                answer = await self._client.conversations_replies(channel=thread.channel, ts=thread.ts, **bounds)
            else:
                answer = await self._client.conversations_history(channel=thread.channel, **bounds)
        for message in answer.get("messages") or ():
            metadata = message.get("metadata") or {}
            ours = message.get("bot_id") == bot_id and metadata.get("event_type") == MARK
            if ours and (metadata.get("event_payload") or {}).get("id") == mark:
                return str(message["ts"])
        return None

    async def open_view(self, trigger_id: str, view: dict[str, Any]) -> str:
        """Open a modal; gives its id."""
        async with self._told_apart():
            answer = await self._client.views_open(trigger_id=trigger_id, view=view)
            return str(answer["view"]["id"])

    async def update_view(self, view_id: str, view: dict[str, Any]) -> None:
        """Draw a modal again."""
        async with self._told_apart():
            await self._client.views_update(view_id=view_id, view=view)

    async def publish(self, user: str, view: dict[str, Any]) -> None:
        """Show this as somebody's home."""
        async with self._told_apart():
            await self._client.views_publish(user_id=user, view=view)

    async def user(self, user: str) -> dict[str, Any]:
        """A person's profile."""
        async with self._told_apart():
            answer = await self._client.users_info(user=user)
            return dict(answer["user"])

    async def user_by_email(self, address: str) -> dict[str, Any]:
        """The profile of the one active person with that address; refused with `users_not_found` else."""
        async with self._told_apart():
            answer = await self._client.users_lookupByEmail(email=address)
            return dict(answer["user"])

    async def user_groups(self) -> list[dict[str, Any]]:
        """The workspace's user groups that are not disabled, each with its `users`."""
        async with self._told_apart():
            answer = await self._client.usergroups_list(include_users=True)
            return [dict(group) for group in answer["usergroups"]]

    async def channel(self, channel: str) -> dict[str, Any]:
        """A conversation; `is_member` says whether the bot can post there."""
        async with self._told_apart():
            answer = await self._client.conversations_info(channel=channel)
            return dict(answer["channel"])

    async def in_channel(self, channel: str, user: str) -> bool:
        """Whether somebody is in a conversation: read by pages of a thousand, until they are found."""
        cursor: str | None = ""
        while cursor is not None:
            async with self._told_apart():
                page = await self._client.conversations_members(channel=channel, limit=1000, cursor=cursor)
            if user in page["members"]:
                return True
            cursor = (page.get("response_metadata") or {}).get("next_cursor") or None
        return False

    async def channels_named(self, names: Collection[str]) -> dict[str, dict[str, Any]]:
        """The conversations of these names, as far as the bot can see them; nothing is asked for no names."""
        found: dict[str, dict[str, Any]] = {}
        cursor: str | None = "" if names else None
        while cursor is not None and len(found) < len(names):
            async with self._told_apart():
                page = await self._client.conversations_list(
                    types="public_channel,private_channel", limit=1000, cursor=cursor
                )
            found |= {item["name"]: dict(item) for item in page["channels"] if item["name"] in names}
            cursor = (page.get("response_metadata") or {}).get("next_cursor") or None
        return found

    async def permalink(self, channel: str, ts: str) -> str:
        """The address of a message."""
        async with self._told_apart():
            answer = await self._client.chat_getPermalink(channel=channel, message_ts=ts)
            return str(answer["permalink"])

    async def direct(self, user: str) -> str:
        """The DM with a person; gives its channel id."""
        async with self._told_apart():
            answer = await self._client.conversations_open(users=[user])
            return str(answer["channel"]["id"])

    async def upload(self, channel: str, *files: File, thread_ts: str | None = None) -> None:
        """Put files into a conversation, as one message."""
        async with self._told_apart():
            named = [await self._stored(file) for file in files]
            await self._client.files_completeUploadExternal(files=named, channel_id=channel, thread_ts=thread_ts)

    async def _stored(self, file: File) -> dict[str, str | None]:
        """A file that is there, but not in any conversation yet."""
        place = await self._client.files_getUploadURLExternal(
            filename=file.name, length=len(file.content), alt_txt=file.alt or None
        )
        await self._put(str(place["upload_url"]), file.content)
        return {"id": str(place["file_id"]), "title": file.title or file.name}

    async def _put(self, url: str, content: bytes) -> None:
        """The second of the three steps. https://docs.slack.dev/messaging/working-with-files"""
        if not self._slacks(url, _FILES):
            raise SlackError("refused", "upload_url is not Slack's")
        async with self._session.post(url, data=content, allow_redirects=False) as answer:
            if answer.status != 200:
                raise SlackError("refused", f"upload_url gave {answer.status}")

    async def download(self, url: str, most: int) -> bytes:
        """A file that somebody attached, at most `most` bytes and one more; the token goes to Slack alone.

        https://docs.slack.dev/reference/objects/file-object#authentication
        """
        if not self._slacks(url, _FILES):
            raise SlackError("refused", "url_private_download is not Slack's")
        headers = {"Authorization": f"Bearer {self._client.token}"}
        async with told_apart(), self._session.get(url, headers=headers, allow_redirects=False) as answer:
            if answer.status != 200 or answer.content_type == "text/html":  # where it wants somebody to log in
                raise SlackError("refused", f"url_private_download gave {answer.status}")
            content = b""
            async for chunk in answer.content.iter_chunked(1 << 14):
                content += chunk
                if len(content) > most:
                    break
            return content[: most + 1]

    async def respond(self, url: str, message: Message, *, replace: bool = False, public: bool = False) -> None:
        """Answer by response URL: 5 times within 30 minutes, and only where the URL is Slack's.

        With `replace` in place of the message that it came from; with `public` everybody saw that one.
        """
        if not self._slacks(url, _RESPONSES):
            raise SlackError("refused", "response_url is not Slack's")
        body = {
            "response_type": "in_channel" if public else "ephemeral",
            "replace_original": replace,
            **self._content(message),
        }
        async with told_apart(), self._session.post(url, json=body, allow_redirects=False) as answer:
            if answer.status == 429:
                raise SlackError("limited", "ratelimited", 1)
            if answer.status >= 300:
                said = "invalid_blocks" in await answer.text(errors="replace")
                raise SlackError("refused", "invalid_blocks" if said else f"response_url gave {answer.status}")

    def _content(self, message: Message) -> dict[str, Any]:
        shown = self.drawn(message)
        return {"text": shown.text, "blocks": list(shown.blocks)}

    def _slacks(self, url: str, below: str) -> bool:
        """The origin of SLACK_API_URL, or the host of that name below it; nothing else is Slack's."""
        try:
            asked = urlsplit(url)
        except ValueError:
            return False
        base = urlsplit(self._client.base_url)
        return asked.scheme == base.scheme and asked.netloc in {base.netloc, f"{below}.{base.netloc}"}


def _answer(response: Any) -> dict[str, Any]:
    return dict(response.data)
