"""Slack's payloads reduced to requests: who, where, how, and the key that identifies a repeat.

https://docs.slack.dev/reference/interaction-payloads
"""

from __future__ import annotations

import json
import re
from collections.abc import Container
from dataclasses import replace
from typing import NamedTuple

from bot.listeners.payload_shapes import (
    ClickPayload,
    CommandPayload,
    GlobalShortcut,
    InteractionPayload,
    MessageContainer,
    MessagePayload,
    MessageShortcut,
    OptionsPayload,
    PressedView,
    ShortcutMessage,
    SubmissionPayload,
)
from bot.operations.addresses import BUILDKITE_HOSTS, is_on_host
from bot.operations.invocation import Flags, Request
from bot.operations.manners import find_small_talk, strip_manners
from bot.operations.render import INVITED
from bot.slack.form_values import find_entry
from bot.slack.types import Thread, Via

# Buttons of a message that asks something: the answer takes its place, so that it isn't asked again.
_ANSWERING = ("confirm:", "option:", "invite:", "retry")
# No part may contain a slash: a message full of slashes would otherwise take minutes to search.
_BUILD_URL = re.compile(r"https?://[^\s/<>|\"\\]+/[^\s/<>|\"\\]+/[^\s/<>|\"\\]+/builds/\d+")


def from_command(payload: CommandPayload) -> Request:
    """Read a slash command. Typing it again is a new request, so the key is its trigger."""
    trigger = payload.trigger_id
    thread = Thread(payload.team_id, payload.channel_id)
    return Request(payload.user_id, thread, "slash", f"slash:{trigger}", payload.response_url, trigger)


def from_message(payload: MessagePayload) -> Request | None:
    """Read a mention or a direct message; None for edits, bots' messages and messages to other people."""
    event = payload.event
    if not event.is_addressed or event.bot_id or event.subtype or not event.user:
        return None
    thread = Thread(payload.team_id, event.channel, event.thread_ts)
    return Request(event.user, thread, "mention", f"message:{event.channel}:{event.ts}")


def from_click(payload: ClickPayload) -> Request:
    """Read a press. Each press has an id of its own, so the key is the button as it was rendered."""
    action, container = payload.actions[0], payload.container or MessageContainer()
    channel = (payload.channel.id if payload.channel else None) or container.channel_id or ""
    ts = container.message_ts or ""
    root = container.thread_ts or (payload.message.thread_ts if payload.message else None) or ts
    thread = Thread(payload.workspace, channel, (container.thread_ts or None) if container.is_ephemeral else root)
    return Request(
        user=payload.user.id,
        thread=thread,
        via="button",
        key=f"click:{channel}:{ts}:{action.button[0]}:{action.block_id}",
        response_url=payload.response_url,
        trigger_id=payload.trigger_id,
        flags=Flags(
            replaces=(container.is_ephemeral or thread.is_direct) and action.action_id.startswith(_ANSWERING),
            in_thread=container.thread_ts not in (None, "", ts),
            invited=action.action_id == INVITED,
        ),
        label="" if action.action_id.startswith(_ANSWERING) else action.label,
    )


def from_submission(payload: SubmissionPayload, thread: Thread) -> Request:
    """Read a submitted form; a view can be submitted once."""
    return Request(payload.user.id, thread, "form", f"form:{payload.view.id}")


def from_home_button(payload: ClickPayload) -> Request:
    """Read a press on a home, outside of any conversation; the key is the button in that state of the view."""
    action, view = payload.actions[0], payload.view or PressedView()
    key = f"home:{view.id}:{view.hash}:{action.action_id}:{action.block_id}"
    return replace(_request_from_anywhere(payload, "button", key, payload.trigger_id), label=action.label)


def from_global_shortcut(payload: GlobalShortcut) -> Request:
    """Read a global shortcut; Slack doesn't send where it was used."""
    return _request_from_anywhere(payload, "shortcut", f"shortcut:{payload.trigger_id}", payload.trigger_id)


def _request_from_anywhere(payload: InteractionPayload, via: Via, key: str, trigger: str | None) -> Request:
    thread = Thread(payload.workspace, "")
    return Request(payload.user.id, thread, via, key, trigger_id=trigger, flags=Flags(direct_only=True))


def from_message_shortcut(payload: MessageShortcut) -> Request:
    """Read a message shortcut; its thread is the message's."""
    message = payload.message
    root = message.thread_ts or message.ts
    return Request(
        payload.user.id,
        Thread(payload.workspace, payload.channel.id, root),
        "shortcut",
        f"shortcut:{payload.trigger_id}",
        payload.response_url,
        payload.trigger_id,
        flags=Flags(in_thread=root != message.ts),
    )


def find_chosen_pipeline(payload: OptionsPayload) -> str | None:
    """Return the pipeline that is chosen in the form of a menu, or None."""
    state = payload.view.state if payload.view else None
    chosen = find_entry(state.values, "pipeline").selected_option if state else None
    return chosen.value if chosen else None


class Spoken(NamedTuple):
    """The text that a message has for the bot, without mentions of it.

    `overheard`: the mention is within a sentence, which is talk between people unless it reads as a command.
    """

    text: str
    overheard: bool = False


def read_spoken(text: str, bot_user: str, *, direct: bool) -> Spoken:
    """Return what a message says: what follows the mention of the bot, or else what comes before it.

    Direct messages (`direct`) are always meant for the bot, with or without a mention.
    """
    before, *after = re.split(rf"<@{re.escape(bot_user)}(?:\|[^>]*)?>", text)
    rest, whole = " ".join(after).strip(" \t\n,:"), " ".join([before, *after]).strip()
    if direct or find_small_talk(whole):
        return Spoken(whole)
    return Spoken(rest or before.strip(), overheard=bool(after) and bool(strip_manners(before).strip()))


def find_build_url(message: ShortcutMessage, hosts: Container[str] = BUILDKITE_HOSTS) -> str | None:
    """Return the first URL of a build on these hosts in a message's text, blocks or attachments, or None."""
    written = json.dumps([message.text, message.blocks, message.attachments])
    return next((found[0] for found in _BUILD_URL.finditer(written) if is_on_host(found[0], hosts)), None)
