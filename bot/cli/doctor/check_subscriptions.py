"""The file of subscriptions: whether it can be used, and whether its channels can be posted to."""

from __future__ import annotations

from pathlib import Path

from bot.cli.doctor.check_slack import asking
from bot.cli.doctor.finding import Finding
from bot.execution.outcomes import BOT_NAME
from bot.notifications.subscriptions.file_parse import Listing, WrongSubscriptions
from bot.notifications.subscriptions.subscription_file import load
from bot.settings import Settings
from bot.slack.api_errors import SlackError
from bot.slack.web_client import SlackClient

NAME = "Subscriptions"


async def subscriptions(settings: Settings) -> tuple[Finding, ...]:
    """What is wrong with the file, or where the bot cannot post. Nothing is asked without a file."""
    if settings.kitestring_subscriptions is None:
        return (Finding(NAME, None, "no file; channels subscribe by command."),)
    try:
        listing = load(Path(settings.kitestring_subscriptions))
    except WrongSubscriptions as error:
        return (Finding(NAME, False, " ".join(error.problems), "See docs/subscriptions.md."),)
    count = len(listing.subscription)
    said = f"{count} subscription{'s' * (count != 1)}."
    return (Finding(NAME, True, said), *await _channels(listing, settings))


async def _channels(listing: Listing, settings: Settings) -> tuple[Finding, ...]:
    wanted = sorted({item.channel for item in listing.subscription})
    if not wanted:
        return ()
    async with asking(settings) as api:
        try:
            closed = [channel for channel in wanted if not await _open(api, channel)]
        except SlackError as problem:
            return (Finding(f"{NAME} channels", None, f"Slack does not say ({problem.code})."),)
    if not closed:
        return (Finding(f"{NAME} channels", True, f"I am in all of them ({len(wanted)})."),)
    advice = f"Invite me there: /invite @{BOT_NAME}. Or take them out of the file."
    return (Finding(f"{NAME} channels", False, f"I cannot post in {' and '.join(closed)}.", advice),)


async def _open(api: SlackClient, channel: str) -> bool:
    """Whether the bot is a member. Raises SlackProblem where Slack does not answer."""
    try:
        found = await api.channel(channel)
    except SlackError as problem:
        if problem.kind == "refused":
            return False
        raise
    return bool(found.get("is_member")) and not found.get("is_archived")
