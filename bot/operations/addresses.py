"""Argument models for builds, branches and jobs, in every way that people write them."""

from __future__ import annotations

import re
from collections.abc import Container, Mapping, Sequence
from typing import Annotated, NamedTuple
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
_PIPELINE_PAGE = re.compile(r"/(?P<org>[^/]+)/(?P<pipeline>[^/]+)/?(?:builds/?)?$")
_BUILD = re.compile(r"(?:(?:(?P<org>[^/#\s]+)/)?(?P<pipeline>[^/#\s]+))?#(?P<number>\d+)$")
_URL = re.compile(r"https?://", re.IGNORECASE)
_DIGITS = re.compile(r"\d+$")

BUILDKITE_HOSTS = frozenset({"buildkite.com", "www.buildkite.com", "api.buildkite.com"})


class Address(NamedTuple):
    """The parts of an address; those that it leaves out are None."""

    org: str | None = None
    pipeline: str | None = None
    number: str | None = None
    job: str | None = None


def parse_buildkite_url(url: str) -> Address | None:
    """Parse a Buildkite URL of the website or the API; None when it names neither a pipeline nor a build.

    https://buildkite.com/docs/apis/rest-api/builds (`url`, `web_url`)
    """
    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    found = _API.match(parts.path) or _WEB.match(parts.path) or _PIPELINE_PAGE.match(parts.path)
    if not found:
        return None
    named = {key: unquote(value) for key, value in found.groupdict().items() if value}
    job = named.pop("job", None) or _find_job_in_url(parts.fragment, parts.query)
    return Address(**named, job=job if "number" in named else None)


def is_on_host(url: str, hosts: Container[str]) -> bool:
    """Return whether a URL is on one of these hosts; the path alone may look like a build's anywhere."""
    try:
        return (urlsplit(url).hostname or "") in hosts
    except ValueError:
        return False


def find_own_hosts(endpoint: str) -> frozenset[str]:
    """Return the hosts of Buildkite's addresses: its own, and that of the configured API."""
    return BUILDKITE_HOSTS | {urlsplit(endpoint).hostname or ""} - {""}


def _find_job_in_url(fragment: str, query: str) -> str | None:
    """Return the job that the page shows: `#<id>`, `#job-<id>` or `?jid=<id>`."""
    return fragment.removeprefix("job-") or next(iter(parse_qs(query).get("jid", ())), None)


def parse_address(text: str) -> Address | None:
    """Parse `web#101`, `#101`, `org/web#101` or a URL; None for any other word.

    Raises UsageError for a URL of anything else.
    """
    if _URL.match(text):
        found = parse_buildkite_url(text)
        if found is None:
            raise UsageError(f"`{_shorten(text)}` isn't the URL of a pipeline, build or job.", field="pipeline")
        return found
    if short := _BUILD.match(text):
        return Address(**short.groupdict())
    return None


def _shorten(text: str) -> str:
    return text.replace("`", "ˋ")[:80]


def _parse_slug(text: str) -> Address:
    """Parse `web` or `org/web`."""
    org, slash, slug = text.partition("/")
    return Address(org, slug) if slash else Address(pipeline=text)


def _merge(given: Mapping[str, object], found: Address, names: tuple[str, ...]) -> dict[str, object]:
    """Fill in the parts of an address. Raises UsageError where another argument contradicts it."""
    merged = dict(given)
    for name, value in found._asdict().items():
        if value is None or name not in names:
            continue
        before = merged.get(name)
        if before not in (None, "") and str(before).lstrip("#") != value:
            raise UsageError(
                f"You gave both `{_shorten(str(before))}` and `{_shorten(value)}` as the {name}.", field=name
            )
        merged[name] = value
    return merged


def _drop(given: Mapping[str, object], name: str) -> dict[str, object]:
    return {key: value for key, value in given.items() if key != name}


def _strip_number_sign(given: dict[str, object]) -> dict[str, object]:
    number = given.get("number")
    return {**given, "number": number.strip().removeprefix("#")} if isinstance(number, str) else given


def _split_pipeline(given: Mapping[str, object], names: tuple[str, ...]) -> dict[str, object]:
    """Split the `pipeline` argument, which may be a slug, a build or a URL."""
    text = given.get("pipeline")
    if not isinstance(text, str) or not text.strip():
        return _strip_number_sign(dict(given))
    text = text.strip()
    if _DIGITS.match(text) and given.get("number") in (None, "") and "number" in names:
        return {**_drop(given, "pipeline"), "number": text}
    return _merge(_strip_number_sign(_drop(given, "pipeline")), parse_address(text) or _parse_slug(text), names)


BUILD_PARTS = ("pipeline", "number")


def count_build_words(words: Sequence[str]) -> int:
    """Count the words at the start that name a build before other words: `web 101`, or `web#101`, `101` and a URL.

    An address alone counts only if it is a number: as the only word it may belong to the argument behind it.
    """
    if not words:
        return 0
    if len(words) > 1 and _DIGITS.match(words[1]) and not _DIGITS.match(words[0]) and not is_address(words[0]):
        return len(BUILD_PARTS)
    return int(bool(_DIGITS.match(words[0])) or (len(words) > 1 and is_address(words[0])))


def is_address(word: str) -> bool:
    """Return whether a word is a build's address or a Buildkite URL."""
    try:
        return parse_address(word) is not None
    except UsageError:
        return False


OrgName = Annotated[str | None, Opt(in_form=False, in_manual=False), Field(description="Organization")]


class BuildArgs(Args):
    """A build: `web 101`, `web#101`, `#101`, `101`, `org/web 101`, or its URL; left out in its own thread."""

    pipeline: Annotated[
        str | None,
        Opt(short="p", positional=True, suggest="pipeline", target="pipeline"),
        Field(description="Pipeline"),
    ] = None
    number: Annotated[
        int | None,
        Opt(short="n", positional=True, target="build"),
        Field(ge=1, le=2**31, description="Build number"),
    ] = None
    org: OrgName = None

    @model_validator(mode="before")
    @classmethod
    def _normalise(cls, given: object) -> object:
        return _split_pipeline(given, ("org", "pipeline", "number")) if isinstance(given, Mapping) else given


BranchName = Annotated[str, Field(max_length=255), AfterValidator(normalise_branch)]
BranchPattern = Annotated[str, Field(max_length=255), AfterValidator(normalise_pattern)]


class BranchArgs(Args):
    """A branch of a pipeline: `web`, `web@branch`, `org/web@branch`, or the pipeline's URL."""

    pipeline: Annotated[
        str,
        Opt(short="p", positional=True, suggest="pipeline", channel_default=True, target="pipeline"),
        Field(description="Pipeline"),
    ]
    branch: Annotated[
        BranchName | None,
        Opt(short="b", suggest="branch", hint="the pipeline's default branch", target="branch"),
        Field(description="Branch"),
    ] = None
    org: OrgName = None

    @model_validator(mode="before")
    @classmethod
    def _normalise(cls, given: object) -> object:
        return _split_pipeline(_split_branch(given), ("org", "pipeline")) if isinstance(given, Mapping) else given


def _split_branch(given: Mapping[str, object]) -> Mapping[str, object]:
    """Split `web@branch` at its first @; URLs stay whole."""
    text = given.get("pipeline")
    if not isinstance(text, str) or "@" not in text or _URL.match(text):
        return given
    pipeline, _, branch = text.partition("@")
    if not branch.strip():
        raise UsageError(f"`{_shorten(text)}` has no branch after the `@`.", field="branch")
    other = given.get("branch")
    if other not in (None, "", branch):
        raise UsageError(
            f"You gave both `{_shorten(branch)}` and `{_shorten(str(other))}` as the branch.", field="branch"
        )
    return {**given, "pipeline": pipeline, "branch": branch}


# A build before something in it: `web 101 Lint`, `web#101 Lint`, `101 Lint`; left out in its own thread.
LeadingPipeline = Annotated[
    str | None,
    Opt(short="p", positional=True, addressed=True, suggest="pipeline", target="pipeline"),
    Field(description="Pipeline"),
]
LeadingNumber = Annotated[
    int | None,
    Opt(short="n", positional=True, addressed=True, aliases=("--build",), former=("-b",), target="build"),
    Field(ge=1, le=2**31, description="Build number"),
]


class JobArgs(Args):
    """A job of a build: its id, a unique prefix of it, its name, or its URL, which names the build as well."""

    pipeline: LeadingPipeline = None
    number: LeadingNumber = None
    job: Annotated[
        str | None,
        Opt(positional=True, joined=True, suggest="job"),
        Field(max_length=1000, description="Job name, id or URL"),
    ] = None
    org: OrgName = None

    @model_validator(mode="before")
    @classmethod
    def _normalise(cls, given: object) -> object:
        if not isinstance(given, Mapping):
            return given
        names = ("org", "pipeline", "number", "job")
        text = given.get("job")
        found = parse_address(text.strip()) if isinstance(text, str) else None
        return _split_pipeline(_merge(_drop(given, "job"), found, names) if found else given, names)
