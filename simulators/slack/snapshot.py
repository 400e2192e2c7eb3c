"""Renders the workspace as a readable transcript, or as JSON for a page."""

from typing import Any

from simulators.slack.installation import Installation
from simulators.slack.models import Channel, Message, Profile
from simulators.slack.views import View

Json = dict[str, Any]


def render_transcript(slack: Installation, channel: Channel | str | None) -> str:
    """Return a line for each message, `name: text`; replies indented, ephemeral ones with `(only name)`."""
    channels = [slack.need_channel(channel)] if channel is not None else list(slack.channels.values())
    parts = [_render_channel_text(slack, each) for each in channels]
    modals = [
        f"[modal of {user}]\n{stack[-1].plain()}" for user, stack in slack.open_views.stacks.items() if stack
    ]
    troubles = [f"[problem] {p['about']}: {p['problem']}" for p in slack.problems]
    return "\n".join([*(part for part in parts if part), *modals, *troubles])


def _render_channel_text(slack: Installation, channel: Channel) -> str:
    seen = [m for m in slack.posted.get(channel.id, []) if not m.deleted and not m.is_reply]
    seen += [m for m in slack.ephemeral_messages if m.channel == channel.id and not m.deleted]
    lines: list[str] = []
    for message in sorted(seen, key=lambda m: m.ts):
        lines.append(_render_line(slack, message, ""))
        if not message.only_for:
            lines += [_render_line(slack, r, "  ") for r in slack.thread(channel, message.ts) if r is not message]
    return "\n".join([f"#{channel.name}", *lines]) if lines else ""


def _render_line(slack: Installation, message: Message, indent: str) -> str:
    name = _find_name(slack, message.user)
    only = f"(only {_find_name(slack, message.only_for)}) " if message.only_for else ""
    words = message.plain().replace("\n", f"\n{indent}    ")
    return f"{indent}{only}{name}: {words}"


def _find_name(slack: Installation, user: str) -> str:
    return slack.profiles[user].name if user in slack.profiles else user


def render_snapshot(slack: Installation, viewer: str) -> Json:
    """Return channels with messages and threads, and the viewer's ephemeral messages, modal, home and problems."""
    visible = [c for c in slack.channels.values() if slack.can_see(viewer, c)]
    return {
        "viewer": viewer,
        "team": {"id": slack.team, "name": slack.domain.title(), "domain": slack.domain},
        "commands": sorted(slack.command_names),
        "people": {user: _render_person(profile) for user, profile in slack.profiles.items()},
        "channels": [_render_channel(slack, c, viewer) for c in visible],
        "modal": _render_view(slack.open_views.top(viewer)),
        "modal_depth": len(slack.open_views.stacks.get(viewer, [])),
        "home": _render_view(slack.open_views.homes.get(viewer)),
        "files": [_render_file(file) for file in slack.uploads.values() if file["content"] is not None],
        "problems": [problem for problem in slack.problems if problem["user"] == viewer],
    }


def _render_person(profile: Profile) -> Json:
    return {
        "id": profile.id,
        "name": profile.name,
        "real_name": profile.real_name,
        "is_bot": profile.is_bot,
        "is_admin": profile.admin or profile.owner,
        "is_guest": bool(profile.guest),
        "is_stranger": profile.stranger,
        "deleted": profile.deleted,
    }


def _render_channel(slack: Installation, channel: Channel, viewer: str) -> Json:
    posted = [m for m in slack.posted.get(channel.id, []) if not m.deleted]
    mine = [
        m for m in slack.ephemeral_messages if m.only_for == viewer and m.channel == channel.id and not m.deleted
    ]
    return {
        "id": channel.id,
        "name": channel.name,
        "kind": channel.kind,
        "archived": channel.archived,
        "shared": channel.external,
        "members": list(channel.members),
        "messages": [_render_message(slack, m) for m in sorted(posted + mine, key=lambda m: m.ts)],
    }


def _render_message(slack: Installation, message: Message) -> Json:
    return message.payload() | {
        "channel": message.channel,
        "thread_ts": message.thread_ts,
        "is_reply": message.is_reply,
        "broadcast": message.broadcast,
        "ephemeral": message.only_for is not None,
        "plain": message.plain(),
        "edits": len(message.edits),
        "unfurls": message.unfurls,
        "permalink": slack.permalink(message),
    }


def _render_view(view: View | None) -> Json | None:
    return None if view is None else view.payload() | {"errors": dict(view.errors)}


def _render_file(file: Json) -> Json:
    named = {"id": file["id"], "name": file["name"], "title": file["title"]}
    if file["name"].endswith(".png"):
        return named | {"picture": True, "alt": file["alt"], "size": len(file["content"])}
    return named | {"text": file["content"].decode("utf-8", "replace")}
