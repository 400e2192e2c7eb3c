"""Values that people filled in in a form. https://docs.slack.dev/reference/views/modal-views#handling_submissions"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, TypeAlias

from msgspec import Meta, Struct

# PostgreSQL can't store NUL.
SlackId: TypeAlias = Annotated[str, Meta(pattern=r"\A[^\x00]*\Z")]


class ChosenOption(Struct, frozen=True):
    """An option of a menu or a checkbox."""

    value: str


class AttachedFile(Struct, frozen=True):
    """A file that was attached to a form. https://docs.slack.dev/reference/objects/file-object"""

    url_private_download: str | None = None


class FormEntry(Struct, frozen=True):
    """The content of an input; the kind of its element decides which fields are set."""

    value: str | None = None
    selected_option: ChosenOption | None = None
    selected_options: tuple[ChosenOption, ...] | None = None
    selected_conversation: SlackId | None = None
    files: tuple[AttachedFile, ...] | None = None

    @property
    def texts(self) -> list[str]:
        """The typed text, the chosen conversation, option or options, without empty ones."""
        if self.selected_options is not None:
            return [option.value for option in self.selected_options]
        text = self.selected_option.value if self.selected_option else self.selected_conversation or self.value
        return [text] if text else []


# By the block's id, then by the element's action id.
FormValues: TypeAlias = Mapping[str, Mapping[str, FormEntry]]
EMPTY_ENTRY = FormEntry()


def find_entry(values: FormValues, block_id: str) -> FormEntry:
    """Return the content of the input in a block; an empty entry for a block that isn't in the form."""
    return next(iter(values.get(block_id, {}).values()), EMPTY_ENTRY)
