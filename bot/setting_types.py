"""Defines the types of settings, each of which accepts only well-formed values."""

from __future__ import annotations

import base64
import ipaddress
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Annotated, Literal, get_args
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, SecretStr, StringConstraints
from pydantic.fields import FieldInfo

SQLITE = "sqlite+aiosqlite:///"
POSTGRESQL = "postgresql+asyncpg://"
COMMAND_PATTERN = r"^/[a-z0-9][a-z0-9_-]{0,30}$"
LOOPBACK = {"127.0.0.1", "::1", "localhost"}


@dataclass(frozen=True)
class Expectation:
    """The expected form of a setting (a noun phrase), and where to get its value. Part of its type or field."""

    form: str
    where: str = ""

    def __str__(self) -> str:
        return f"it should be {self.form}{f' ({self.where})' if self.where else ''}."


def split_list(value: str) -> tuple[str, ...]:
    """Return the entries of a comma-separated list without surrounding whitespace."""
    return tuple(entry.strip() for entry in value.split(","))


def _secret_matching(is_valid: Callable[[str], bool]) -> AfterValidator:
    """Return a validator for a secret, whose error never quotes the value."""

    def check(value: SecretStr) -> SecretStr:
        if not is_valid(value.get_secret_value()):
            raise ValueError("malformed")
        return value

    return AfterValidator(check)


def _is_token(value: str) -> bool:
    return re.fullmatch(r"[!-~]+", value) is not None


def _is_database_url(value: str) -> bool:
    if value.startswith(SQLITE):
        return value.removeprefix(SQLITE).strip("/") not in {"", ":memory:"}
    return value.startswith(POSTGRESQL) and bool(urlsplit(value).hostname)


def _is_fernet_key(key: str) -> bool:
    """Return whether this is 32 bytes in URL-safe base64 (https://github.com/fernet/spec)."""
    try:
        return re.fullmatch(r"[\w-]{43}=", key, re.ASCII) is not None and len(base64.urlsafe_b64decode(key)) == 32
    except ValueError:
        return False


def _check_https(value: str) -> str:
    """Return the URL without a trailing slash; plain HTTP is accepted only for loopback, to keep tokens safe."""
    url = urlsplit(value.strip())
    secure = url.scheme == "https" or (url.scheme == "http" and url.hostname in LOOPBACK)
    if not (secure and url.hostname) or url.query or url.fragment or url.username or url.port == 0:
        raise ValueError("malformed")
    return value.strip().rstrip("/")


def _check_no_version(value: str) -> str:
    if value.endswith("/v2"):
        raise ValueError("malformed")
    return value


def _check_networks(value: str) -> str:
    for entry in split_list(value):
        ipaddress.ip_network(entry, strict=False)
    return value


Secret = Annotated[SecretStr, _secret_matching(_is_token)]
BotToken = Annotated[
    SecretStr, _secret_matching(lambda value: _is_token(value) and re.match(r"xoxb-.", value) is not None)
]
AppToken = Annotated[
    SecretStr, _secret_matching(lambda value: _is_token(value) and re.match(r"xapp-.", value) is not None)
]
FernetKeys = Annotated[
    SecretStr,
    _secret_matching(lambda value: all(_is_fernet_key(key) for key in split_list(value))),
    Expectation(
        "Fernet keys, comma-separated, newest first",
        "make one: python -c 'from cryptography.fernet import Fernet; print(Fernet.generate_key().decode())'",
    ),
]
DatabaseUrl = Annotated[
    SecretStr,
    _secret_matching(_is_database_url),
    Expectation("sqlite+aiosqlite:///FILE or postgresql+asyncpg://USER:PASSWORD@HOST/DATABASE"),
]
Url = Annotated[str, AfterValidator(_check_https), Expectation("an https URL, or http on loopback")]
SlackUrl = Annotated[Url, AfterValidator(lambda value: f"{value}/")]
RestUrl = Annotated[
    Url, AfterValidator(_check_no_version), Expectation("an https URL without /v2 at its end, or http on loopback")
]
OrganizationSlug = Annotated[
    str,
    StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]*$"),
    Expectation("the slug of your organization, such as acme in https://buildkite.com/acme"),
]
ClientId = Annotated[
    str, StringConstraints(pattern=r"^[0-9]+\.[0-9]+$"), Expectation("the app's client id, two numbers with a dot")
]
FilePath = Annotated[str, StringConstraints(min_length=1, strip_whitespace=True)]
Command = Annotated[
    str,
    StringConstraints(pattern=COMMAND_PATTERN),
    Expectation("a slash and at most 31 lower-case letters, digits, hyphens or underscores"),
]
Host = Annotated[
    str,
    StringConstraints(pattern=r"^[A-Za-z0-9.:_-]+$"),
    Expectation("an address or a host name, such as 127.0.0.1"),
]
Addresses = Annotated[
    str, AfterValidator(_check_networks), Expectation("addresses or networks, comma-separated, such as 10.0.0.0/8")
]
Level = Annotated[Literal["debug", "info", "warning", "error"], BeforeValidator(str.lower)]


def find_expectation(field: FieldInfo) -> Expectation:
    """Return the expected form of a setting: as its field or its type says, else as choices or bounds imply.

    Raise LookupError if nothing says it.
    """
    declared = [part for part in _flatten(field.annotation, *field.metadata) if isinstance(part, Expectation)]
    choices = [part for part in _flatten(field.annotation) if isinstance(part, str)]
    bounds = [bound for part in field.metadata for bound in _find_bounds(part)]
    if declared:
        return declared[-1]  # the field's, if the type has one as well
    if choices:
        return Expectation(f"{', '.join(choices[:-1])} or {choices[-1]}")
    if bounds:
        return Expectation(f"a number from {min(bounds)} to {max(bounds)}")
    raise LookupError("Neither the setting's field nor its type has an Expectation.")


def _flatten(*parts: object) -> Iterator[object]:
    """Yield the arguments of types, such as metadata and literals, each before the type that is built from it."""
    for part in parts:
        yield from _flatten(*get_args(part))
        yield part


def _find_bounds(part: object) -> Iterator[int]:
    yield from (bound for name in ("ge", "le") if isinstance(bound := getattr(part, name, None), int))
