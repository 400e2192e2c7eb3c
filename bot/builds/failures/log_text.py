"""Makes a job's log readable: no terminal sequences, overwritten lines resolved, secrets masked, size limited."""

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


class LogEnd(NamedTuple):
    """The end of a log: its text, the number of lines, and whether anything before it was cut."""

    text: str
    lines: int
    cut: bool


def clean_log(raw: str, *, whole: bool = True) -> str:
    """Return plain lines: no escape sequences or control characters, group headers as `▸ …`, secrets masked.

    The end of a longer log (`whole` is false) begins in the middle of a line: that line is dropped, since half a
    secret can't be recognised.
    """
    # Secrets are masked last, when no escape sequence can split one any more.
    complete = raw if whole else _drop_first_line(raw)
    text = _LINK.sub(_replace_link, complete.replace("\r\n", "\n"))
    text = _BARE_TIME.sub("", _STRINGS.sub("", text))
    text = _ESCAPE.sub("", _CONTROL_SEQUENCE.sub("", text))
    text = "\n".join(_resolve_overwrites(line) for line in text.split("\n"))
    text = _CONTROL.sub("", text.replace("\t", "    "))
    text = _GROUP.sub("▸ ", _OPENER.sub("", text))
    return mask_secrets(text)


def cut_log_end(raw: str, lines: int, *, whole: bool) -> LogEnd:
    """Return the last lines of a log, at most 2,800 characters; `whole` is false for the end of a longer log."""
    cleaned = clean_log(raw, whole=whole).rstrip()
    all_lines = cleaned.split("\n") if cleaned else []
    last_lines = [_shorten_line(line) for line in all_lines[-lines:]]
    fitting = _keep_fitting(last_lines)
    return LogEnd("\n".join(fitting), len(fitting), not whole or len(fitting) < len(all_lines))


def _drop_first_line(raw: str) -> str:
    _, newline, rest = raw.partition("\n")
    return rest if newline else ""


def _resolve_overwrites(line: str) -> str:
    """Return what a terminal shows of a line that was overwritten: the last text written."""
    written = [part for part in line.split("\r") if part.strip()]
    return written[-1] if written else ""


def _shorten_line(line: str) -> str:
    return line if len(line) <= LINE_SHOWN else line[: LINE_SHOWN - 1] + "…"


def _keep_fitting(lines: list[str]) -> list[str]:
    """Return as many of the last lines as fit."""
    room, kept = SHOWN, list[str]()
    for line in reversed(lines):
        room -= len(line) + 1
        if room < -1:
            break
        kept.append(line)
    return kept[::-1]


def _replace_link(match: re.Match[str]) -> str:
    """Return the text of a printed link or picture, else its address."""
    fields = dict(re.findall(r"(\w+)='?([^';]*)'?", match[1]))
    return fields.get("content") or fields.get("alt") or fields.get("url") or ""
