"""Pydantic types for names of branches and pipelines in files."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

from pydantic import AfterValidator, Field

from bot.errors import UsageError
from bot.operations.git_names import normalise_pattern, normalise_slug


def _as_validator(normalise: Callable[[str], str]) -> AfterValidator:
    """Return a validator that raises ValueError, which pydantic collects with the error's place in the file."""

    def normalise_or_fail(text: str) -> str:
        try:
            return normalise(text)
        except UsageError as error:
            raise ValueError(str(error)) from None

    return AfterValidator(normalise_or_fail)


Slug = Annotated[str, Field(min_length=1, max_length=255), _as_validator(normalise_slug)]
Branch = Annotated[str, Field(min_length=1, max_length=255), _as_validator(normalise_pattern)]
Slugs = Annotated[tuple[Slug, ...], Field(min_length=1)]
Branches = Annotated[tuple[Branch, ...], Field(min_length=1)]
