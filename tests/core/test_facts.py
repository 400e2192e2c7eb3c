"""What we know of a build stays true or in doubt, whatever becomes of webhooks and answers on their way.

A random history of one build runs against random deliveries: repeated, late, out of order, lost, newer than their
event; and against reads that are asked at one time and answered at another, with any state from in between.
"""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from bot.buildkite.models import Build
from bot.builds.fold.merge import apply_deletion, apply_read, apply_webhook, assume_confirmed, select_visible
from bot.builds.model import TrackedBuild

START = datetime(2026, 8, 21, 12, tzinfo=UTC)
BORN = Build(
    id="b",
    number=1,
    state="scheduled",
    url="https://api.buildkite.com/v2/organizations/acme-inc/pipelines/web/builds/1",
)
RUNNING = {"state": "running", "blocked": False, "failing_at": None, "finished_at": None}
LEGAL = {
    "scheduled": ["run", "block", "cancel", "skip"],
    "running": ["fail", "pass", "block", "break", "canceling", "cancel"],
    "failing": ["fail", "block", "canceling", "cancel"],
    "canceling": ["cancel"],
    "blocked": ["again", "cancel"],
    "passed": ["again"],
    "failed": ["again"],
    "canceled": ["again"],
    "skipped": [],
}


def changed(build: Build, move: str, now: datetime) -> Build:
    """The build after `move`, with the times that Buildkite would write: whole seconds."""
    whole = now.replace(microsecond=0)
    update = {
        "run": RUNNING | {"started_at": whole},
        "again": RUNNING | {"started_at": build.started_at or whole},
        "break": {"state": "failing", "failing_at": whole},
        "canceling": {"state": "canceling"},
        "pass": {"state": "passed", "finished_at": whole},
        "fail": {"state": "failed", "finished_at": whole},
        "cancel": {"state": "canceled", "blocked": False, "finished_at": whole},
        "skip": {"state": "skipped", "finished_at": whole},
        "block": {
            "state": "failed" if build.state == "failing" else "passed",
            "blocked": True,
            "finished_at": whole,
        },
    }[move]
    return build.model_copy(update=update)


@dataclass
class Question:
    """A read under way: when it was asked, how many doubts there were, what was true then."""

    at: datetime
    doubts: int
    version: int


@dataclass
class World:
    """The build at Buildkite, what is on its way, and what we know; each move keeps the promises or raises."""

    skew: float = 0
    now: datetime = START
    truth: list[Build] = field(default_factory=lambda: [BORN])
    undelivered: set[int] = field(default_factory=lambda: {0})
    open: list[Question] = field(default_factory=list)
    known: TrackedBuild | None = None
    log: list[str] = field(default_factory=list)

    @property
    def here(self) -> datetime:
        """The time by our clock, which is not Buildkite's."""
        return self.now + timedelta(seconds=self.skew)

    def step(self, what: str, a: int, b: int, pause: float) -> None:
        """Let time pass, then do `what`; `a` and `b` choose among what is possible."""
        self.now += timedelta(seconds=pause, milliseconds=1)
        getattr(self, what)(a, b)
        self.promise_truth_or_doubt()

    def change(self, a: int, _b: int) -> None:
        """The build moves on, or back to life; a webhook about it sets out."""
        moves = LEGAL[self.truth[-1].phase]
        if moves:
            self.truth.append(changed(self.truth[-1], moves[a % len(moves)], self.now))
            self.undelivered.add(len(self.truth) - 1)
            self.log.append(f"{self.now:%T.%f} truth {self.truth[-1].phase}")

    def deliver(self, a: int, b: int) -> None:
        """Any webhook that ever set out arrives, perhaps again, with the state of its event or a newer one."""
        event = a % len(self.truth)
        version = event + b % (len(self.truth) - event)
        self.undelivered.discard(event)
        self.log.append(f"{self.now:%T.%f} heard {self.truth[version].phase} (version {version}, event {event})")
        self.learn(apply_webhook(self.known, self.truth[version], self.here))

    def ask(self, _a: int, _b: int) -> None:
        """A read sets out."""
        doubts = self.known.changes_reported if self.known else 0
        self.open.append(Question(self.here, doubts, len(self.truth) - 1))
        self.log.append(f"{self.now:%T.%f} asked (doubt {doubts})")

    def answer(self, a: int, b: int) -> None:
        """A read comes back with the state of any moment since it was asked; an older one changes nothing."""
        if not self.open:
            return
        question = self.open.pop(a % len(self.open))
        build = self.truth[question.version + b % (len(self.truth) - question.version)]
        self.log.append(f"{self.now:%T.%f} read {build.phase} (asked {question.at:%T}, doubt {question.doubts})")
        before = self.known
        self.learn(apply_read(before, build, question.at, question.doubts))
        if before and before.read_at and question.at < before.read_at:
            assert self.known == before, self.story()

    def lose(self, a: int, _b: int) -> None:
        """A read is never answered."""
        if self.open:
            self.open.pop(a % len(self.open))

    def learn(self, after: TrackedBuild) -> None:
        """Take `after` for what is known; the revision grows exactly when people see something else."""
        before, self.known = self.known, after
        self.log.append(f"      knows {after.build.phase}, doubt {after.changes_reported}, settled {after.changes_confirmed}")
        grown = after.revision - (before.revision if before else 0)
        seen = before is None or before.deleted != after.deleted or select_visible(before.build) != select_visible(after.build)
        assert grown == seen, self.story()

    def promise_truth_or_doubt(self) -> None:
        """While nothing is lost, what is known is true or in doubt."""
        if self.known and not self.undelivered:
            true = select_visible(self.known.build) == select_visible(self.truth[-1])
            assert true or self.known.unconfirmed, self.story()

    def settle(self, order: list[int]) -> None:
        """Everything that is on its way arrives, then one more read is asked and answered."""
        for each in sorted(self.undelivered, key=lambda event: order[event % len(order)]):
            self.deliver(each, 0)
        self.now += timedelta(milliseconds=1)
        self.ask(0, 0)
        self.answer(len(self.open) - 1, 0)

    def promise_truth(self) -> None:
        """What is known is true and not in doubt."""
        assert self.known
        assert select_visible(self.known.build) == select_visible(self.truth[-1]), self.story()
        assert not self.known.unconfirmed, self.story()

    def story(self) -> str:
        """What happened, for whoever has to explain it."""
        return "\n".join(self.log)


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["change", "change", "deliver", "deliver", "ask", "answer", "lose"]),
        st.integers(0, 11),
        st.integers(0, 11),
        st.sampled_from([0, 0.4, 1, 3, 90]),
    ),
    max_size=30,
)
SKEW = st.sampled_from([-30.0, -1.0, 0.0, 1.0, 30.0])


def lived(steps: list[tuple[str, int, int, float]], skew: float) -> World:
    """A world in which `steps` have happened."""
    world = World(skew)
    for step in steps:
        world.step(*step)
    return world


@settings(max_examples=600, deadline=None)
@given(steps=STEPS, skew=SKEW)
def test_what_is_known_is_true_or_in_doubt(steps, skew):
    """Once all that was sent has arrived in any order, we know the truth or know that we may not.

    On the way the revision grows exactly with what people see, and an older answer never undoes a younger one.
    """
    lived(steps, skew)


@settings(max_examples=600, deadline=None)
@given(steps=STEPS, skew=SKEW, order=st.permutations(range(12)))
def test_one_read_after_the_last_webhook_settles_everything(steps, skew, order):
    """Whatever went wrong before, a read asked after the last delivery brings the truth and ends all doubt."""
    world = lived(steps, skew)
    world.settle(order)
    world.promise_truth()


@settings(max_examples=300, deadline=None)
@given(steps=STEPS, skew=SKEW, order=st.permutations(range(12)), late=st.integers(0, 11))
def test_late_answers_undo_nothing(steps, skew, order, late):
    """Answers to older questions that trickle in after a younger one leave everything as it is."""
    world = lived(steps, skew)
    world.settle(order)
    while world.open:
        world.answer(late, late)
    world.promise_truth()


@settings(max_examples=300, deadline=None)
@given(steps=STEPS, skew=SKEW)
def test_lost_webhooks_cost_only_time(steps, skew):
    """With every undelivered webhook lost for good, one read still brings the truth."""
    world = lived(steps, skew)
    world.undelivered.clear()
    world.settle([0])
    world.promise_truth()


@given(steps=STEPS)
def test_a_deleted_build_is_seen_once_and_can_come_back(steps):
    """A 404 changes what people see exactly once; a later answer with the build takes that back."""
    world = lived(steps, 0)
    world.settle([0])
    at = world.here + timedelta(seconds=1)
    missing = apply_deletion(world.known, at, world.known.changes_reported)
    assert (missing.deleted, missing.revision) == (True, world.known.revision + 1)
    assert apply_deletion(missing, at, missing.changes_reported).revision == missing.revision
    back = apply_read(missing, world.truth[-1], at + timedelta(seconds=1), missing.changes_reported)
    assert (back.deleted, back.revision) == (False, missing.revision + 1)


def move(world: World, name: str) -> int:
    """The choice that makes the build do `name` next."""
    return LEGAL[world.truth[-1].phase].index(name)


def test_an_answer_that_was_overtaken_by_a_webhook_leaves_a_doubt():
    """The build blocks and runs again while a read is under way; the webhooks arrive in the wrong order.

    "Running" agrees with what is shown, the read then says "blocked", and the late "blocked" agrees with that:
    nobody contradicted anybody, and still what is shown is wrong, so it has to be in doubt.
    """
    world = World()
    world.step("deliver", 0, 0, 1)
    world.step("change", move(world, "run"), 0, 1)
    world.step("deliver", 1, 0, 1)
    world.step("ask", 0, 0, 1)
    world.step("answer", 0, 0, 1)
    world.step("ask", 0, 0, 1)
    world.step("change", move(world, "block"), 0, 5)
    world.step("change", move(world, "again"), 0, 5)
    world.step("deliver", 3, 0, 1)
    world.step("answer", 0, 1, 1)
    world.step("deliver", 2, 0, 1)
    assert world.known.unconfirmed


def test_two_reads_that_contradict_each_other_leave_a_doubt():
    """The older question brings the younger state, the webhook agrees, the younger question brings the older."""
    world = World()
    world.step("ask", 0, 0, 1)
    world.step("deliver", 0, 0, 3)
    world.step("ask", 0, 0, 0)
    world.step("change", move(world, "block"), 0, 90)
    world.step("answer", 0, 1, 0)
    world.step("deliver", 1, 0, 90)
    world.step("answer", 0, 0, 90)
    assert world.known.unconfirmed


def test_a_webhook_in_whole_seconds_repeats_what_rest_told_in_milliseconds() -> None:
    """A webhook about the moment that a read had told to the millisecond raises no doubt and draws nothing."""
    began, ended = START.replace(microsecond=913_000), (START + timedelta(seconds=8)).replace(microsecond=120_000)
    told = BORN.model_copy(update={"state": "passed", "started_at": began, "finished_at": ended})
    whole = {"started_at": began.replace(microsecond=0), "finished_at": ended.replace(microsecond=0)}
    known = apply_read(None, told, START, 0)
    after = apply_webhook(known, told.model_copy(update=whole), START + timedelta(seconds=9))
    assert (after.changes_reported, after.revision) == (known.changes_reported, known.revision)


def test_an_end_that_was_heard_in_whole_seconds_is_no_later_life() -> None:
    """An end that was announced in doubt, then read to the millisecond, is the same end: no new episode."""
    ended = (START + timedelta(seconds=8)).replace(microsecond=120_000)
    end = BORN.model_copy(update={"state": "passed", "finished_at": ended})
    known = assume_confirmed(
        apply_webhook(None, end.model_copy(update={"finished_at": ended.replace(microsecond=0)}), START)
    )
    assert apply_read(known, end, START + timedelta(seconds=9), known.changes_reported).generation == known.generation
