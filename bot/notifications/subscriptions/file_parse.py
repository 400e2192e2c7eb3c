"""Parses the subscriptions file into rules, or reports every mistake in it with its line."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Annotated
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, Field, model_validator

from bot.notifications.subscriptions.model import (
    DEFAULT_STATES,
    Source,
    Subscription,
    SubscriptionState,
    Updates,
    assign_id,
)
from bot.notifications.subscriptions.quiet_hours import parse_quiet_hours
from bot.operations.name_types import Branch, Slug
from bot.runtime.toml_file import InvalidFile, InvalidTable, TomlTable, Zone, match_pattern, parse_toml
from bot.runtime.toml_lines import TomlLines
from bot.runtime.wording import quote_word

_USER = re.compile(r"[UW][A-Z0-9]{2,}")
_CHANNEL = re.compile(r"[CG][A-Z0-9]{2,}")
_ADDRESS = re.compile(r"[^\s@<>]+@[^\s@<>]+\.[^\s@<>]+")


class InvalidSubscriptions(InvalidFile):
    """The subscriptions file has mistakes."""


def _check_hours(text: str) -> str:
    parse_quiet_hours(text)
    return text


Pattern = Annotated[str, Field(min_length=1, max_length=255)]
ChannelId = Annotated[str, match_pattern(_CHANNEL, 'the id of a channel such as "C012ABCDEF"')]
EmailAddress = Annotated[
    str, match_pattern(_ADDRESS, 'an e-mail address such as "ann@example.com"'), AfterValidator(str.lower)
]


class SubscriptionTable(TomlTable):
    """`[[subscription]]`"""

    channel: ChannelId
    pipeline: Slug
    branch: Branch | None = None
    states: Annotated[tuple[SubscriptionState, ...], Field(min_length=1)] = DEFAULT_STATES
    creators: tuple[EmailAddress, ...] = ()
    sources: tuple[Source, ...] = ()
    step: Pattern | None = None
    updates: Updates = "end"
    quiet: Annotated[str, AfterValidator(_check_hours)] | None = None
    zone: Zone = None
    broadcast: bool = False

    @model_validator(mode="after")
    def _check(self) -> SubscriptionTable:
        if self.quiet and self.zone is None:
            raise InvalidTable('`quiet` needs `zone`, such as "Europe/London"', "quiet")
        return self


class SubscriptionDocument(TomlTable):
    """A subscriptions file; `people` are additional email addresses by Slack user id."""

    subscription: tuple[SubscriptionTable, ...] = ()
    people: dict[str, tuple[EmailAddress, ...]] = Field(default_factory=dict)

    def map_owners(self) -> Mapping[str, str]:
        """Return the user ids by address."""
        return {address: user for user, mine in self.people.items() for address in mine}


SUBSCRIPTION_TABLES: Mapping[str, type[TomlTable]] = {"": SubscriptionDocument, "subscription": SubscriptionTable}


def parse_subscriptions(text: str, file: str = "subscriptions.toml") -> SubscriptionDocument:
    """Return the contents of a subscriptions file. Raise InvalidSubscriptions."""
    found = parse_toml(SubscriptionDocument, text, file, SUBSCRIPTION_TABLES, InvalidSubscriptions)
    problems = sorted(_find_people_problems(found.people, TomlLines(text)))
    if problems:
        raise InvalidSubscriptions(tuple(f"{file} line {line}: {problem}" for line, problem in problems))
    return found


def _find_people_problems(people: Mapping[str, tuple[str, ...]], lines: TomlLines) -> Iterator[tuple[int, str]]:
    """Yield the problems of keys that aren't user ids, and of addresses given to two people."""
    owners: dict[str, str] = {}
    for user, mine in people.items():
        at = ("people", user)
        if not _USER.fullmatch(user):
            yield lines.find(at), f"`{quote_word(user)}` should be the id of a person such as U012ABCDEF."
        for address in mine:
            first = owners.setdefault(address, user)
            if first != user:
                problem = (
                    f"“{quote_word(address)}” already belongs to `{quote_word(first)}`: "
                    "an address can have only one owner."
                )
                yield lines.find(at, address), problem


def build_subscription(table: SubscriptionTable, team: str, now: datetime) -> Subscription:
    """Build the subscription of a table; an unchanged table keeps its id, and so its cards."""
    zone = table.zone.key if isinstance(table.zone, ZoneInfo) else None
    return assign_id(
        Subscription(
            id="",
            team=team,
            created_by="",
            created_at=now,
            zone=zone,
            origin="file",
            **table.model_dump(exclude={"zone"}),
        )
    )
