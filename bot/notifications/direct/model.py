"""What one person wants to be told of by direct message, as a subscription to their own builds."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Literal, get_args

from bot.notifications.subscriptions.model import DEFAULT_STATES, State, Subscription
from bot.slack.blockkit.blocks import Block, button

Wish = Literal[State, "approvals"]
APPROVALS = "approvals"
BUILDS = "builds"
WISHES: tuple[str, ...] = get_args(Wish)
USUAL: tuple[str, ...] = DEFAULT_STATES
# The action id of the button that ends it; its value is `builds:<user>` or `approvals:<user>`.
STOP = "notify off"
_PREFIX = "notify:"


def personal_rule_id(team: str, user: str) -> str:
    """One person has one such rule, which can be told from other subscriptions by its id."""
    return f"{_PREFIX}{team}:{user}"


def is_personal(subscription_id: str | None) -> bool:
    """Whether a subscription is somebody's wish to be told of their own builds."""
    return bool(subscription_id) and str(subscription_id).startswith(_PREFIX)


def rule_owner(subscription_id: str) -> str:
    """The Slack user id of the one whose wish it is."""
    return subscription_id.rpartition(":")[2]


def personal_rule(
    team: str, user: str, channel: str, wishes: Iterable[str], addresses: Iterable[str], now: datetime
) -> Subscription:
    """The wishes of a person as a subscription of their DM: builds that one of their `addresses` is on."""
    return Subscription(
        id=personal_rule_id(team, user),
        team=team,
        channel=channel,
        pipeline="*",
        created_by=user,
        created_at=now,
        states=in_display_order(wishes),
        creators=tuple(sorted(addresses)),
        owner=user,
        origin="person",
    )


def stop_value(kind: str, user: str) -> str:
    """The value of the button that ends direct messages of a kind (builds, approvals) to a person."""
    return f"{kind}:{user}"


def read_stop_value(value: str, user: str) -> tuple[str, ...] | None:
    """What pressing that button ends, as words of the command; None where it is somebody else's."""
    kind, _, whose = value.partition(":")
    wishes = {BUILDS: build_wishes(WISHES), APPROVALS: (APPROVALS,)}.get(kind)
    return ("off", *wishes) if wishes and whose == user else None


def in_display_order(wishes: Iterable[str]) -> tuple[str, ...]:
    """As people list them, each once; approvals last."""
    return tuple(sorted(set(wishes), key=WISHES.index))


def build_wishes(wishes: Iterable[str]) -> tuple[str, ...]:
    """Those that are states of builds."""
    return tuple(wish for wish in wishes if wish != APPROVALS)


def known_addresses(user: str, emails: Iterable[str | None], given: Mapping[str, str]) -> frozenset[str]:
    """The e-mail addresses by which a person is known, in lower case; nothing else makes a build theirs.

    `given` is the user id by address as the file of subscriptions has it: it is believed before Slack is.
    """
    shown = {email.strip().lower() for email in emails if email and email.strip()}
    theirs = {address for address, whose in given.items() if whose == user}
    return frozenset(theirs | {address for address in shown if given.get(address, user) == user})


def expand_addresses(everything: Iterable[Subscription], given: Mapping[str, str]) -> tuple[Subscription, ...]:
    """All subscriptions, personal ones with every address of theirs; one without any address wants no build."""
    return tuple(found for item in everything for found in _expanded(item, given))


def _expanded(subscription: Subscription, given: Mapping[str, str]) -> tuple[Subscription, ...]:
    if not is_personal(subscription.id):
        return (subscription,)
    known = known_addresses(subscription.owner or "", subscription.creators, given)
    wanted = build_wishes(subscription.states)
    return (replace(subscription, states=wanted, creators=tuple(sorted(known))),) if known and wanted else ()


def stop_button(value: str) -> Block:
    """Return the button that ends direct messages of one kind."""
    return button("Stop these", STOP, value, reads="Stop these direct messages")
