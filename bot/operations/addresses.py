"""Where a build, a branch or a job is: every way in which people write it, as argument models."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any, NamedTuple
from urllib.parse import parse_qs, unquote, urlsplit

from pydantic import AfterValidator, Field, model_validator

from bot.errors import UsageError
from bot.operations.git_names import normalise_branch, normalise_pattern
from bot.operations.operation import Args, Opt

_WEB = re.compile(r"/(?P<org>[^/]+)/(?P<pipeline>[^/]+)/builds/(?P<number>\d+)(?:/jobs/(?P<job>[^/]+))?(?:/.*)?$")
_API = re.compile(
    r"(?:/v2)?/organizations/(?P<org>[^/]+)/pipelines/(?P<pipeline>[^/]+)"
    r"(?:/builds/(?P<number>\d+)(?:/jobs/(?P<job>[^/]+))?)?(?:/.*)?$"
)
_PAGE = re.compile(r"/(?P<org>[^/]+)/(?P<pipeline>[^/]+)/?(?:builds/?)?$")
_BUILD = re.compile(r"(?:(?:(?P<org>[^/#\s]+)/)?(?P<pipeline>[^/#\s]+))?#(?P<number>\d+)$")
_URL = re.compile(r"https?://", re.IGNORECASE)
_DIGITS = re.compile(r"\d+$")


class Address(NamedTuple):
    """What an address names; parts that it does not name are None."""

    org: str | None = None
    pipeline: str | None = None
    number: str | None = None
    job: str | None = None


def address(url: str) -> Address | None:
    """Read a Buildkite URL of the web or of the API; None when it names neither a pipeline nor a build.

    https://buildkite.com/docs/apis/rest-api/builds (`url`, `web_url`)
    """
    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    found = _API.match(parts.path) or _WEB.match(parts.path) or _PAGE.match(parts.path)
    if not found:
        return None
    named = {key: unquote(value) for key, value in found.groupdict().items() if value}
    job = named.pop("job", None) or _job(parts.fragment, parts.query)
    return Address(**named, job=job if "number" in named else None)


def _job(fragment: str, query: str) -> str | None:
    """The job that the page shows: `#<id>`, `#job-<id>` or `?jid=<id>`."""
    return fragment.removeprefix("job-") or next(iter(parse_qs(query).get("jid", ())), None)


def place(text: str) -> Address | None:
    """Read `web#101`, `#101`, `org/web#101` or a URL; None for any other word.

    Raises UsageError for a URL that leads elsewhere.
    """
    if _URL.match(text):
        found = address(text)
        if found is None:
            raise UsageError(f"`{_shown(text)}` is not the address of a pipeline, build or job.", field="pipeline")
        return found
    if short := _BUILD.match(text):
        return Address(**short.groupdict())
    return None


def _shown(text: str) -> str:
    return text.replace("`", "ˋ")[:80]


def _slug(text: str) -> Address:
    """`web` or `org/web`."""
    org, slash, slug = text.partition("/")
    return Address(org, slug) if slash else Address(pipeline=text)


def _merge(given: Mapping[str, Any], found: Address, names: tuple[str, ...]) -> dict[str, Any]:
    """Put what an address says in place; what was said otherwise as well must agree."""
    merged = dict(given)
    for name, value in found._asdict().items():
        if value is None or name not in names:
            continue
        before = merged.get(name)
        if before not in (None, "") and str(before).lstrip("#") != value:
            raise UsageError(
                f"Both `{_shown(str(before))}` and `{_shown(value)}` are given as {name}.", field=name
            )
        merged[name] = value
    return merged


def _without(given: Mapping[str, Any], name: str) -> dict[str, Any]:
    return {key: value for key, value in given.items() if key != name}


def _number(given: dict[str, Any]) -> dict[str, Any]:
    number = given.get("number")
    return {**given, "number": number.strip().removeprefix("#")} if isinstance(number, str) else given


def _located(given: Mapping[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    """Take the pipeline's word apart: slug, build or URL."""
    word = given.get("pipeline")
    if not isinstance(word, str) or not word.strip():
        return _number(dict(given))
    word = word.strip()
    if _DIGITS.match(word) and given.get("number") in (None, "") and "number" in names:
        return {**_without(given, "pipeline"), "number": word}
    return _merge(_number(_without(given, "pipeline")), place(word) or _slug(word), names)


Org = Annotated[str | None, Opt(form=False, manual=False), Field(description="Organization")]


class AtBuild(Args):
    """A build: `web 101`, `web#101`, `#101`, `101`, `org/web 101`, or its URL; left out in its own thread."""

    pipeline: Annotated[
        str | None, Opt(short="p", positional=True, suggest="pipeline"), Field(description="Pipeline")
    ] = None
    number: Annotated[
        int | None, Opt(short="n", positional=True), Field(ge=1, le=2**31, description="Build number")
    ] = None
    org: Org = None

    @model_validator(mode="before")
    @classmethod
    def _read(cls, given: Any) -> Any:
        return _located(given, ("org", "pipeline", "number")) if isinstance(given, Mapping) else given


BranchName = Annotated[str, Field(max_length=255), AfterValidator(normalise_branch)]
BranchPattern = Annotated[str, Field(max_length=255), AfterValidator(normalise_pattern)]


class AtBranch(Args):
    """A branch of a pipeline: `web`, `web@branch`, `org/web@branch`, or the pipeline's URL."""

    pipeline: Annotated[
        str, Opt(short="p", positional=True, suggest="pipeline", here=True), Field(description="Pipeline")
    ]
    branch: Annotated[
        BranchName | None,
        Opt(short="b", suggest="branch", hint="the pipeline's default branch"),
        Field(description="Branch"),
    ] = None
    org: Org = None

    @model_validator(mode="before")
    @classmethod
    def _read(cls, given: Any) -> Any:
        return _located(_branched(given), ("org", "pipeline")) if isinstance(given, Mapping) else given


def _branched(given: Mapping[str, Any]) -> Mapping[str, Any]:
    """Take `web@branch` apart at its first @; URLs stay whole."""
    word = given.get("pipeline")
    if not isinstance(word, str) or "@" not in word or _URL.match(word):
        return given
    pipeline, _, branch = word.partition("@")
    if not branch.strip():
        raise UsageError(f"`{_shown(word)}` names no branch after the `@`.", field="branch")
    other = given.get("branch")
    if other not in (None, "", branch):
        raise UsageError(
            f"Both `{_shown(branch)}` and `{_shown(str(other))}` are given as branch.", field="branch"
        )
    return {**given, "pipeline": pipeline, "branch": branch}


class AtJob(Args):
    """A job: its id, a unique beginning of it, its name, or its URL, which names the build as well."""

    job: Annotated[
        str | None, Opt(positional=True, suggest="job"), Field(max_length=1000, description="Job name, id or URL")
    ] = None
    pipeline: Annotated[str | None, Opt(short="p", suggest="pipeline"), Field(description="Pipeline")] = None
    number: Annotated[
        int | None,
        Opt(short="n", also=("--build", "-b")),
        Field(ge=1, le=2**31, description="Build number"),
    ] = None
    org: Org = None

    @model_validator(mode="before")
    @classmethod
    def _read(cls, given: Any) -> Any:
        if not isinstance(given, Mapping):
            return given
        names = ("org", "pipeline", "number", "job")
        word = given.get("job")
        found = place(word.strip()) if isinstance(word, str) else None
        return _located(_merge(_without(given, "job"), found, names) if found else given, names)
