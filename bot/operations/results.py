"""Results of operations: the data that programs read, and that answers in Slack are rendered from.

Models of results are beside the commands that return them, in `commands/<noun>/results.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, ClassVar

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    ConfigDict,
    SerializerFunctionWrapHandler,
    ValidationInfo,
    field_validator,
    model_serializer,
)

from bot.runtime.redaction import mask_tokens
from bot.slack.blockkit.mrkdwn import Mrkdwn, show_unseen
from bot.slack.blockkit.rich_text import extract_text, parse_elements


def make_plain(value: object) -> object:
    """Return a value with plain texts at any depth: Slack's markup is taken out, and tokens are masked."""
    if isinstance(value, Mrkdwn):
        return extract_text(parse_elements(value))
    if isinstance(value, str):
        return mask_tokens(value)
    if isinstance(value, tuple | list):
        return tuple(map(make_plain, value))
    return {name: make_plain(child) for name, child in value.items()} if isinstance(value, dict) else value


def _show_unseen_at_any_depth(value: object) -> object:
    if isinstance(value, str):
        return show_unseen(value)
    if isinstance(value, list | tuple):
        return [_show_unseen_at_any_depth(child) for child in value]
    if isinstance(value, Mapping):
        return {name: _show_unseen_at_any_depth(child) for name, child in value.items()}
    return value


def _to_utc(moment: datetime) -> datetime:
    return moment.astimezone(UTC)


def _capitalise(sentence: str) -> str:
    return sentence[:1].upper() + sentence[1:]


# ISO 8601 in UTC, as JSON: `2026-11-02T09:00:00Z`.
Instant = Annotated[AwareDatetime, AfterValidator(_to_utc)]
# What was done follows the person's name in Slack (`canceled web#41`); here it's a sentence of its own.
Message = Annotated[str, AfterValidator(_capitalise)]


class Data(BaseModel):
    """Facts that a result consists of.

    Texts are plain, whatever they were made from, and hold no tokens. Invisible characters, with which one name
    could look like another, become U+FFFD in JSON.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)
    # Fields with links that work only as a whole, with the keys that may be in them.
    whole_links: ClassVar[frozenset[str]] = frozenset()

    @field_validator("*", mode="before")
    @classmethod
    def _make_plain(cls, given: object, info: ValidationInfo) -> object:
        return given if info.field_name in cls.whole_links else make_plain(given)

    @model_serializer(mode="wrap")
    def _show_unseen(self, serialize: SerializerFunctionWrapHandler):  # type: ignore[no-untyped-def]
        # An annotated return type would replace the schema of the fields.
        return _show_unseen_at_any_depth(serialize(self))


class Result(Data):
    """The result of an operation; `message` says it in words, and is empty where the data says it all."""

    message: Message = ""


class ResultPage(Result):
    """A page of a list; `next_page` is the number of the page that follows, if one does."""

    next_page: int | None = None
