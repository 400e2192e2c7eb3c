"""auth.test, api.test, apps.connections.open and blocks.validate."""

from typing import Any

from simulators.slack.api.arguments import Arguments
from simulators.slack.api.message_content import find_problems
from simulators.slack.api.method import Method
from simulators.slack.errors import ApiError
from simulators.slack.installation import Installation
from simulators.slack.state import BOT_ID, BOT_USER
from simulators.slack.validation.blocks import check_view

Json = dict[str, Any]


def check_auth(slack: Installation, _args: Arguments) -> Json:
    """Return whose token it is; the x-oauth-scopes header of every reply has the granted scopes."""
    return {
        "url": f"https://{slack.domain}.slack.com/",
        "team": slack.domain.title(),
        "user": slack.bot.name,
        "team_id": slack.team,
        "user_id": BOT_USER,
        "bot_id": BOT_ID,
        "is_enterprise_install": False,
    }


def echo_arguments(_slack: Installation, args: Arguments) -> Json:
    """Echo the arguments, or fail with the given error."""
    if "error" in args:
        raise ApiError(args.text("error"), args=args.values)
    return {"args": {key: value for key, value in args.values.items() if key != "token"}}


def open_connection(slack: Installation, _args: Arguments) -> Json:
    """Return a websocket address that works once."""
    return {"url": slack.socket_url()}


def validate_blocks(slack: Installation, args: Arguments) -> Json:
    """Tell whether Slack would accept these blocks."""
    message = args.json("message") or {}
    view = args.json("view")
    blocks = args.json("blocks") or message.get("blocks")
    found = check_view(view) if view else find_problems(blocks, slack.unknown_blocks, "")
    if found:
        errors = [_render_problem(text, at) for text, at in found.entries]
        raise ApiError("invalid_blocks", errors=errors)
    return {}


def _render_problem(text: str, pointer: str) -> Json:
    missing = text.startswith("missing required field: ")
    name = text.removeprefix("missing required field: ") if missing else pointer.rsplit("/", 1)[-1]
    code = "missing_field" if missing else "invalid_field"
    return {"code": code, "message": text, "field": name, "pointer": pointer}


METHODS = (
    Method("auth.test", check_auth),
    Method("api.test", echo_arguments, token="none"),
    Method("apps.connections.open", open_connection, token="app"),
    Method("blocks.validate", validate_blocks, token="none"),
)
