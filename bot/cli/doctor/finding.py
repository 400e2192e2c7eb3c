"""Findings of the checks, one line each."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Finding:
    """The result of a check. `ok`: True is fine, False is wrong, None couldn't be checked or isn't used.

    `soon`: it's fine now, but won't be in a few days.
    """

    name: str
    ok: bool | None
    sentence: str
    remedy: str = ""
    soon: bool = False

    @property
    def line(self) -> str:
        """Return one line: a mark, the name, the sentence and the remedy."""
        mark = "!" if self.soon else {True: "✓", False: "✗", None: "–"}[self.ok]
        return f"{mark} {self.name}: {self.sentence}{f' {self.remedy}' if self.remedy else ''}"


def render_report(findings: Iterable[Finding]) -> str:
    """Return all findings, one a line."""
    return "\n".join(finding.line for finding in findings)


def summarize(findings: Sequence[Finding]) -> str:
    """Return one line about all findings."""
    wrong = sum(finding.ok is False for finding in findings)
    soon = sum(finding.soon for finding in findings)
    open_ = sum(finding.ok is None for finding in findings)
    parts = [f"{wrong} wrong (✗)" if wrong else "Nothing is wrong"]
    parts += [f"{soon} to see to soon (!)"] if soon else []
    parts += [f"{open_} not checked or not used (–)"] if open_ else []
    return f"{', '.join(parts)}, of {len(findings)} checks."


def is_healthy(findings: Iterable[Finding]) -> bool:
    """Tell whether nothing is wrong; checks that couldn't be made don't count."""
    return all(finding.ok is not False for finding in findings)
