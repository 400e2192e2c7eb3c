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
            if row.transition == "refused" and row.rule and seen.private_texts:
                text = seen.private_texts[-1].replace(f"`{cell.operation}`", "`…`")
                self.refusals.setdefault(row.rule, set()).add(text)


def judge_first(cell: Cell, seen: Seen, *, hopeless: bool) -> list[str]:
    """Return the faults of an act; with a blanket refusal, nothing may even be read from Buildkite."""
    if cell.word == "refuse" and cell.person == "stranger" and cell.via == "slash":
        return _judge_turned_away(seen)
    judge = {
        "allow": _judge_allowed,
        "refuse": _judge_refused,
        "ask": _judge_proposed,
        "none": _judge_absent,
        "question": _judge_questioned,
    }[cell.word]
    faults = judge(cell, seen)
    return faults + (["Buildkite was asked"] if hopeless and seen.request_count else [])


def judge_repeat(cell: Cell, before: Seen, seen: Seen) -> list[str]:
    """Return the faults of a repeated request, which must have no second effect and no other answer."""
    faults = ["Buildkite was written to"] if seen.writes else []
    faults += ["it is in the audit twice"] if seen.audit else []
    faults += ["everybody was told twice"] if seen.public_texts else []
    faults += (
        ["another answer"]
        if seen.private_texts
        and before.private_texts
        and seen.private_texts != before.private_texts[: len(seen.private_texts)]
        else []
    )
    return faults + (["a message was answered twice"] if cell.via == "mention" and seen.private_texts else [])


def _judge_turned_away(seen: Seen) -> list[str]:
    """A slash command tells the stranger's own workspace: it is not even written down."""
    return _fault_unless(
        not seen.request_count and not seen.audit and seen.private_texts == (ELSEWHERE,), "not turned away"
    )


def _judge_allowed(cell: Cell, seen: Seen) -> list[str]:
    return [
        *_fault_unless(seen.writes == cell.writes, f"Buildkite was not asked for {cell.writes}"),
        *_fault_unless(_list_ends(cell, seen)[-1:] == ["done"], "the audit does not say that it was done"),
        *_fault_unless(bool(seen.private_texts or seen.public_texts), "nobody was told"),
        *_fault_unless(not any(text.startswith("⚠️") for text in seen.private_texts), "a complaint was told"),
    ]


def _judge_refused(cell: Cell, seen: Seen) -> list[str]:
    rules = [row.rule for row in _list_own_rows(cell, seen)]
    answer = seen.private_texts[0].split("\n") if len(seen.private_texts) == 1 else []
    return [
        *_fault_unless(not seen.writes, "Buildkite was written to"),
        *_fault_unless(_list_ends(cell, seen) == ["refused"] and all(rules), "the audit does not name the rule"),
        *_fault_unless(bool(answer) and answer[0].startswith("⚠️ "), "the person was not told why, once"),
        *_fault_unless(len(answer) == 2 and bool(answer[-1]), "nobody is named who can help"),
        *_fault_unless(not seen.public_texts and not seen.modal, "more than the person was told"),
    ]


def _judge_proposed(cell: Cell, seen: Seen) -> list[str]:
    rules = [row.rule for row in _list_own_rows(cell, seen)]
    return [
        *_fault_unless(not seen.writes, "Buildkite was written to"),
        *_fault_unless(
            _list_ends(cell, seen) == ["proposed"] and rules == ["production"], "the audit has no proposal"
        ),
        *_fault_unless(
            len(seen.public_texts) == 1 and "Approval needed" in seen.public_texts[0], "no card asks for approvals"
        ),
    ]


def _judge_questioned(cell: Cell, seen: Seen) -> list[str]:
    return [
        *_fault_unless(not seen.writes and not seen.public_texts, "something came of it"),
        *_fault_unless(_list_ends(cell, seen) == ["proposed"], "the audit has no question"),
        *_fault_unless(len(seen.private_texts) == 1 and "?" in seen.private_texts[0], "the person was not asked"),
    ]


def _judge_absent(cell: Cell, seen: Seen) -> list[str]:
    return [
        *_fault_unless(not seen.writes and not seen.public_texts, "something came of it"),
        *_fault_unless(_list_ends(cell, seen) == ["failed"], "the audit does not say that it failed"),
        *_fault_unless(
            len(seen.private_texts) == 1 and "can't find" in seen.private_texts[0], "the person was not told"
        ),
    ]


def _list_own_rows(cell: Cell, seen: Seen) -> list[Row]:
    return [row for row in seen.audit if (row.operation, row.via) == (cell.operation, cell.via)]


def _list_ends(cell: Cell, seen: Seen) -> list[str]:
    return [row.transition for row in _list_own_rows(cell, seen)]


def _fault_unless(right: bool, fault: str) -> list[str]:
    return [] if right else [fault]
