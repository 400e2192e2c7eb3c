"""Compares what came of an act with what the table says of it."""

from __future__ import annotations

from dataclasses import dataclass, field

from tests.matrix.acting import Row, Seen

OUTSIDE = ("stranger", "guest")
ELSEWHERE = "I belong to another workspace."
NOT_YOURS = "That button belongs to someone else. Run the command yourself."


@dataclass(frozen=True)
class Cell:
    """One square: whose act, by which way (`via` as the audit has it), what the table says, what is written."""

    operation: str
    person: str
    via: str
    word: str
    writes: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.operation} × {self.person} × {self.via} ({self.word})"


@dataclass
class Score:
    """The number of asserted cells, the failed ones, and all refusals by rule."""

    cells: int = 0
    wrong: list[str] = field(default_factory=list)
    refusals: dict[str, set[str]] = field(default_factory=dict)

    def note(self, cell: Cell, seen: Seen, faults: list[str], *, again: bool = False) -> None:
        """Count a cell; everything that is wrong with it is one line."""
        self.cells += 1
        if faults:
            title = f"{cell}{' again' if again else ''}"
            self.wrong.append(f"{title}: {'; '.join(faults)}\n    {seen}")
        for row in seen.audit:
            if row.transition == "refused" and row.rule and seen.told:
                text = seen.told[-1].replace(f"`{cell.operation}`", "`…`")
                self.refusals.setdefault(row.rule, set()).add(text)


def first(cell: Cell, seen: Seen, *, hopeless: bool) -> list[str]:
    """Return the faults of an act; with a blanket refusal, nothing may even be read from Buildkite."""
    if cell.word == "refuse" and cell.person == "stranger" and cell.via == "slash":
        return _turned_away(seen)
    judge = {"allow": _allowed, "refuse": _refused, "ask": _asked, "none": _absent, "question": _questioned}[
        cell.word
    ]
    faults = judge(cell, seen)
    return faults + (["Buildkite was asked"] if hopeless and seen.asked else [])


def again(cell: Cell, before: Seen, seen: Seen) -> list[str]:
    """Return the faults of a repeated request, which must have no second effect and no other answer."""
    faults = ["Buildkite was written to"] if seen.writes else []
    faults += ["it is in the audit twice"] if seen.audit else []
    faults += ["everybody was told twice"] if seen.said else []
    faults += (
        ["another answer"] if seen.told and before.told and seen.told != before.told[: len(seen.told)] else []
    )
    return faults + (["a message was answered twice"] if cell.via == "mention" and seen.told else [])


def over(seen: Seen) -> list[str]:
    """Return the faults of a vote on a closed proposal, which must be refused and change nothing."""
    return _unless(len(seen.told) == 1 and "already" in seen.told[0] and not seen.asked, "it was voted on again")


def _turned_away(seen: Seen) -> list[str]:
    """A slash command tells the stranger's own workspace: it is not even written down."""
    return _unless(not seen.asked and not seen.audit and seen.told == (ELSEWHERE,), "not turned away")


def _allowed(cell: Cell, seen: Seen) -> list[str]:
    return [
        *_unless(seen.writes == cell.writes, f"Buildkite was not asked for {cell.writes}"),
        *_unless(_ends(cell, seen)[-1:] == ["done"], "the audit does not say that it was done"),
        *_unless(bool(seen.told or seen.said), "nobody was told"),
        *_unless(not any(text.startswith("⚠️") for text in seen.told), "a complaint was told"),
    ]


def _refused(cell: Cell, seen: Seen) -> list[str]:
    rules = [row.rule for row in _own(cell, seen)]
    told = seen.told[0].split("\n") if len(seen.told) == 1 else []
    return [
        *_unless(not seen.writes, "Buildkite was written to"),
        *_unless(_ends(cell, seen) == ["refused"] and all(rules), "the audit does not name the rule"),
        *_unless(bool(told) and told[0].startswith("⚠️ "), "the person was not told why, once"),
        *_unless(len(told) == 2 and bool(told[-1]), "nobody is named who can help"),
        *_unless(not seen.said and not seen.modal, "more than the person was told"),
    ]


def _asked(cell: Cell, seen: Seen) -> list[str]:
    rules = [row.rule for row in _own(cell, seen)]
    return [
        *_unless(not seen.writes, "Buildkite was written to"),
        *_unless(_ends(cell, seen) == ["proposed"] and rules == ["production"], "the audit has no proposal"),
        *_unless(len(seen.said) == 1 and "Approval needed" in seen.said[0], "no card asks for approvals"),
    ]


def _questioned(cell: Cell, seen: Seen) -> list[str]:
    return [
        *_unless(not seen.writes and not seen.said, "something came of it"),
        *_unless(_ends(cell, seen) == ["proposed"], "the audit has no question"),
        *_unless(len(seen.told) == 1 and "?" in seen.told[0], "the person was not asked"),
    ]


def _absent(cell: Cell, seen: Seen) -> list[str]:
    return [
        *_unless(not seen.writes and not seen.said, "something came of it"),
        *_unless(_ends(cell, seen) == ["failed"], "the audit does not say that it failed"),
        *_unless(len(seen.told) == 1 and "do not know" in seen.told[0], "the person was not told"),
    ]


def _own(cell: Cell, seen: Seen) -> list[Row]:
    return [row for row in seen.audit if (row.operation, row.via) == (cell.operation, cell.via)]


def _ends(cell: Cell, seen: Seen) -> list[str]:
    return [row.transition for row in _own(cell, seen)]


def _unless(right: bool, fault: str) -> list[str]:
    return [] if right else [fault]
