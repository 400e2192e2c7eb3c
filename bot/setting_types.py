"""Defines the types of settings, each of which accepts only well-formed values."""

from __future__ import annotations

import base64
import ipaddress
import re
from collections.abc import Callable
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, SecretStr, StringConstraints

SQLITE = "sqlite+aiosqlite:///"
POSTGRESQL = "postgresql+asyncpg://"
COMMAND_PATTERN = r"^/[a-z0-9][a-z0-9_-]{0,30}$"
LOOPBACK = {"127.0.0.1", "::1", "localhost"}


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
    SecretStr, _secret_matching(lambda value: all(_is_fernet_key(key) for key in split_list(value)))
]
DatabaseUrl = Annotated[SecretStr, _secret_matching(_is_database_url)]
Url = Annotated[str, AfterValidator(_check_https)]
SlackUrl = Annotated[Url, AfterValidator(lambda value: f"{value}/")]
RestUrl = Annotated[Url, AfterValidator(_check_no_version)]
OrganizationSlug = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]*$")]
FilePath = Annotated[str, StringConstraints(min_length=1, strip_whitespace=True)]
Command = Annotated[str, StringConstraints(pattern=COMMAND_PATTERN)]
Host = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9.:_-]+$")]
Addresses = Annotated[str, AfterValidator(_check_networks)]
Level = Annotated[Literal["debug", "info", "warning", "error"], BeforeValidator(str.lower)]
