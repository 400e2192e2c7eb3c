"""Plays tables by typing: every row, every column, and the same request again."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass, field

from simulators.slack.person import Person
from tests.matrix.acting import Seen, observe
from tests.matrix.cast import Cast
from tests.matrix.judging import Cell, Score, judge_first, judge_repeat
from tests.matrix.scenes import PROPS, SCENES, Props
from tests.matrix.table import PEOPLE, Table

Act = Callable[[], Awaitable[object]]
UNUSED = ("refuse", "none")
"""What a cell says where whatever the operation was pointed at is as it was."""


@dataclass
class Play:
    """The tables of one policy, by pipeline, in one world."""

    cast: Cast
    tables: dict[str, Table]
    score: Score = field(default_factory=Score)

    def has_blanket_refusal(self, operation: str, person: str) -> bool:
        """Return whether the person may run the operation on no target at all."""
        words = {table[operation][person] for table in self.tables.values() if operation in table.rows}
        return words == {"refuse"} and not operation.startswith("proposal ")

    async def set_up_props(self, operation: str, pipeline: str) -> Props:
        """Set up the target of an operation."""
        return await PROPS[SCENES[operation].props](self.cast, pipeline)

    def make_cell(self, operation: str, pipeline: str, person: str, via: str) -> Cell:
        """The square of that row and column."""
        writes = tuple(write.format(pipeline=pipeline) for write in SCENES[operation].writes)
        return Cell(operation, person, via, self.tables[pipeline][operation][person], writes)

    async def type_all(self, via: str, operations: Collection[str], *, repeated: bool) -> None:
        """Every cell of those operations by typing the words; `repeated`: and the same request once more."""
        for pipeline, table in self.tables.items():
            for operation in [row for row in table.rows if row in operations]:
                props: Props | None = None
                for person in PEOPLE:
                    props = props or await self.set_up_props(operation, pipeline)
                    cell = self.make_cell(operation, pipeline, person, via)
                    words = SCENES[operation].words.format(pipeline=pipeline, **vars(props))
                    await self._type_one(cell, words, repeated=repeated)
                    props = props if cell.word in UNUSED else None

    async def _type_one(self, cell: Cell, words: str, *, repeated: bool) -> None:
        person, slack, deploys = self.cast.people[cell.person], self.cast.world.slack, self.cast.world.deploys

        async def act() -> object:
            if cell.via == "slash":
                return await person.types(deploys, f"/bk {words}")
            return await person.posts(deploys, f"@kitestring {words}")

        seen = await self.act_once(cell, person, act)
        if repeated:
            await self.act_again(cell, person, slack.replay if cell.via == "slash" else slack.redeliver, seen)

    async def act_once(self, cell: Cell, person: Person, act: Act) -> Seen:
        """An act, judged by the table."""
        seen = await observe(self.cast.world, person, act)
        self.score.note(
            cell, seen, judge_first(cell, seen, hopeless=self.has_blanket_refusal(cell.operation, cell.person))
        )
        return seen

    async def act_again(self, cell: Cell, person: Person, repeat: Act, before: Seen) -> None:
        """Repeat a request, which must have no further effect."""
        seen = await observe(self.cast.world, person, repeat)
        self.score.note(cell, seen, judge_repeat(cell, before, seen), again=True)
