"""views.*: modals and home tabs (https://docs.slack.dev/reference/methods?family=views)."""

from typing import Any

from simulators.slack.api.arguments import Arguments
from simulators.slack.api.method import Method
from simulators.slack.errors import ApiError
from simulators.slack.installation import Installation

Json = dict[str, Any]


def open_view(slack: Installation, args: Arguments) -> Json:
    """Open a modal for the person of the trigger."""
    user = slack.callbacks.redeem(args.require("trigger_id"))
    return {"view": slack.open_views.open(user, args.json("view")).payload(state=False)}


def push_view(slack: Installation, args: Arguments) -> Json:
    """Push a modal on top of the open one."""
    user = slack.callbacks.redeem(args.require("trigger_id"))
    return {"view": slack.open_views.push(user, args.json("view")).payload(state=False)}


def update_view(slack: Installation, args: Arguments) -> Json:
    """Update an open view, by view_id or external_id."""
    view = slack.open_views.find(args.values.get("view_id"), args.values.get("external_id"))
    return {"view": slack.open_views.update(view, args.json("view"), args.text("hash") or None).payload()}


def publish_view(slack: Installation, args: Arguments) -> Json:
    """Publish a person's home tab."""
    user = args.require("user_id")
    if user not in slack.profiles:
        raise ApiError.with_messages("invalid_arguments", ["user_not_found [json-pointer:/user_id]"])
    return {"view": slack.open_views.publish(user, args.json("view"), args.text("hash") or None).payload()}


METHODS = (
    Method("views.open", open_view),
    Method("views.push", push_view),
    Method("views.update", update_view),
    Method("views.publish", publish_view),
)
