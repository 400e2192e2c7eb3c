"""Names of branches, commits and pipelines in the single form that rules compare and Buildkite is sent.

Git's own rules for names are at https://git-scm.com/docs/git-check-ref-format.
"""

from __future__ import annotations

import re
import unicodedata
from typing import NamedTuple, NoReturn

from bot.errors import UsageError
from bot.runtime.characters import describe, show_unseen, skeleton, stands_in, unseen
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
_ELSEWHERE = re.compile(r"(?:refs|remotes|tags|origin)/", re.IGNORECASE)
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
_BY_HAND = "Type the name by hand, without it."
_HINTS = {
    "branch": "Check the name against `git branch --list`.",
    "commit": "Give the whole SHA, 40 characters (`git rev-parse` says it).",
}
_PLUS = "begins with `+`, which git takes off when it fetches"


class Reach(NamedTuple):
    """Branches whose code a commit may name; `guess`: it may as well be a tag, or any other branch."""

    names: frozenset[str] = frozenset()
    guess: bool = False


def normalise_branch(text: str) -> str:
    """Return the name of a branch that is to be built: prefixes stripped, Unicode composed (NFC).

    Raises UsageError for a name that git refuses, one that holds what nobody sees, and one that git would look up
    as something else than a branch. https://git-scm.com/docs/git-check-ref-format
    """
    name = tidy(text.strip(_OUTER))
    _check(name, "branch", _FORBIDDEN)
    _check_only_a_branch(name)
    return name


def normalise_pattern(text: str) -> str:
    """Return a pattern of branches in the form that reported branches are compared in. Raises UsageError.

    Wildcards stay, and so does the `:` of `owner:branch`, by which Buildkite calls the branch of a fork.
    """
    pattern = tidy(text.strip(_OUTER))
    _check(pattern, "branch", _FORBIDDEN_IN_PATTERN)
    return pattern


def normalise_commit(text: str) -> str:
    """Return a commit in the form that is judged and sent: `HEAD`, a SHA, `refs/heads/…`, or a name as it is.

    Raises UsageError for what git refuses as a name, revisions such as `main~1` among them.
    """
    name = _compose(text.strip(_OUTER))
    if name.upper() == HEAD:
        return HEAD
    if _WHOLE_SHA.fullmatch(name):
        return name.lower()
    stripped = tidy(name)
    _check(stripped, "commit", _FORBIDDEN)
    if stripped.startswith("+"):
        _refuse(stripped, "commit", _PLUS)
    return f"{_HEADS}{stripped}" if stripped != name else name


def normalise_slug(text: str) -> str:
    """Return the slug, name or pattern of pipelines as slugs are compared: in lower case, composed (NFC).

    Raises UsageError for one that holds what nobody sees; a space may stand in a pipeline's name.
    """
    name = tidy_slug(text.strip(_OUTER))
    for char in name:
        if char != " " and (unseen(char) or stands_in(char)):
            _refuse(name, "pipeline", _why(char), _BY_HAND)
    return name


def tidy(name: str) -> str:
    """Return whatever names a branch without `refs/heads/` or `heads/`, composed (NFC); nothing is refused.

    For names that Buildkite reports: `owner:branch` is no name to git, and is judged all the same.
    """
    return _PREFIX.sub("", _compose(name))


def tidy_slug(slug: str) -> str:
    """Return a pipeline's slug as slugs are compared; nothing is refused."""
    return _compose(slug).lower()


def alike(name: str) -> frozenset[str]:
    """Return the names that a reported branch is judged by: its own, and that which people read in it."""
    return frozenset({tidy(name), tidy(skeleton(name).strip("/"))} - {""})


def reach_of(commit: str | None) -> Reach:
    """Return the branches whose code a normalised commit may name."""
    if commit is None or commit.upper() == HEAD or _WHOLE_SHA.fullmatch(commit) or commit.startswith(_TAGS):
        return Reach()
    if short_sha(commit) or tidy(commit) != commit:
        return Reach(frozenset({tidy(commit)}))
    return Reach(frozenset({tidy(_REMOTE.sub("", commit, count=1))}), guess=True)


def is_sha(commit: str) -> bool:
    """Return whether a commit is a SHA, whole or abbreviated, rather than a name."""
    return _WHOLE_SHA.fullmatch(commit) is not None or short_sha(commit)


def short_sha(name: str) -> bool:
    """Return whether a name may be an abbreviated SHA: git looks for a branch of that name before it."""
    return _SHORT_SHA.fullmatch(name) is not None


def _compose(name: str) -> str:
    return unicodedata.normalize("NFC", name)


def _check(name: str, noun: str, forbidden: re.Pattern[str]) -> None:
    """Raise UsageError for the first thing in a name that git refuses or nobody sees."""
    if not name:
        raise UsageError(f"You gave a {noun} without a name.", "Write the name after the prefix.", noun)
    for char in name:
        if unseen(char) or stands_in(char):
            _refuse(name, noun, _why(char), _BY_HAND)
        if forbidden.match(char):
            _refuse(name, noun, f"contains {describe(char)}, which git does not allow in a name")
    for form, part, how in _STRUCTURE:
        if form.search(name):
            _refuse(name, noun, f"{how} `{part}`, which git does not allow in a name")


def _check_only_a_branch(name: str) -> None:
    """Raise UsageError for what a fetch resolves to something else than the branch of that name."""
    if name.upper() == HEAD:
        _refuse(name, "branch", "is git's word for the default branch", "Name the branch itself.")
    if name.startswith("+"):
        _refuse(name, "branch", _PLUS)
    if found := _ELSEWHERE.match(name):
        hint = "Write the branch's own name, such as `main`. For a tag, give it as the commit: `-c refs/tags/v1`."
        _refuse(name, "branch", f"begins with `{found[0]}`, where git keeps other things", hint)


def _why(char: str) -> str:
    if char == " ":
        return "contains a space, which git does not allow in a name"
    if unseen(char):
        return f"contains {describe(char)}, which cannot be seen"
    plain = unicodedata.normalize("NFKC", char)
    return f"contains {describe(char)}, which is easily taken for `{quote_word(plain)}`"


def _refuse(name: str, noun: str, why: str, hint: str = "") -> NoReturn:
    text = f"The {noun} `{quote_word(show_unseen(name))}` {why}."
    raise UsageError(text, hint or _HINTS[noun], noun)
