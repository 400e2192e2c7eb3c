"""users.*, usergroups.*, bots.info and team.info."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from simulators.slack.api.arguments import Arguments
from simulators.slack.api.method import Method
from simulators.slack.api.pagination import paginate
from simulators.slack.errors import ApiError
from simulators.slack.installation import Installation
from simulators.slack.models import Group, Profile
from simulators.slack.state import APP_ID, BOT_ID, BOT_USER

Json = dict[str, Any]


def render_user(slack: Installation, person: Profile) -> Json:
    """Render a member, guest, stranger or bot as users.info does."""
    body: Json = {
        "id": person.id,
        "team_id": person.team,
        "name": person.name,
        "deleted": person.deleted,
        "color": "9f69e7",
        "real_name": person.real_name,
        **_render_time_zone(slack, person),
        "profile": _render_profile(slack, person),
        "is_admin": person.admin or person.owner,
        "is_owner": person.owner,
        "is_primary_owner": False,
        "is_restricted": bool(person.guest),
        "is_ultra_restricted": person.guest == "ultra",
        "is_bot": person.is_bot,
        "is_app_user": False,
        "updated": int(slack.now()),
        "is_email_confirmed": True,
        "who_can_share_contact_card": "EVERYONE",
    }
    return body | ({"is_stranger": True} if person.stranger else {})


def _render_time_zone(slack: Installation, person: Profile) -> Json:
    there = datetime.fromtimestamp(slack.now(), ZoneInfo(person.tz))
    offset = there.utcoffset()
    seconds = int(offset.total_seconds()) if offset else 0
    return {"tz": person.tz, "tz_label": there.tzname(), "tz_offset": seconds}


def _render_profile(slack: Installation, person: Profile) -> Json:
    first, _, last = person.real_name.partition(" ")
    hidden = person.stranger or person.is_bot or "users:read.email" not in slack.scopes
    return {
        "title": "",
        "phone": "",
        "real_name": person.real_name,
        "real_name_normalized": person.real_name,
        "display_name": person.name,
        "display_name_normalized": person.name,
        "status_text": "",
        "status_emoji": "",
        "status_expiration": 0,
        "avatar_hash": person.id.lower(),
        **({} if hidden else {"email": person.email}),
        "first_name": first,
        "last_name": last,
        "team": person.team,
    }


def get_user(slack: Installation, args: Arguments) -> Json:
    """Return one person."""
    person = slack.profiles.get(args.require("user"))
    if person is None:
        raise ApiError("user_not_found")
    return {"user": render_user(slack, person)}


def list_users(slack: Installation, args: Arguments) -> Json:
    """List everyone, including deactivated people."""
    shown, metadata = paginate(list(slack.profiles.values()), args)
    members = [render_user(slack, person) for person in shown]
    return {"members": members, "cache_ts": int(slack.now()), "response_metadata": metadata}


def lookup_by_email(slack: Installation, args: Arguments) -> Json:
    """Return the active member with this address."""
    wanted = args.require("email").lower()
    for person in slack.profiles.values():
        if person.email.lower() == wanted and not person.deleted and not person.stranger:
            return {"user": render_user(slack, person)}
    raise ApiError("users_not_found")


def list_groups(slack: Installation, args: Arguments) -> Json:
    """List the user groups."""
    shown = [g for g in slack.groups.values() if not g.disabled or args.flag("include_disabled")]
    return {"usergroups": [_render_group(slack, g, args) for g in shown]}


def _render_group(slack: Installation, group: Group, args: Arguments) -> Json:
    return {
        "id": group.id,
        "team_id": slack.team,
        "is_usergroup": True,
        "name": group.name,
        "handle": group.handle,
        "description": "",
        "date_delete": 1 if group.disabled else 0,
        **({"users": list(group.users)} if args.flag("include_users") else {}),
        **({"user_count": len(group.users)} if args.flag("include_count") else {}),
    }


def list_group_users(slack: Installation, args: Arguments) -> Json:
    """List the members of a user group."""
    group = slack.groups.get(args.require("usergroup"))
    if group is None or (group.disabled and not args.flag("include_disabled")):
        raise ApiError("no_such_subteam")
    return {"users": list(group.users)}


def get_bot(slack: Installation, args: Arguments) -> Json:
    """Return the bot."""
    if args.text("bot", BOT_ID) != BOT_ID:
        raise ApiError("bot_not_found")
    shown = {"id": BOT_ID, "deleted": False, "name": slack.bot.name, "app_id": APP_ID, "user_id": BOT_USER}
    return {"bot": shown | {"updated": int(slack.now()), "icons": {}}}


def get_team(slack: Installation, args: Arguments) -> Json:
    """Return the workspace."""
    if args.text("team", slack.team) != slack.team:
        raise ApiError("team_not_found")
    return {"team": {"id": slack.team, "name": slack.domain.title(), "domain": slack.domain, "email_domain": ""}}


METHODS = (
    Method("users.info", get_user, ("users:read",)),
    Method("users.list", list_users, ("users:read",)),
    Method("users.lookupByEmail", lookup_by_email, ("users:read.email",)),
    Method("usergroups.list", list_groups, ("usergroups:read",)),
    Method("usergroups.users.list", list_group_users, ("usergroups:read",)),
    Method("bots.info", get_bot, ("users:read",)),
    Method("team.info", get_team, ("team:read",)),
)
