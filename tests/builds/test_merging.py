"""A tracked build stays true or unconfirmed, whatever happens to webhooks and reads on their way."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from bot.buildkite.models import Build
from bot.builds.fold.merge import apply_deletion, apply_read, apply_webhook, assume_confirmed, select_visible
from bot.builds.model import TrackedBuild
from tests.sampling import many_examples

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


def apply_change(build: Build, move: str, now: datetime) -> Build:
    """Return the build after `move`, with times as Buildkite would write them: in whole seconds."""
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
class PendingRead:
    """A read under way: when it was requested, how many changes were reported by then, what was true then."""

    asked_at: datetime
    reported: int
    version: int


@dataclass
class Simulation:
    """A build in Buildkite, what is on its way, and what is tracked; each move checks the invariants."""

    skew: float = 0
    now: datetime = START
    truth: list[Build] = field(default_factory=lambda: [BORN])
    undelivered: set[int] = field(default_factory=lambda: {0})
    reads: list[PendingRead] = field(default_factory=list)
    tracked: TrackedBuild | None = None
    log: list[str] = field(default_factory=list)

    @property
    def bot_time(self) -> datetime:
        """Return the time of our clock, which isn't Buildkite's."""
        return self.now + timedelta(seconds=self.skew)

    def step(self, what: str, a: int, b: int, pause: float) -> None:
        """Let time pass, then do `what`; `a` and `b` choose among the possibilities."""
        self.now += timedelta(seconds=pause, milliseconds=1)
        getattr(self, what)(a, b)
        self.check_true_or_unconfirmed()

    def change(self, a: int, _b: int) -> None:
        """Change the build to its next state, or back to life, and send a webhook about it."""
        moves = LEGAL[self.truth[-1].phase]
        if moves:
            self.truth.append(apply_change(self.truth[-1], moves[a % len(moves)], self.now))
            self.undelivered.add(len(self.truth) - 1)
            self.log.append(f"{self.now:%T.%f} truth {self.truth[-1].phase}")

    def deliver(self, a: int, b: int) -> None:
        """Deliver any webhook ever sent, perhaps again, with the state of its event or a newer one."""
        event = a % len(self.truth)
        version = event + b % (len(self.truth) - event)
        self.undelivered.discard(event)
        self.log.append(f"{self.now:%T.%f} heard {self.truth[version].phase} (version {version}, event {event})")
        self.accept(apply_webhook(self.tracked, self.truth[version], self.bot_time))

    def ask(self, _a: int, _b: int) -> None:
        """Request a read."""
        reported = self.tracked.changes_reported if self.tracked else 0
        self.reads.append(PendingRead(self.bot_time, reported, len(self.truth) - 1))
        self.log.append(f"{self.now:%T.%f} asked (reported {reported})")

    def answer(self, a: int, b: int) -> None:
        """Answer a read with the state of any moment since it was requested; an older answer changes nothing."""
        if not self.reads:
            return
        question = self.reads.pop(a % len(self.reads))
        build = self.truth[question.version + b % (len(self.truth) - question.version)]
        self.log.append(
            f"{self.now:%T.%f} read {build.phase} (asked {question.asked_at:%T}, reported {question.reported})"
        )
        before = self.tracked
        self.accept(apply_read(before, build, question.asked_at, question.reported))
        if before and before.read_at and question.asked_at < before.read_at:
            assert self.tracked == before, self.format_log()

    def lose(self, a: int, _b: int) -> None:
        """Lose a read."""
        if self.reads:
            self.reads.pop(a % len(self.reads))

    def accept(self, after: TrackedBuild) -> None:
        """Take `after` as the tracked build; the revision grows exactly when people see a difference."""
        before, self.tracked = self.tracked, after
        self.log.append(
            f"      tracked {after.build.phase}, "
            f"reported {after.changes_reported}, confirmed {after.changes_confirmed}"
        )
        grown = after.revision - (before.revision if before else 0)
        seen = (
            before is None
            or before.deleted != after.deleted
            or select_visible(before.build) != select_visible(after.build)
        )
        assert grown == seen, self.format_log()

    def check_true_or_unconfirmed(self) -> None:
        """Check that the tracked build is true or unconfirmed while nothing is lost."""
        if self.tracked and not self.undelivered:
            true = select_visible(self.tracked.build) == select_visible(self.truth[-1])
            assert true or self.tracked.unconfirmed, self.format_log()

    def settle(self, order: list[int]) -> None:
        """Deliver everything on its way, then request and answer one more read."""
        for each in sorted(self.undelivered, key=lambda event: order[event % len(order)]):
            self.deliver(each, 0)
        self.now += timedelta(milliseconds=1)
        self.ask(0, 0)
        self.answer(len(self.reads) - 1, 0)

    def check_confirmed_truth(self) -> None:
        """Check that the tracked build is true and confirmed."""
        assert self.tracked
        assert select_visible(self.tracked.build) == select_visible(self.truth[-1]), self.format_log()
        assert not self.tracked.unconfirmed, self.format_log()

    def format_log(self) -> str:
        """Return what happened, to explain a failure."""
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


def run_steps(steps: list[tuple[str, int, int, float]], skew: float) -> Simulation:
    """Return a simulation in which `steps` have happened."""
    world = Simulation(skew)
    for step in steps:
        world.step(*step)
    return world


@many_examples(600)
@given(steps=STEPS, skew=SKEW)
def test_the_tracked_state_is_true_or_unconfirmed(steps, skew):
    """Once every webhook has arrived, in any order, the tracked state is true or known to be unconfirmed.

    Meanwhile the revision grows exactly with visible changes, and an older read never undoes a newer one.
    """
    run_steps(steps, skew)


@many_examples(600)
@given(steps=STEPS, skew=SKEW, order=st.permutations(range(12)))
def test_a_read_after_the_last_webhook_confirms_everything(steps, skew, order):
    """Whatever went wrong before, a read requested after the last webhook brings the truth."""
    world = run_steps(steps, skew)
    world.settle(order)
    world.check_confirmed_truth()


@many_examples(300)
@given(steps=STEPS, skew=SKEW, order=st.permutations(range(12)), late=st.integers(0, 11))
def test_late_answers_undo_nothing(steps, skew, order, late):
    """Answers to older reads that arrive after a newer one change nothing."""
    world = run_steps(steps, skew)
    world.settle(order)
    while world.reads:
        world.answer(late, late)
    world.check_confirmed_truth()


@many_examples(300)
@given(steps=STEPS, skew=SKEW)
def test_lost_webhooks_cost_only_time(steps, skew):
    """If every undelivered webhook is lost, one read still brings the truth."""
    world = run_steps(steps, skew)
    world.undelivered.clear()
    world.settle([0])
    world.check_confirmed_truth()


@given(steps=STEPS)
def test_a_deleted_build_is_seen_once_and_can_come_back(steps):
    """A 404 is one visible change; a later answer with the build takes it back."""
    world = run_steps(steps, 0)
    world.settle([0])
    at = world.bot_time + timedelta(seconds=1)
    missing = apply_deletion(world.tracked, at, world.tracked.changes_reported)
    assert (missing.deleted, missing.revision) == (True, world.tracked.revision + 1)
    assert apply_deletion(missing, at, missing.changes_reported).revision == missing.revision
    back = apply_read(missing, world.truth[-1], at + timedelta(seconds=1), missing.changes_reported)
    assert (back.deleted, back.revision) == (False, missing.revision + 1)


def move(world: Simulation, name: str) -> int:
    """The choice that makes the build do `name` next."""
    return LEGAL[world.truth[-1].phase].index(name)


def test_an_answer_overtaken_by_a_webhook_stays_unconfirmed():
    """A build blocks and resumes during a read, and its webhooks arrive in the wrong order.

    "Running" agrees with what is shown, the read then says "blocked", and the late "blocked" agrees with that. No
    report contradicts another, and yet the state shown is wrong, so it has to be unconfirmed.
    """
    world = Simulation()
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
    assert world.tracked.unconfirmed


def test_contradicting_reads_stay_unconfirmed():
    """The older read returns the newer state, a webhook agrees, and the newer read returns the older state."""
    world = Simulation()
    world.step("ask", 0, 0, 1)
    world.step("deliver", 0, 0, 3)
    world.step("ask", 0, 0, 0)
    world.step("change", move(world, "block"), 0, 90)
    world.step("answer", 0, 1, 0)
    world.step("deliver", 1, 0, 90)
    world.step("answer", 0, 0, 90)
    assert world.tracked.unconfirmed


def test_a_webhook_in_whole_seconds_repeats_a_read_in_milliseconds() -> None:
    """A webhook about a moment that a read returned in milliseconds is no change."""
    began, ended = START.replace(microsecond=913_000), (START + timedelta(seconds=8)).replace(microsecond=120_000)
    read = BORN.model_copy(update={"state": "passed", "started_at": began, "finished_at": ended})
    whole = {"started_at": began.replace(microsecond=0), "finished_at": ended.replace(microsecond=0)}
    tracked = apply_read(None, read, START, 0)
    after = apply_webhook(tracked, read.model_copy(update=whole), START + timedelta(seconds=9))
    assert (after.changes_reported, after.revision) == (tracked.changes_reported, tracked.revision)


def test_an_end_in_whole_seconds_is_not_a_new_generation() -> None:
    """An announced end that is then read in milliseconds is the same end."""
    ended = (START + timedelta(seconds=8)).replace(microsecond=120_000)
    end = BORN.model_copy(update={"state": "passed", "finished_at": ended})
    tracked = assume_confirmed(
        apply_webhook(None, end.model_copy(update={"finished_at": ended.replace(microsecond=0)}), START)
    )
    assert (
        apply_read(tracked, end, START + timedelta(seconds=9), tracked.changes_reported).generation
        == tracked.generation
    )
