"""Names of branches and pipelines as files give them: a mistake in one is told beside its line."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

from pydantic import AfterValidator, Field

from bot.errors import UsageError
from bot.operations.git_names import normalise_pattern, normalise_slug


def _explained(normalise: Callable[[str], str]) -> AfterValidator:
    """Return a validator that raises ValueError, which is what a file's mistakes are gathered from."""

    def judge(text: str) -> str:
        try:
            return normalise(text)
        except UsageError as error:
            raise ValueError(str(error)) from None

    return AfterValidator(judge)


Slug = Annotated[str, Field(min_length=1, max_length=255), _explained(normalise_slug)]
Branch = Annotated[str, Field(min_length=1, max_length=255), _explained(normalise_pattern)]
Slugs = Annotated[tuple[Slug, ...], Field(min_length=1)]
Branches = Annotated[tuple[Branch, ...], Field(min_length=1)]
