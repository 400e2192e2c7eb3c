"""What whoever makes a pipeline may say of it, however it is made."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from bot.errors import UsageError
from bot.operations.addresses import BranchName
from bot.operations.operation import Args, Opt

LONGEST = 100_000
ACCESS = ("read_only", "build_and_read", "manage_build_and_read")
UPLOAD = 'steps:\n  - label: ":pipeline: Upload"\n    command: buildkite-agent pipeline upload\n'
"""What Buildkite itself begins with: the steps are read from `.buildkite/pipeline.yml` of the repository."""
_ADDRESS = re.compile(r"(?:https?|ssh|git)://\S+/\S+|[\w.-]+@[\w.-]+:\S+|/\S+|[\w.-]+:\S+")
_PASSWORD = re.compile(r"\w+://[^/@\s]*:[^/@\s]+@")


def slug_of(name: str) -> str:
    """The slug that a name leads to: `My Pipeline X` → `my-pipeline-x`; empty where nothing of it may stay."""
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")


def _address(text: str) -> str:
    if _PASSWORD.match(text):
        raise ValueError("it holds a password: everybody who sees the pipeline would see that")
    if not _ADDRESS.fullmatch(text):
        raise ValueError("it should be an address such as git@github.com:acme/web.git")
    return text


def _tag(tags: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(tag.strip() for tag in tags if tag.strip()))


Name = Annotated[
    str,
    Opt(short="n", positional=True, hint="Web"),
    Field(min_length=1, max_length=100, description="Name"),
]
_AT = Opt(short="r", aliases=("--repo",), hint="git@github.com:acme/web.git")
_Address = Annotated[str, Field(min_length=1, max_length=500), AfterValidator(_address)]
Repository = Annotated[_Address, _AT, Field(description="Repository")]
OtherRepository = Annotated[_Address | None, _AT, Field(description="Repository")]
Cluster = Annotated[str | None, Opt(suggest="cluster"), Field(description="Cluster")]
# The first line's indentation means something.
_Yaml = Annotated[str, StringConstraints(strip_whitespace=False, min_length=1, max_length=LONGEST)]
Steps = Annotated[
    _Yaml | None,
    Opt(
        short="s",
        multiline=True,
        file_types=("yml", "yaml"),
        hint="empty: .buildkite/pipeline.yml of the repository",
    ),
    Field(description="Steps (YAML)"),
]
DefaultBranch = Annotated[
    BranchName | None,
    Opt(short="b", aliases=("--branch",), hint="main"),
    Field(description="Default branch"),
]
Description = Annotated[str | None, Opt(short="d"), Field(max_length=1000, description="Description")]
Teams = Annotated[
    tuple[str, ...],
    Opt(aliases=("--team",), suggest="team", hint="web, or web=read_only"),
    Field(max_length=20, description="Teams"),
]
_TAGS = Opt(aliases=("--tag",), hint="backend,ruby")
_Tags = Annotated[tuple[str, ...], Field(max_length=10), AfterValidator(_tag)]
Tags = Annotated[_Tags, _TAGS, Field(description="Tags")]
OtherTags = Annotated[_Tags | None, _TAGS, Field(description="Tags, in place of those it has")]
Webhook = Annotated[bool, Opt(), Field(description="Create its GitHub webhook")]
Build = Annotated[bool, Opt(), Field(description="Start a first build")]
Subscribe = Annotated[bool, Opt(), Field(description="Subscribe this channel to it")]
Slug = Annotated[str, Opt(in_form=False, in_manual=False)]


class New(Args):
    """What has a `name`, and a `pipeline`: its future slug, by which it is judged."""

    @model_validator(mode="before")
    @classmethod
    def _slug(cls, given: Any) -> Any:
        """It follows from the name alone."""
        name = given.get("name") if isinstance(given, Mapping) else None
        if not isinstance(name, str):
            return given
        if not slug_of(name):
            said = "A pipeline's name needs a letter from a to z or a digit: its address is made of them."
            raise UsageError(said, field="name")
        return {**given, "pipeline": slug_of(name)}


def access(words: tuple[str, ...]) -> list[tuple[str, str]]:
    """`web`, `ops=read_only` → (team, what it may do). Raises UsageError for anything else it should do."""
    found: list[tuple[str, str]] = []
    for word in words:
        team, equals, what = word.partition("=")
        if equals and what not in ACCESS:
            hint = "It can be `read_only`, `build_and_read` or `manage_build_and_read`."
            raise UsageError(f"`{what}` is nothing that a team may do.", hint, "teams")
        found.append((team.strip(), what or ACCESS[-1]))
    return found
