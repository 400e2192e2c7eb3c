"""A job's log made readable: terminal sequences gone, progress bars settled, secrets masked, size bounded."""

from __future__ import annotations

import re
from typing import NamedTuple

from bot.runtime.redaction import mask_secrets

SHOWN = 2800
LINE_SHOWN = 400
# ECMA-48 strings (APC, OSC, DCS, PM, SOS) end with BEL or ST; one that never ends takes its line.
# Buildkite puts the time in front of lines as an APC string: ESC _ bk;t=<milliseconds> BEL.
# https://buildkite.com/docs/pipelines/configure/managing-log-output
_LINK = re.compile(r"\x1b\]133[89];([^\x07\x1b\n]*)(?:\x07|\x1b\\)")
_STRINGS = re.compile(r"\x1b[_\]P^X][^\x07\x1b\n]*(?:\x07|\x1b\\|(?=\n)|\Z)?")
_BARE_TIME = re.compile(r"_bk;t=[0-9]{1,20}\x07?")
_CONTROL_SEQUENCE = re.compile(r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]?")
_ESCAPE = re.compile(r"\x1b[ -/]*[0-~]?")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]")
_GROUP = re.compile(r"^(?:~~~|---|\+\+\+)[ \t]+(?=\S)", re.MULTILINE)
_OPENER = re.compile(r"^\^\^\^ \+\+\+[ \t]*\n?", re.MULTILINE)


class Tail(NamedTuple):
    """The end of a log: its text, how many lines that is, and whether something before it was left out."""

    text: str
    lines: int
    cut: bool


def clean(raw: str, *, whole: bool = True) -> str:
    """Plain lines: no escape sequences, no control characters, group headers as `▸ …`, secrets masked.

    The end of a longer log (`whole` is false) begins somewhere within a line: that line is dropped, since
    half a secret has no shape to be recognised by.
    """
    given = raw if whole else _from_next_line(raw)
    text = _LINK.sub(_linked, given.replace("\r\n", "\n"))
    text = _BARE_TIME.sub("", _STRINGS.sub("", text))
    text = _ESCAPE.sub("", _CONTROL_SEQUENCE.sub("", text))
    text = "\n".join(_settled(line) for line in text.split("\n"))
    text = _CONTROL.sub("", text.replace("\t", "    "))
    text = _GROUP.sub("▸ ", _OPENER.sub("", text))
    return mask_secrets(text)


def tail(raw: str, lines: int, *, whole: bool) -> Tail:
    """The last `lines` lines of a log, at most 2,800 characters; `whole` is false for the end of a longer one."""
    cleaned = clean(raw, whole=whole).rstrip()
    every = cleaned.split("\n") if cleaned else []
    kept = [_shortened(line) for line in every[-lines:]]
    fitting = _fitting(kept)
    return Tail("\n".join(fitting), len(fitting), not whole or len(fitting) < len(every))


def _from_next_line(raw: str) -> str:
    _, newline, rest = raw.partition("\n")
    return rest if newline else ""


def _settled(line: str) -> str:
    """What a terminal would show of a line that was written over: the last thing that was written."""
    written = [part for part in line.split("\r") if part.strip()]
    return written[-1] if written else ""


def _shortened(line: str) -> str:
    return line if len(line) <= LINE_SHOWN else line[: LINE_SHOWN - 1] + "…"


def _fitting(lines: list[str]) -> list[str]:
    """As many of the last lines as fit."""
    room, kept = SHOWN, list[str]()
    for line in reversed(lines):
        room -= len(line) + 1
        if room < -1:
            break
        kept.append(line)
    return kept[::-1]


def _linked(found: re.Match[str]) -> str:
    """A link or picture that was printed: its words, else its address."""
    given = dict(re.findall(r"(\w+)='?([^';]*)'?", found[1]))
    return given.get("content") or given.get("alt") or given.get("url") or ""
