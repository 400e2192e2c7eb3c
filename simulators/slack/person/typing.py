"""A person's typing: slash commands, messages, invitations, reactions; also opening the home tab."""

from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

from simulators.slack import client_typing
from simulators.slack.delivery import Ack, AppRequest
from simulators.slack.errors import ApiError, NotPossible
from simulators.slack.models import Channel, Message
from simulators.slack.person.base import Actor
from simulators.slack.response_urls import respond
from simulators.slack.state import BOT_USER

Json = dict[str, Any]


class TypingActor(Actor):
    """A person with a keyboard."""

    async def types(
        self,
        where: Channel | str,
        text: str,
        *,
        thread_ts: str | None = None,
        smart: bool = False,
        escape: bool = True,
    ) -> Ack:
        """Enter a slash command. Slack refuses it in threads, and if the app doesn't have it.

        `smart` corrects quotes and dashes as a Mac does; `escape` is the manifest's should_escape.
        """
        channel = self._find_visible_channel(where)
        command, _, rest = text.partition(" ")
        if command == "/invite":
            return await self.invites_bot(channel)
        if thread_ts is not None or not self._is_registered_command(command):
            return self._refuse(channel, command, in_thread=thread_ts is not None)
        typed = client_typing.apply_smart_punctuation(rest) if smart else rest
        sent = client_typing.escape_text(typed, self.sim, command=True) if escape else typed
        payload = self.sim.payloads.slash_command(self.profile, channel, command, sent)
        ack = await self._send(AppRequest("slash_commands", payload, accepts_response=True), channel.id, command)
        if ack.problem:
            words = f'{command} failed with the error "{ack.problem}"'
            self.sim.post_as_slackbot(self.id, channel.id, words)
            return ack
        return self._show_answer(ack, channel, text, payload["response_url"])

    def _is_registered_command(self, command: str) -> bool:
        return command in self.sim.command_names and "commands" in self.sim.scopes

    def _refuse(self, channel: Channel, command: str, *, in_thread: bool) -> Ack:
        problem = "not_supported_in_threads" if in_thread else "unknown_command"
        words = "is not supported in threads. Sorry!" if in_thread else "is not a valid command."
        self.sim.post_as_slackbot(self.id, channel.id, f"{command} {words}")
        self.sim.record_problem(self.id, channel.id, problem, command)
        return Ack(0, problem=problem)

    def _show_answer(self, ack: Ack, channel: Channel, line: str, url: str) -> Ack:
        body = {"text": ack.body} if isinstance(ack.body, str) else ack.body
        if not isinstance(body, dict) or not any(body.values()):
            return ack
        echo = None
        if body.get("response_type") == "in_channel":
            echo = self.sim.post(Message(channel.id, self.sim.ids.ts(), self.id, line, team=self.profile.team))
        try:
            if body.get("text") or body.get("blocks"):
                respond(self.sim, self.sim.callbacks.find_response_url(url.removeprefix(self.sim.base_url)), body)
        except ApiError as refusal:
            self.sim.record_problem(self.id, channel.id, refusal.error, line)
            return replace(ack, problem=refusal.error)
        return replace(ack, message=echo)

    async def posts(self, where: Channel | str, text: str, *, thread_ts: str | Message | None = None) -> Ack:
        """Send a message; the Ack has it, and the app's answer if it gets an event."""
        channel = self._find_visible_channel(where)
        if self.id not in channel.members or channel.archived:
            raise NotPossible(f"{self.name} cannot write in #{channel.name}.")
        message = self._post(channel, text, thread_ts)
        event = {**message.payload(), "channel": channel.id, "event_ts": message.ts}
        ack: Ack | None = None
        for kind, more in self._list_events(channel, message):
            ack = await self.sim.emit({**event, **more}, kind, shared=channel.external) or ack
        return self._add_message(await self._share_links(channel, message) or ack, message)

    def _post(self, channel: Channel, text: str, thread_ts: str | Message | None) -> Message:
        root = self._find_root(channel, thread_ts) if thread_ts is not None else None
        sent = client_typing.escape_text(text, self.sim, command=False)
        message = Message(channel.id, self.sim.ids.ts(), self.id, sent, team=self.profile.team)
        message.blocks = client_typing.make_rich_text(sent, self.sim.ids.token(5))
        message.thread_ts, message.client_msg_id = root, self.sim.ids.uuid()
        return self.sim.post(message)

    def _find_root(self, channel: Channel, wanted: str | Message) -> str:
        ts = wanted.ts if isinstance(wanted, Message) else wanted
        found = self.sim.find_message(channel.id, ts)
        if found is None:
            raise NotPossible(f"There is no message {ts} to reply to.")
        return found.thread_ts or found.ts

    def _list_events(self, channel: Channel, message: Message) -> list[tuple[str, Json]]:
        if BOT_USER not in channel.members:
            return []
        if channel.kind == "im":
            return [("message.im", {"channel_type": "im"})]
        plural = {"channel": "message.channels", "group": "message.groups", "mpim": "message.mpim"}
        events: list[tuple[str, Json]] = [(plural[channel.kind], {"channel_type": channel.kind})]
        if f"<@{BOT_USER}" in message.text:
            events.insert(0, ("app_mention", {"type": "app_mention"}))
        return events

    async def _share_links(self, channel: Channel, message: Message) -> Ack | None:
        links = [
            e["url"] for b in message.blocks or [] for s in b["elements"] for e in s["elements"] if "url" in e
        ]
        shared = [{"url": url, "domain": urlsplit(url).hostname or ""} for url in links]
        ours = [link for link in shared if self._is_registered_domain(link["domain"])]
        if not ours:
            return None
        event: Json = {
            "type": "link_shared",
            "user": self.id,
            "channel": channel.id,
            "message_ts": message.ts,
            "links": ours,
            "source": "conversations_history",
            "unfurl_id": f"{channel.id}.{message.ts}.{self.sim.ids.token(16)}",
            "is_bot_user_member": BOT_USER in channel.members,
            "event_ts": self.sim.ids.ts(),
        }
        event |= {"thread_ts": message.thread_ts} if message.thread_ts else {}
        return await self.sim.emit(event, "link_shared", shared=channel.external)

    def _is_registered_domain(self, domain: str) -> bool:
        return any(domain == known or domain.endswith(f".{known}") for known in self.sim.unfurl_domains)

    async def invites_bot(self, where: Channel | str) -> Ack:
        """Type `/invite @bot`; it becomes a member."""
        channel = self._find_visible_channel(where)
        if channel.kind == "im":
            raise NotPossible("You can't invite anyone to a direct conversation.")
        if BOT_USER not in channel.members:
            channel.members.append(BOT_USER)
            self.sim.changes.notify("channel", channel=channel.id)
        event = {
            "type": "member_joined_channel",
            "user": BOT_USER,
            "channel": channel.id,
            "channel_type": "C" if channel.kind == "channel" else "G",
            "team": self.sim.team,
            "inviter": self.id,
            "event_ts": self.sim.ids.ts(),
        }
        return await self.sim.emit(event, "member_joined_channel") or Ack(0)

    async def reacts(self, message: Message, name: str) -> Ack:
        """Add an emoji to a message."""
        message.reactions.setdefault(name, []).append(self.id)
        self.sim.changes.notify("message", channel=message.channel, ts=message.ts)
        item = {"type": "message", "channel": message.channel, "ts": message.ts}
        event = {"type": "reaction_added", "user": self.id, "reaction": name, "item": item}
        event |= {"item_user": message.user, "event_ts": self.sim.ids.ts()}
        return await self.sim.emit(event, "reaction_added") or Ack(0)

    async def opens_home(self, tab: str = "home") -> Ack:
        """Open the app's home or messages tab."""
        event: Json = {"type": "app_home_opened", "user": self.id, "channel": self.dm.id, "tab": tab}
        event["event_ts"] = self.sim.ids.ts()
        home = self.sim.open_views.homes.get(self.id)
        if tab == "home" and home is not None:
            event["view"] = home.payload()
        return await self.sim.emit(event, "app_home_opened") or Ack(0)

    def _find_visible_channel(self, where: Channel | str) -> Channel:
        channel = self.sim.need_channel(where)
        if not self.sim.can_see(self.id, channel):
            raise NotPossible(f"{self.name} cannot see #{channel.name}.")
        return channel
