"""What a check found, as a line for a person."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Finding:
    """`ok`: True is well, False is wrong, None could not be checked or is not used.

    `sentence` says what was found, `remedy` what to do about it.
    """

    name: str
    ok: bool | None
    sentence: str
    remedy: str = ""

    @property
    def line(self) -> str:
        """One line: a mark, the name, the sentence and the remedy."""
        mark = {True: "✓", False: "✗", None: "–"}[self.ok]
        return f"{mark} {self.name}: {self.sentence}{f' {self.remedy}' if self.remedy else ''}"


def report(findings: Iterable[Finding]) -> str:
    """All findings, one a line."""
    return "\n".join(finding.line for finding in findings)


def well(findings: Iterable[Finding]) -> bool:
    """Nothing is wrong; what could not be checked does not count."""
    return all(finding.ok is not False for finding in findings)
