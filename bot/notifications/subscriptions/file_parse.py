"""A file of subscriptions made into rules, or one sentence with its line for everything that is wrong with it."""

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
    State,
    Subscription,
    Updates,
    named,
    quiet_hours,
)
from bot.operations.name_types import Branch, Slug
from bot.runtime.toml_file import InvalidFile, InvalidTable, TomlLines, TomlTable, Zone, match_pattern, parse_toml
from bot.runtime.wording import quote_word

_USER = re.compile(r"[UW][A-Z0-9]{2,}")
_CHANNEL = re.compile(r"[CG][A-Z0-9]{2,}")
_ADDRESS = re.compile(r"[^\s@<>]+@[^\s@<>]+\.[^\s@<>]+")


class WrongSubscriptions(InvalidFile):
    """A file of subscriptions that cannot be used."""


def _hours(text: str) -> str:
    quiet_hours(text)
    return text


Pattern = Annotated[str, Field(min_length=1, max_length=255)]
Channel = Annotated[str, match_pattern(_CHANNEL, 'the id of a channel such as "C012ABCDEF"')]
Address = Annotated[
    str, match_pattern(_ADDRESS, 'an e-mail address such as "ann@example.com"'), AfterValidator(str.lower)
]


class SubscriptionTable(TomlTable):
    """`[[subscription]]`"""

    channel: Channel
    pipeline: Slug
    branch: Branch | None = None
    states: Annotated[tuple[State, ...], Field(min_length=1)] = DEFAULT_STATES
    creators: tuple[Address, ...] = ()
    sources: tuple[Source, ...] = ()
    step: Pattern | None = None
    updates: Updates = "end"
    quiet: Annotated[str, AfterValidator(_hours)] | None = None
    zone: Zone = None
    broadcast: bool = False

    @model_validator(mode="after")
    def _check(self) -> SubscriptionTable:
        if self.quiet and self.zone is None:
            raise InvalidTable('`quiet` needs `zone`, such as "Europe/London"', "quiet")
        return self


class Listing(TomlTable):
    """A file of subscriptions; `people` are further e-mail addresses by Slack user id."""

    subscription: tuple[SubscriptionTable, ...] = ()
    people: dict[str, tuple[Address, ...]] = Field(default_factory=dict)

    def owners(self) -> Mapping[str, str]:
        """The user id by address."""
        return {address: user for user, mine in self.people.items() for address in mine}


TABLES: Mapping[str, type[TomlTable]] = {"": Listing, "subscription": SubscriptionTable}


def read(text: str, file: str = "subscriptions.toml") -> Listing:
    """What stands in a file of subscriptions. Raises WrongSubscriptions."""
    found = parse_toml(Listing, text, file, TABLES, WrongSubscriptions)
    problems = sorted(_confused(found.people, TomlLines(text)))
    if problems:
        raise WrongSubscriptions(tuple(f"{file} line {line}: {said}" for line, said in problems))
    return found


def _confused(people: Mapping[str, tuple[str, ...]], lines: TomlLines) -> Iterator[tuple[int, str]]:
    """Keys that are nobody's id, and addresses that are given to two people."""
    whose: dict[str, str] = {}
    for user, mine in people.items():
        at = ("people", user)
        if not _USER.fullmatch(user):
            yield lines.find(at), f"`{quote_word(user)}` should be the id of a person such as U012ABCDEF."
        for address in mine:
            first = whose.setdefault(address, user)
            if first != user:
                said = f"“{quote_word(address)}” is the address of `{quote_word(first)}` already: one has it."
                yield lines.find(at, address), said


def subscription(table: SubscriptionTable, team: str, now: datetime) -> Subscription:
    """A rule of the file; the same words are the same rule."""
    zone = table.zone.key if isinstance(table.zone, ZoneInfo) else None
    return named(
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
