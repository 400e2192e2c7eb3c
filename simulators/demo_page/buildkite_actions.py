"""Actions of the Buildkite panel: advance builds, lose agents, break the network."""

import random
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from simulators.demo_page.demo_state import DemoState
from simulators.demo_page.job_output import finish, start
from simulators.demo_page.origin_guard import ActionRefused
from simulators.demo_page.slack_actions import read_text

Json = dict[str, Any]
Given = Mapping[str, Any]
MESSAGES = (
    "Show the delivery date in the basket",
    "Round prices after the discount, not before",
    "Do not lose the voucher on reload",
    "Upgrade the payment client",
)
NASTY = "<!channel> *look* <https://evil.example|your invoice> <script>alert(1)</script> @here `x"
LATE_SECONDS = 20.0
BUSY_SECONDS = 10


async def build_elsewhere(state: DemoState, given: Given) -> Json:
    """Push to `pipeline` as a colleague; `hostile` uses a commit message with mentions and links."""
    buildkite = state.buildkite
    draw = random.Random(len(buildkite.builds))
    message = NASTY if given.get("hostile") is True else draw.choice(MESSAGES)
    branch = buildkite.find_pipeline(read_text(given, "pipeline")).default_branch
    buildkite.create_build_elsewhere(
        read_text(given, "pipeline"), branch, message, creator="Noor Haddad", source="webhook"
    )
    return {}


async def start_job(state: DemoState, given: Given) -> Json:
    """Start the job on a free agent."""
    start(state.buildkite, state.buildkite.find_job(read_text(given, "job")))
    return {}


async def finish_job(state: DemoState, given: Given) -> Json:
    """Let the job pass (`exit_status` 0) or fail."""
    status = given.get("exit_status")
    if not isinstance(status, int) or not 0 <= status <= 255:
        raise ActionRefused("`exit_status` must be a number from 0 to 255.")
    finish(state.buildkite, state.buildkite.find_job(read_text(given, "job")), status)
    return {}


async def unblock_job(state: DemoState, given: Given) -> Json:
    """Unblock the build as on Buildkite's page, with the first choice of each field."""
    job = state.buildkite.find_job(read_text(given, "job"))
    answers = {field["key"]: _answer(field) for field in job.step.fields}
    state.buildkite.unblock(job.id, answers, by=state.buildkite.person("Noor Haddad"))
    return {}


def _answer(field: Json) -> str:
    options = field.get("options") or [{"value": "from the panel"}]
    return str(field.get("default") or options[0]["value"])


async def run_to_end(state: DemoState, given: Given) -> Json:
    """Run the build to its end or to a block step, without failures."""
    build = state.buildkite.find_build(read_text(given, "pipeline"), int(given.get("number") or 0))
    state.buildkite.run_build(build)
    return {}


async def lose_agent(state: DemoState, given: Given) -> Json:
    """Lose the agent."""
    state.buildkite.lose_agent(read_text(given, "agent"))
    return {}


async def connect_agent(state: DemoState, given: Given) -> Json:
    """Connect the agent again."""
    state.buildkite.connect_agent(read_text(given, "agent"))
    return {}


async def autoplay(state: DemoState, given: Given) -> Json:
    """Turn autoplay on or off (`on`), with a step every `seconds`."""
    state.autoplay.enabled = given.get("on") is True
    seconds = given.get("seconds")
    if isinstance(seconds, int | float):
        state.autoplay.seconds = min(max(float(seconds), 0.2), 60.0)
    return {}


async def network(state: DemoState, given: Given) -> Json:
    """Break (`on`) or restore one part of the network, by `name`."""
    name = read_text(given, "name")
    if name not in SWITCHES:
        raise ActionRefused("Unknown switch.", 404)
    SWITCHES[name](state, given.get("on") is True)
    return {}


async def slack_busy(state: DemoState, _: Given) -> Json:
    """Refuse the next message and the next edit with 429 for ten seconds."""
    for method in ("chat.postMessage", "chat.update"):
        state.slack.faults.rate_limit(method, retry_after=BUSY_SECONDS)
    return {}


def _webhooks_off(state: DemoState, on: bool) -> None:
    state.buildkite.webhooks_off = on


def _webhooks_lost(state: DemoState, on: bool) -> None:
    state.buildkite.network.drop = 0.5 if on else 0.0


def _webhooks_late(state: DemoState, on: bool) -> None:
    way = state.buildkite.network
    way.delay, way.reorder, way.longest = (1.0, 0.5, LATE_SECONDS) if on else (0.0, 0.0, LATE_SECONDS)


def _webhooks_doubled(state: DemoState, on: bool) -> None:
    state.buildkite.network.double = 1.0 if on else 0.0


def _buildkite_down(state: DemoState, on: bool) -> None:
    state.buildkite.down = on


def _slack_down(state: DemoState, on: bool) -> None:
    state.slack.down = on


def _slack_plain(state: DemoState, on: bool) -> None:
    state.slack.unknown_blocks = {"data_visualization"} if on else set()


SWITCHES: Mapping[str, Callable[[DemoState, bool], None]] = {
    "webhooks_off": _webhooks_off,
    "webhooks_lost": _webhooks_lost,
    "webhooks_late": _webhooks_late,
    "webhooks_doubled": _webhooks_doubled,
    "buildkite_down": _buildkite_down,
    "slack_down": _slack_down,
    "slack_plain": _slack_plain,
}
PANEL: Mapping[str, Callable[[DemoState, Given], Awaitable[Json]]] = {
    "build_elsewhere": build_elsewhere,
    "start_job": start_job,
    "finish_job": finish_job,
    "unblock_job": unblock_job,
    "run_to_end": run_to_end,
    "lose_agent": lose_agent,
    "connect_agent": connect_agent,
    "autoplay": autoplay,
    "network": network,
    "slack_busy": slack_busy,
}
