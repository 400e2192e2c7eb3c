"""Names of branches, commits and pipelines, in the one form that rules compare and requests to Buildkite use.

Git's own rules for names are at https://git-scm.com/docs/git-check-ref-format.
"""

from __future__ import annotations

import re
import unicodedata
from typing import NamedTuple, NoReturn

from bot.errors import UsageError
from bot.runtime.characters import (
    describe_character,
    is_compatibility_form,
    is_invisible,
    make_skeleton,
    mark_invisible,
)
from bot.runtime.wording import quote_word

HEAD = "HEAD"
_HEADS = "refs/heads/"
_TAGS = "refs/tags/"
_OUTER = " \t\r\n"
_PREFIX = re.compile(r"\A(?:(?:refs/)?heads/)+")
_WHOLE_SHA = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}", re.IGNORECASE)
_SHORT_SHA = re.compile(r"[0-9a-f]{7,39}", re.IGNORECASE)
_REMOTE = re.compile(r"(?:(?:refs/)?remotes/[^/]+|origin)/(?=.)")
_FORBIDDEN = re.compile(r"[~^:?*\[\\]")
_FORBIDDEN_IN_PATTERN = re.compile(r"[~^\\]")
# What `git fetch origin <name>` reads as something other than the branch of that name.
# https://git-scm.com/docs/git-rev-parse#_specifying_revisions
_OTHER_REF = re.compile(r"(?:refs|remotes|tags|origin)/", re.IGNORECASE)
_STRUCTURE = (
    (re.compile(r"\.\."), "..", "contains"),
    (re.compile(r"@\{"), "@{", "contains"),
    (re.compile(r"//"), "//", "contains"),
    (re.compile(r"\A/"), "/", "begins with"),
    (re.compile(r"/\Z"), "/", "ends with"),
    (re.compile(r"\A-"), "-", "begins with"),
    (re.compile(r"(?:\A|/)\."), ".", "has a part that begins with"),
    (re.compile(r"\.lock(?:/|\Z)"), ".lock", "has a part that ends with"),
    (re.compile(r"\.\Z"), ".", "ends with"),
    (re.compile(r"\A@\Z"), "@", "is only"),
)
_RETYPE = "Retype the name without it."
_HINTS = {
    "branch": "Check the name against `git branch --list`.",
    "commit": "Give the full SHA of 40 characters (`git rev-parse` prints it).",
}
_LEADING_PLUS = "begins with `+`, which git strips when it fetches"


class CommitReach(NamedTuple):
    """Branches whose code a commit may name; `guess`: it could also be a tag or another branch."""

    names: frozenset[str] = frozenset()
    guess: bool = False


def normalise_branch(text: str) -> str:
    """Return the name of a branch to build: prefixes stripped, Unicode composed (NFC).

    Raises UsageError for a name that git refuses, that has invisible characters, or that git would resolve to
    something other than a branch. https://git-scm.com/docs/git-check-ref-format
    """
    name = normalise_reported_branch(text.strip(_OUTER))
    _check_name(name, "branch", _FORBIDDEN)
    _check_only_a_branch(name)
    return name


def normalise_pattern(text: str) -> str:
    """Return a branch pattern in the form that reported branches are compared in. Raises UsageError.

    Wildcards stay, and so does the `:` of `owner:branch`, Buildkite's name for a branch of a fork.
    """
    pattern = normalise_reported_branch(text.strip(_OUTER))
    _check_name(pattern, "branch", _FORBIDDEN_IN_PATTERN)
    return pattern


def normalise_commit(text: str) -> str:
    """Return a commit as rules see it and Buildkite gets it: `HEAD`, a SHA, `refs/heads/…`, or a plain name.

    Raises UsageError for names that git refuses, including revisions such as `main~1`.
    """
    name = _compose(text.strip(_OUTER))
    if name.upper() == HEAD:
        return HEAD
    if _WHOLE_SHA.fullmatch(name):
        return name.lower()
    stripped = normalise_reported_branch(name)
    _check_name(stripped, "commit", _FORBIDDEN)
    if stripped.startswith("+"):
        _refuse(stripped, "commit", _LEADING_PLUS)
    return f"{_HEADS}{stripped}" if stripped != name else name


def normalise_slug(text: str) -> str:
    """Return a pipeline's slug, name or pattern as slugs are compared: in lower case, composed (NFC).

    Raises UsageError for invisible characters, except spaces, which pipelines' names may have.
    """
    name = normalise_reported_slug(text.strip(_OUTER))
    for char in name:
        if char != " " and (is_invisible(char) or is_compatibility_form(char)):
            _refuse(name, "pipeline", _describe_fault(char), _RETYPE)
    return name


def normalise_reported_branch(name: str) -> str:
    """Return a branch without `refs/heads/` or `heads/`, composed (NFC), and never refuse it.

    For names that Buildkite reports: git wouldn't accept `owner:branch`, but rules must still apply to it.
    """
    return _PREFIX.sub("", _compose(name))


def normalise_reported_slug(slug: str) -> str:
    """Return a pipeline's slug as slugs are compared, and never refuse it."""
    return _compose(slug).lower()


def names_read_as(name: str) -> frozenset[str]:
    """Return the names that rules apply to for a reported branch: its own, and the one that people read it as."""
    return frozenset(
        {normalise_reported_branch(name), normalise_reported_branch(make_skeleton(name).strip("/"))} - {""}
    )


def find_commit_reach(commit: str | None) -> CommitReach:
    """Return the branches whose code a normalised commit may name."""
    if commit is None or commit.upper() == HEAD or _WHOLE_SHA.fullmatch(commit) or commit.startswith(_TAGS):
        return CommitReach()
    if is_short_sha(commit) or normalise_reported_branch(commit) != commit:
        return CommitReach(frozenset({normalise_reported_branch(commit)}))
    return CommitReach(frozenset({normalise_reported_branch(_REMOTE.sub("", commit, count=1))}), guess=True)


def is_sha(commit: str) -> bool:
    """Return whether a commit is a SHA, whole or abbreviated, rather than a name."""
    return _WHOLE_SHA.fullmatch(commit) is not None or is_short_sha(commit)


def is_short_sha(name: str) -> bool:
    """Return whether a name may be an abbreviated SHA: git looks for a branch of that name before it."""
    return _SHORT_SHA.fullmatch(name) is not None


def _compose(name: str) -> str:
    return unicodedata.normalize("NFC", name)


def _check_name(name: str, noun: str, forbidden: re.Pattern[str]) -> None:
    """Raise UsageError for the first invisible or forbidden part of a name."""
    if not name:
        raise UsageError(f"You gave a {noun} without a name.", "Write the name after the prefix.", noun)
    for char in name:
        if is_invisible(char) or is_compatibility_form(char):
            _refuse(name, noun, _describe_fault(char), _RETYPE)
        if forbidden.match(char):
            _refuse(name, noun, f"contains {describe_character(char)}, which git doesn't allow in a name")
    for form, part, position in _STRUCTURE:
        if form.search(name):
            _refuse(name, noun, f"{position} `{part}`, which git doesn't allow in a name")


def _check_only_a_branch(name: str) -> None:
    """Raise UsageError for a name that a fetch resolves to something other than that branch."""
    if name.upper() == HEAD:
        _refuse(name, "branch", "is git's word for the default branch", "Give the branch's own name.")
    if name.startswith("+"):
        _refuse(name, "branch", _LEADING_PLUS)
    if found := _OTHER_REF.match(name):
        hint = "Write the branch's own name, such as `main`. For a tag, give it as the commit: `-c refs/tags/v1`."
        _refuse(name, "branch", f"begins with `{found[0]}`, where git keeps other things", hint)


def _describe_fault(char: str) -> str:
    if char == " ":
        return "contains a space, which git doesn't allow in a name"
    if is_invisible(char):
        return f"contains {describe_character(char)}, which is invisible"
    plain = unicodedata.normalize("NFKC", char)
    return f"contains {describe_character(char)}, which looks like `{quote_word(plain)}`"


def _refuse(name: str, noun: str, why: str, hint: str = "") -> NoReturn:
    text = f"The {noun} `{quote_word(mark_invisible(name))}` {why}."
    raise UsageError(text, hint or _HINTS[noun], noun)
