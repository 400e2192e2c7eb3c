"""API tokens: their format, their limits, and what one lets its bearer do. Pure."""

from __future__ import annotations

import hashlib
import re
import zlib
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.access.policy.rules import SERVICE_PREFIX
from bot.operations.operation import Permission
from bot.slack.types import TokenLimits

PREFIX = "kst_"
DEFAULT_LIFETIME = timedelta(days=90)
MAX_LIFETIME = timedelta(days=365)
RANDOM_LENGTH = 30
DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_CHECKSUM_LENGTH = 6
PATTERN = rf"{PREFIX}[0-9A-Za-z]{{{RANDOM_LENGTH + _CHECKSUM_LENGTH}}}"
"""What secret scanners look for; the last six characters are the checksum of those before."""


@dataclass(frozen=True)
class ApiToken:
    """A token that acts as its `owner` (a user id), or as a service with a policy group of its own.

    `permissions` and `pipelines` (globs) only take away from what the owner may do; None and empty take nothing.
    `service` is the name of the group, None for a person's own token; its owner is the admin who made it.
    `channel` is where what it does is announced. `id` is no secret: the token itself is shown once and not kept.
    `fresh_until` is when the client in which its owner has signed in must have renewed it; None for other tokens.
    """

    id: str
    name: str
    owner: str
    service: str | None
    permissions: frozenset[Permission] | None
    pipelines: tuple[str, ...]
    channel: str | None
    expires_at: datetime
    created_at: datetime
    used_at: datetime | None = None
    revoked_at: datetime | None = None
    fresh_until: datetime | None = None

    @property
    def group(self) -> str:
        """Return the policy group of a service, as rules name it: `service:release-bot`."""
        return f"{SERVICE_PREFIX}{self.service}"

    @property
    def limits(self) -> TokenLimits:
        """Return what it leaves of its owner's rights."""
        return TokenLimits(self.name, self.permissions, self.pipelines)

    def name_agent(self, owner_name: str) -> str:
        """Return who acts, as people read it: `Alice's agent (release-bot)`, or the service with the token."""
        if self.service is None:
            return f"{owner_name}'s agent ({self.name})"
        return self.service if self.service == self.name else f"{self.service} ({self.name})"

    def is_expired(self, now: datetime) -> bool:
        """Return whether its time is over."""
        return now >= self.expires_at

    def is_stale(self, now: datetime) -> bool:
        """Return whether its client has to renew it."""
        return self.fresh_until is not None and now >= self.fresh_until

    def is_valid(self, now: datetime) -> bool:
        """Return whether it is neither revoked nor expired."""
        return self.revoked_at is None and not self.is_expired(now)


def make_raw_token(random_part: str) -> str:
    """Return the token with this random part: prefix, random part, checksum."""
    return f"{PREFIX}{random_part}{_make_checksum(random_part)}"


def is_well_formed(raw: str) -> bool:
    """Return whether a text has the format of a token and the right checksum, so that it may be one."""
    if not re.fullmatch(PATTERN, raw, re.ASCII):
        return False
    digits = raw.removeprefix(PREFIX)
    return digits[RANDOM_LENGTH:] == _make_checksum(digits[:RANDOM_LENGTH])


def hash_token(raw: str) -> str:
    """Return the SHA-256 of a token, which is all that is stored. It needs no salt: a token can't be guessed."""
    return hashlib.sha256(raw.encode()).hexdigest()


def _make_checksum(random_part: str) -> str:
    """Return the CRC32 in base 62, six digits, as GitHub's tokens end with.

    https://github.blog/engineering/platform-security/behind-githubs-new-authentication-token-formats/
    """
    rest, digits = zlib.crc32(random_part.encode()), ""
    for _ in range(_CHECKSUM_LENGTH):
        rest, digit = divmod(rest, len(DIGITS))
        digits = DIGITS[digit] + digits
    return digits
