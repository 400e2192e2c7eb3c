"""Direct messages about a person's own builds: stored as a subscription of their DM, one per person."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Literal, get_args

from bot.notifications.subscriptions.model import DEFAULT_STATES, Subscription, SubscriptionState
from bot.slack.blockkit.blocks import Block, button

NotificationTopic = Literal[SubscriptionState, "approvals"]
APPROVALS = "approvals"
BUILDS = "builds"
TOPICS: tuple[str, ...] = get_args(NotificationTopic)
DEFAULT_TOPICS: tuple[str, ...] = DEFAULT_STATES
# The action id of the button that stops direct messages; its value is `builds:<user>` or `approvals:<user>`.
STOP_ACTION = "notify off"
_PREFIX = "notify:"


def make_personal_rule_id(team: str, user: str) -> str:
    """Return the id of a person's own rule; its prefix tells it from other subscriptions."""
    return f"{_PREFIX}{team}:{user}"


def is_personal(subscription_id: str | None) -> bool:
    """Return whether a subscription is a person's rule about their own builds."""
    return bool(subscription_id) and str(subscription_id).startswith(_PREFIX)


def find_rule_owner(subscription_id: str) -> str:
    """Return the Slack user id in the id of a personal rule."""
    return subscription_id.rpartition(":")[2]


def build_personal_rule(
    team: str, user: str, channel: str, topics: Iterable[str], addresses: Iterable[str], now: datetime
) -> Subscription:
    """Build a person's rule: a subscription of their DM to builds with one of their email addresses."""
    return Subscription(
        id=make_personal_rule_id(team, user),
        team=team,
        channel=channel,
        pipeline="*",
        created_by=user,
        created_at=now,
        states=sort_topics(topics),
        creators=tuple(sorted(addresses)),
        owner=user,
        origin="person",
    )


def make_stop_value(kind: str, user: str) -> str:
    """Return the value of the button that stops direct messages of a kind (builds, approvals) to a person."""
    return f"{kind}:{user}"


def read_stop_value(value: str, user: str) -> tuple[str, ...] | None:
    """Return the words of the `notify` command that the button stands for; None if it is someone else's button."""
    kind, _, owner = value.partition(":")
    topics = {BUILDS: select_build_topics(TOPICS), APPROVALS: (APPROVALS,)}.get(kind)
    return ("off", *topics) if topics and owner == user else None


def sort_topics(topics: Iterable[str]) -> tuple[str, ...]:
    """Return the topics in display order, each once; approvals last."""
    return tuple(sorted(set(topics), key=TOPICS.index))


def select_build_topics(topics: Iterable[str]) -> tuple[str, ...]:
    """Return the topics that are states of builds."""
    return tuple(topic for topic in topics if topic != APPROVALS)


def collect_addresses(user: str, emails: Iterable[str | None], owners: Mapping[str, str]) -> frozenset[str]:
    """Return a person's email addresses in lower case; only these make a build theirs.

    `owners` are user ids by address from the subscriptions file. They win over Slack: people may set an address in
    Slack that the file has given to someone else.
    """
    shown = {email.strip().lower() for email in emails if email and email.strip()}
    theirs = {address for address, whose in owners.items() if whose == user}
    return frozenset(theirs | {address for address in shown if owners.get(address, user) == user})


def expand_addresses(subscriptions: Iterable[Subscription], owners: Mapping[str, str]) -> tuple[Subscription, ...]:
    """Return all subscriptions, with every known address in personal ones; those without any are left out."""
    return tuple(expanded for subscription in subscriptions for expanded in _expand(subscription, owners))


def _expand(subscription: Subscription, owners: Mapping[str, str]) -> tuple[Subscription, ...]:
    if not is_personal(subscription.id):
        return (subscription,)
    addresses = collect_addresses(subscription.owner or "", subscription.creators, owners)
    wanted = select_build_topics(subscription.states)
    return (
        (replace(subscription, states=wanted, creators=tuple(sorted(addresses))),) if addresses and wanted else ()
    )


def build_stop_button(value: str) -> Block:
    """Return the button that ends direct messages of one kind."""
    return button("Stop these", STOP_ACTION, value, accessibility_label="Stop these direct messages")
