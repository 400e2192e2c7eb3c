"""Agent API metrics of queues, and stacks."""

from __future__ import annotations

from pathlib import Path

from inline_snapshot import snapshot

from bot.slack.blockkit import charts
from tests.conversations.acts import ask_privately
from tests.conversations.world import World, open_world


def find_requests(world: World) -> list[str]:
    """Return the requests to the Agent API."""
    return [request.path for request in world.buildkite.requests if request.path.startswith("/v3")]


async def make_busy(world: World) -> None:
    """Run one job and let others wait for agents."""
    build = world.buildkite.create_build("web")
    world.buildkite.start_job(build.find_job("lint").id, "ci-linux-1")
    world.buildkite.create_build("mobile")


async def test_queues_are_counted(world: World) -> None:
    """Agents and unfinished jobs are shown for the cluster and each queue, with two charts."""
    await make_busy(world)
    assert await ask_privately(world, world.bob, "metrics") == snapshot("""\
Cluster Open Source
*Agents*
4: 1 busy (25 %), 3 idle
*Unfinished jobs*
6: 1 running, 4 scheduled, 1 waiting
[bar] Agents per queue
  default | deploy
  Busy: 1 | 0
  Idle: 2 | 1
[bar] Unfinished jobs per queue
  default | deploy
  Running: 1 | 0
  Scheduled: 4 | 0
  Waiting: 1 | 0
2 queues
Queue · Idle · Busy · Agents · Running · Scheduled · Waiting
default · 2 · 1 · 3 · 1 · 4 · 1
deploy · 1 · 0 · 1 · 0 · 0 · 0\
""")
    drawn = [block for block in world.slack.ephemerals(world.bob)[-1].blocks or [] if block["type"] == charts.KIND]
    assert [charts.describe_chart(charts.parse_chart(item)).split(". ") for item in drawn] == snapshot(
        [
            ["Bars: Agents per queue", "Agents by Queue", "default: 1 Busy, 2 Idle", "deploy: 0 Busy, 1 Idle."],
            [
                "Bars: Unfinished jobs per queue",
                "Jobs by Queue",
                "default: 1 Running, 4 Scheduled, 1 Waiting",
                "All others: 0.",
            ],
        ]
    )


async def test_the_polling_interval_is_respected(world: World) -> None:
    """Two people share one request until the interval that Buildkite requests has passed."""
    await ask_privately(world, world.bob, "metrics")
    await ask_privately(world, world.alice, "metrics")
    assert find_requests(world) == ["/v3/metrics"]
    world.clock.advance(world.buildkite.poll_duration)
    await ask_privately(world, world.bob, "metrics")
    assert find_requests(world) == ["/v3/metrics"] * 2


async def test_one_queue_is_counted(world: World) -> None:
    """A busy queue is counted, and so is one that isn't in the list of all queues."""
    await make_busy(world)
    assert [await ask_privately(world, world.bob, f"metrics {key}") for key in ("default", "gpu")] == snapshot(
        [
            """\
Queue `default` of the cluster Open Source
*Agents*
3: 1 busy (33 %), 2 idle
*Unfinished jobs*
6: 1 running, 4 scheduled, 1 waiting\
""",
            """\
Queue `gpu` of the cluster Open Source
*Agents*
0: 0 busy, 0 idle
*Unfinished jobs*
0: 0 running, 0 scheduled, 0 waiting
No agents and no unfinished jobs: the queue is idle or doesn't exist.\
""",
        ]
    )


async def test_an_idle_cluster_has_no_charts(world: World) -> None:
    """Without agents and jobs, the numbers are zero and there are no charts."""
    world.buildkite.agents.clear()
    assert await ask_privately(world, world.bob, "metrics") == snapshot("""\
Cluster Open Source
*Agents*
0: 0 busy, 0 idle
*Unfinished jobs*
0: 0 running, 0 scheduled, 0 waiting
No queue has agents or unfinished jobs.\
""")


async def test_without_an_agent_token(tmp_path: Path) -> None:
    """Without an agent token, the reply says how an operator can set one."""
    async with open_world(tmp_path, webhooks=False) as world:
        words = ("metrics", "admin stacks", "queue view default")
        replies = [await ask_privately(world, world.bob, command) for command in words]
    assert replies[:2] == snapshot(
        [
            """\
I can't read metrics because I have no agent token.
Ask the bot's operator to set `BUILDKITE_AGENT_TOKEN` (Buildkite → Agents → a cluster → Agent Tokens).\
""",
            """\
I can't list stacks because I have no agent token.
Ask the bot's operator to set `BUILDKITE_AGENT_TOKEN` (Buildkite → Agents → a cluster → Agent Tokens).\
""",
        ]
    )
    assert "*Jobs*" not in replies[2]


async def test_a_refused_agent_token_is_reported(world: World) -> None:
    """The error contains Buildkite's words and the variable that holds the token."""
    world.buildkite.agent_token = "bkct_another"
    assert await ask_privately(world, world.bob, "metrics") == snapshot("""\
⚠️ Buildkite doesn't accept my token: Invalid access token
Ask the bot's operator to check BUILDKITE_AGENT_TOKEN (run `kitestring doctor`).\
""")


async def test_stacks_are_listed_where_buildkite_lists_them(world: World) -> None:
    """With the older document's call, stacks, their queues and paused queues are listed."""
    assert await ask_privately(world, world.bob, "admin stacks") == snapshot("""\
*Queues*
default, deploy
There are no stacks.\
""")
    world.buildkite.stacks["k8s"] = {
        "key": "k8s",
        "type": "kubernetes",
        "cluster_queue_key": "default",
        "last_connected_on": "2026-11-02T08:59:00.000Z",
        "state": "connected",
    }
    world.buildkite.cluster.queues[0].paused = True
    assert await ask_privately(world, world.bob, "admin stacks") == snapshot("""\
*Queues*
default, deploy
*Paused*
default
1 stack
Stack · Type · Queue · State · Seen
k8s · kubernetes · default · connected · 2026-11-02 08:59 UTC\
""")


async def test_without_a_list_of_stacks_there_is_an_alternative(world: World) -> None:
    """Newer documents have no list; the reply quotes Buildkite and says what can be asked instead."""
    world.buildkite.lists_stacks = False
    assert await ask_privately(world, world.bob, "admin stacks") == snapshot("""\
Buildkite doesn't list stacks for this token. Buildkite says: Not Found
If you know a stack's key, list its waiting jobs with `/bk admin stacks <key>`.\
""")


async def test_waiting_jobs_of_a_stack_are_listed(world: World) -> None:
    """Jobs are listed by the stack's key, oldest first; an unknown key gets Buildkite's words."""
    world.buildkite.stacks["k8s"] = {"key": "k8s", "type": "kubernetes"}
    assert await ask_privately(world, world.bob, "admin stacks k8s") == snapshot(
        "No jobs are waiting for the stack k8s in the default queue."
    )
    world.buildkite.create_build("web")
    world.clock.advance(60)
    words = ("admin stacks k8s", "stacks k8s --queue deploy", "stacks other", "stacks ../metrics")
    assert [await ask_privately(world, world.bob, reply) for reply in words] == snapshot(
        [
            """\
3 jobs waiting for k8s in the default queue
Build · Branch · Step · Rules · Since
web#1 · main · lint · queue=default · 2026-11-02 09:00 UTC
web#1 · main · test · queue=default · 2026-11-02 09:00 UTC
web#1 · main · test · queue=default · 2026-11-02 09:00 UTC\
""",
            "No jobs are waiting for the stack k8s in queue deploy.",
            """\
⚠️ Buildkite has no stack other, or the token can't see it.
Buildkite says: No stack found\
""",
            """\
⚠️ `../metrics` doesn't have the right form for `stack`.
Usage: `/bk admin stacks [stack] [-q queue]`\
""",
        ]
    )
