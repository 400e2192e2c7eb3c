"""Checks that the subscriptions file is valid and that the bot can post in its channels."""

from __future__ import annotations

from pathlib import Path

from bot.app.clients import open_slack_clients
from bot.app.workspace import read_workspace
from bot.cli.doctor.finding import Finding
from bot.execution.endings import BOT_NAME
from bot.notifications.subscriptions.file_parse import InvalidSubscriptions, SubscriptionDocument
from bot.notifications.subscriptions.subscription_file import load_subscriptions
from bot.settings import Settings
from bot.slack.api_errors import SlackError
from bot.slack.web_client import SlackClient

NAME = "Subscriptions"


async def check_subscriptions(settings: Settings) -> tuple[Finding, ...]:
    """Check the file and its channels. Without a file nothing is requested."""
    if settings.kitestring_subscriptions is None:
        return (Finding(NAME, None, "no file; channels subscribe with `subscribe`."),)
    try:
        listing = load_subscriptions(Path(settings.kitestring_subscriptions))
    except InvalidSubscriptions as error:
        return (Finding(NAME, False, " ".join(error.problems), "See docs/subscriptions.md."),)
    count = len(listing.subscription)
    sentence = f"{count} subscription{'s' * (count != 1)}."
    return (Finding(NAME, True, sentence), *await _check_channels(listing, settings))


async def _check_channels(listing: SubscriptionDocument, settings: Settings) -> tuple[Finding, ...]:
    wanted = sorted({subscription.channel for subscription in listing.subscription})
    if not wanted:
        return ()
    async with open_slack_clients(read_workspace(settings).slack) as slack:
        try:
            closed = [channel for channel in wanted if not await _can_post(slack.api, channel)]
        except SlackError as problem:
            return (Finding(f"{NAME} channels", None, f"not checked: Slack answered {problem.code}."),)
    if not closed:
        return (Finding(f"{NAME} channels", True, f"I'm a member of every channel ({len(wanted)})."),)
    advice = f"Invite me with /invite @{BOT_NAME}, or remove them from the file."
    return (Finding(f"{NAME} channels", False, f"I can't post in {' and '.join(closed)}.", advice),)


async def _can_post(api: SlackClient, channel: str) -> bool:
    """Tell whether the bot is a member. Raise SlackError if Slack doesn't answer."""
    try:
        found = await api.read_channel(channel)
    except SlackError as problem:
        if problem.kind == "refused":
            return False
        raise
    return found.is_member and not found.is_archived
