"""Argument fields shared by the commands that create, copy and update pipelines."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from bot.errors import UsageError
from bot.operations.addresses import BranchName
from bot.operations.declarations import Unjudged
from bot.operations.operation import Args, Opt

# Characters.
YAML_LIMIT = 100_000
ACCESS_LEVELS = ("read_only", "build_and_read", "manage_build_and_read")
UPLOAD_STEPS = 'steps:\n  - label: ":pipeline: Upload"\n    command: buildkite-agent pipeline upload\n'
"""Buildkite's own default: upload the steps in the repository's `.buildkite/pipeline.yml`."""
_ADDRESS = re.compile(r"(?:https?|ssh|git)://\S+/\S+|[\w.-]+@[\w.-]+:\S+|/\S+|[\w.-]+:\S+")
_PASSWORD = re.compile(r"\w+://[^/@\s]*:[^/@\s]+@")


def make_slug(name: str) -> str:
    """Return the slug of a name: `My Pipeline X` → `my-pipeline-x`. It may be empty."""
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")


def _check_address(text: str) -> str:
    if _PASSWORD.match(text):
        raise ValueError("it contains a password, which everyone who can see the pipeline could read")
    if not _ADDRESS.fullmatch(text):
        raise ValueError("it isn't a Git address. Example: git@github.com:acme/web.git")
    return text


def _clean_tags(tags: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(tag.strip() for tag in tags if tag.strip()))


NameField = Annotated[
    str,
    Opt(former=("-n",), positional=True, hint="Web"),
    Field(min_length=1, max_length=100, description="Name"),
]
_REPOSITORY_OPT = Opt(short="r", aliases=("--repo",), hint="git@github.com:acme/web.git")
_Address = Annotated[str, Field(min_length=1, max_length=500), AfterValidator(_check_address)]
RepositoryField = Annotated[_Address, _REPOSITORY_OPT, Field(description="Repository")]
OtherRepositoryField = Annotated[_Address | None, _REPOSITORY_OPT, Field(description="Repository")]
ClusterField = Annotated[str | None, Opt(value="name", suggest="cluster"), Field(description="Cluster")]
# Not stripped: in YAML the first line's indentation is significant.
_Yaml = Annotated[str, StringConstraints(strip_whitespace=False, min_length=1, max_length=YAML_LIMIT)]
StepsField = Annotated[
    _Yaml | None,
    Opt(
        value="YAML",
        former=("-s",),
        multiline=True,
        file_types=("yml", "yaml"),
        hint="leave empty to use the repository's .buildkite/pipeline.yml",
        secret=True,
    ),
    Field(description="Steps (YAML)"),
]
DefaultBranchField = Annotated[
    BranchName | None,
    Opt(
        short="b",
        aliases=("--branch",),
        hint="main",
        target=Unjudged("a setting: a build of that branch is judged when it is requested"),
    ),
    Field(description="Default branch"),
]
DescriptionField = Annotated[str | None, Opt(short="d"), Field(max_length=1000, description="Description")]
TeamsField = Annotated[
    tuple[str, ...],
    Opt(value="names", aliases=("--team",), suggest="team", hint="web, or web=read_only"),
    Field(max_length=20, description="Teams"),
]
_TAGS_OPT = Opt(value="names", aliases=("--tag",), hint="backend,ruby")
_Tags = Annotated[tuple[str, ...], Field(max_length=10), AfterValidator(_clean_tags)]
TagsField = Annotated[_Tags, _TAGS_OPT, Field(description="Tags")]
OtherTagsField = Annotated[_Tags | None, _TAGS_OPT, Field(description="Tags (replacing the current ones)")]
WebhookField = Annotated[bool, Opt(), Field(description="Create its GitHub webhook")]
BuildField = Annotated[bool, Opt(), Field(description="Start a first build")]
SubscribeField = Annotated[bool, Opt(), Field(description="Subscribe this channel to it")]
SlugField = Annotated[str, Opt(in_form=False, in_manual=False, target="pipeline")]


class NewPipelineArgs(Args):
    """Arguments with a `name` and, as `pipeline`, the slug made from it, which the policy judges."""

    @model_validator(mode="before")
    @classmethod
    def _add_slug(cls, given: object) -> object:
        """Add the slug, which Buildkite derives from the name alone."""
        if not isinstance(given, Mapping) or not isinstance(name := given.get("name"), str):
            return given
        if not make_slug(name):
            message = "A pipeline's name needs a letter from a to z or a digit, because its URL is made from them."
            raise UsageError(message, field="name")
        return {**given, "pipeline": make_slug(name)}


def parse_team_access(words: tuple[str, ...]) -> list[tuple[str, str]]:
    """Parse `web` or `ops=read_only` to (team, access level). Raise UsageError for an unknown level."""
    found: list[tuple[str, str]] = []
    for word in words:
        team, equals, what = word.partition("=")
        if equals and what not in ACCESS_LEVELS:
            hint = "Use `read_only`, `build_and_read` or `manage_build_and_read`."
            raise UsageError(f"`{what}` isn't an access level.", hint, "teams")
        found.append((team.strip(), what or ACCESS_LEVELS[-1]))
    return found
