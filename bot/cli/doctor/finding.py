"""Findings of the checks, one line each."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Finding:
    """The result of a check. `ok`: True is fine, False is wrong, None couldn't be checked or isn't used."""

    name: str
    ok: bool | None
    sentence: str
    remedy: str = ""

    @property
    def line(self) -> str:
        """Return one line: a mark, the name, the sentence and the remedy."""
        mark = {True: "✓", False: "✗", None: "–"}[self.ok]
        return f"{mark} {self.name}: {self.sentence}{f' {self.remedy}' if self.remedy else ''}"


def render_report(findings: Iterable[Finding]) -> str:
    """Return all findings, one a line."""
    return "\n".join(finding.line for finding in findings)


def is_healthy(findings: Iterable[Finding]) -> bool:
    """Tell whether nothing is wrong; checks that couldn't be made don't count."""
    return all(finding.ok is not False for finding in findings)
