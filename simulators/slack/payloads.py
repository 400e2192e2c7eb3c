"""Builds Slack's requests to an app: commands, interactions and events, with every documented key."""

from copy import deepcopy
from typing import Any

from simulators.slack.installation import Installation
from simulators.slack.models import Channel, Message, Preview, Profile
from simulators.slack.state import APP_ID, BOT_USER
from simulators.slack.views import View

Json = dict[str, Any]
TOKEN = "deprecated-verification-token"


class Payloads:
    """Builds payloads of one workspace, each with a new trigger id and response URL."""

    def __init__(self, slack: Installation) -> None:
        self._slack = slack

    def slash_command(self, who: Profile, channel: Channel, command: str, text: str) -> Json:
        """Return the form fields of a slash command."""
        path = self._slack.callbacks.issue_response_url("commands", who.id, channel.id)
        return {
            "token": TOKEN,
            "team_id": who.team,
            "team_domain": self._slack.domain,
            "channel_id": channel.id,
            "channel_name": channel.command_name,
            "user_id": who.id,
            "user_name": who.name,
            "command": command,
            "text": text,
            "api_app_id": APP_ID,
            "is_enterprise_install": "false",
            "response_url": self._slack.base_url + path,
            "trigger_id": self._slack.callbacks.issue_trigger(who.id),
        }

    def message_click(self, who: Profile, message: Message, action: Json, state: Json) -> Json:
        """Return block_actions from a message."""
        hook = self._slack.callbacks.issue_response_url("actions", who.id, message.channel, message)
        return {
            "type": "block_actions",
            **self._render_user(who),
            "trigger_id": self._slack.callbacks.issue_trigger(who.id),
            **self._render_team(),
            **self.message_place(message),
            "state": {"values": state},
            "response_url": self._slack.base_url + hook,
            "actions": [action],
        }

    def preview_click(self, who: Profile, preview: Preview, action: Json) -> Json:
        """Return block_actions from a link preview, which don't include the message."""
        message = preview.message
        hook = self._slack.callbacks.issue_response_url("actions", who.id, message.channel)
        mark = {"is_app_unfurl": True, "app_unfurl_url": preview.url}
        container: Json = {
            "type": "message_attachment",
            "message_ts": message.ts,
            "attachment_id": preview.id,
            "channel_id": message.channel,
            "is_ephemeral": False,
            **mark,
        }
        if message.is_reply:
            container["thread_ts"] = message.thread_ts
        return {
            "type": "block_actions",
            **self._render_user(who),
            "trigger_id": self._slack.callbacks.issue_trigger(who.id),
            **self._render_team(),
            "container": container,
            "channel": self._render_channel(message.channel),
            "state": {"values": {}},
            "response_url": self._slack.base_url + hook,
            "actions": [action],
            "app_unfurl": {"id": preview.id, "blocks": deepcopy(preview.blocks), **mark},
        }

    def view_click(self, who: Profile, view: View, action: Json) -> Json:
        """Return block_actions from a modal or a home tab."""
        return {
            "type": "block_actions",
            **self._render_user(who),
            "trigger_id": self._slack.callbacks.issue_trigger(who.id),
            **self._render_team(),
            "container": {"type": "view", "view_id": view.id},
            "view": view.payload(),
            "actions": [action],
        }

    def suggestion(self, who: Profile, place: View | Message, element: Json, block_id: str, typed: str) -> Json:
        """Return block_suggestion: text typed into an external select."""
        body: Json = {
            "type": "block_suggestion",
            **self._render_user(who),
            "action_id": element["action_id"],
            "block_id": block_id,
            "value": typed,
            **self._render_team(),
        }
        if isinstance(place, Message):
            return body | self.message_place(place)
        return body | {"container": {"type": "view", "view_id": place.id}, "view": place.payload()}

    def view_submission(self, who: Profile, view: View) -> Json:
        """Return view_submission with the state of all inputs."""
        return {
            "type": "view_submission",
            **self._render_user(who),
            "trigger_id": self._slack.callbacks.issue_trigger(who.id),
            "view": view.payload(),
            "response_urls": self._response_urls(who, view),
            **self._render_team(),
        }

    def view_closed(self, who: Profile, view: View, cleared: bool) -> Json:
        """Return view_closed, for views with notify_on_close."""
        shown = {"view": view.payload(), "is_cleared": cleared}
        return {"type": "view_closed", **self._render_user(who), **shown, **self._render_team()}

    def message_action(self, who: Profile, callback_id: str, message: Message) -> Json:
        """Return a message shortcut."""
        hook = self._slack.callbacks.issue_response_url("actions", who.id, message.channel)
        return {
            "type": "message_action",
            **self._shortcut(who, callback_id, {"name": who.name}),
            "channel": self._render_channel(message.channel),
            "response_url": self._slack.base_url + hook,
            "message_ts": message.ts,
            "message": message.payload(),
        }

    def shortcut(self, who: Profile, callback_id: str) -> Json:
        """Return a global shortcut: no channel, no response URL."""
        return {"type": "shortcut", **self._shortcut(who, callback_id, {"username": who.name})}

    def _shortcut(self, who: Profile, callback_id: str, name: Json) -> Json:
        return {
            "token": TOKEN,
            "action_ts": self._slack.ids.ts(),
            "user": {"id": who.id, **name, "team_id": who.team},
            **self._render_team(),
            "callback_id": callback_id,
            "trigger_id": self._slack.callbacks.issue_trigger(who.id),
        }

    def event(self, inner: Json, shared: bool = False) -> Json:
        """Return the envelope around an event."""
        team = self._slack.team
        authorization = {
            "enterprise_id": None,
            "team_id": team,
            "user_id": BOT_USER,
            "is_bot": True,
            "is_enterprise_install": False,
        }
        return {
            "token": TOKEN,
            "team_id": team,
            "context_team_id": team,
            "context_enterprise_id": None,
            "api_app_id": APP_ID,
            "event": inner,
            "type": "event_callback",
            "event_id": self._slack.ids.object("Ev"),
            "event_time": int(self._slack.now()),
            "authorizations": [authorization],
            "is_ext_shared_channel": shared,
            "event_context": "4-" + self._slack.ids.token(20),
        }

    def message_place(self, message: Message) -> Json:
        """Return container, channel and message; an ephemeral message is left out."""
        container: Json = {
            "type": "message",
            "message_ts": message.ts,
            "channel_id": message.channel,
            "is_ephemeral": message.only_for is not None,
        }
        if message.thread_ts and message.thread_ts != message.ts:
            container["thread_ts"] = message.thread_ts
        place: Json = {"container": container, "channel": self._render_channel(message.channel)}
        return place if message.only_for else place | {"message": message.payload()}

    def _response_urls(self, who: Profile, view: View) -> list[Json]:
        urls = []
        for block in view.blocks:
            element = block.get("element") or {}
            entry = view.inputs.get(block.get("block_id", ""), {}).get(element.get("action_id", ""), {})
            channel = entry.get("selected_conversation") or entry.get("selected_channel")
            if element.get("response_url_enabled") and channel:
                url = self._slack.base_url + self._slack.callbacks.issue_response_url("app", who.id, channel)
                place = {"block_id": block["block_id"], "action_id": element["action_id"]}
                urls.append(place | {"channel_id": channel, "response_url": url})
        return urls

    def _render_user(self, who: Profile) -> Json:
        user = {"id": who.id, "username": who.name, "name": who.name, "team_id": who.team}
        return {"user": user, "api_app_id": APP_ID, "token": TOKEN}

    def _render_team(self) -> Json:
        team = {"id": self._slack.team, "domain": self._slack.domain}
        return {"team": team, "enterprise": None, "is_enterprise_install": False}

    def _render_channel(self, channel: str) -> Json:
        return {"id": channel, "name": self._slack.channels[channel].command_name}
