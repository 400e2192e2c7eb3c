"""The home of a person: what is theirs, with buttons, kept true while they look."""

from __future__ import annotations

import re
from itertools import pairwise
from pathlib import Path

from inline_snapshot import snapshot

from simulators.slack.person import Person
from tests.conversations.acts import ask_privately, block_build, fail_build, start_build
from tests.conversations.world import _DATE, World, open_world


async def open_home(world: World, person: Person) -> str:
    """Open a person's home and return its text."""
    await person.opens_home()
    await world.settle(1)
    return read_home(world, person)


def read_home(world: World, person: Person) -> str:
    """Return the text of a person's home."""
    view = world.slack.home_of(person)
    return _DATE.sub(r"\1", view.plain()) if view else ""


def count_publications(world: World) -> int:
    """Return the number of publications of any home."""
    return sum(call.method == "views.publish" and call.ok for call in world.slack.calls)


async def test_an_empty_home_teaches_how_to_fill_it(world: World) -> None:
    """Empty sections explain what appears there and how to start."""
    assert await open_home(world, world.bob) == snapshot("""\
Your builds
Your builds, and what you can do with them. For everything else, type `/bk help` in a channel.
[Start a build]
---
Waiting for you
Nothing is waiting for you. Your blocked builds and approvals that you can give appear here.
---
Running
You have no running builds. Start one above, or type `/bk build create web` in a channel.
---
Failed on your branches
No failing branches. Failures stay here for 7 days.
---
Your subscriptions
No subscriptions yet. Type `/bk subscribe web` in a channel to hear about failures.
---
Buildkite account
Not connected: I use my own Buildkite token for you. Connect your account to act under your own name.
[Connect]
---
API tokens
Programs with an API token act as you, within its limits.
[Create]\
""")


async def test_a_home_shows_my_builds(world: World) -> None:
    """Running and blocked builds, failures, subscriptions: Alice's own, and not what Bob has started."""
    await world.alice.types(world.deploys, "/bk subscribe deploy-* --state failed")
    await world.settle(1)
    await world.alice.clicks(world.slack.ephemerals(world.alice)[-1], "Save")
    await fail_build(world, "web -b fix/cart")
    await block_build(world)
    running = await start_build(world, "mobile")
    world.buildkite.start_job(running.jobs[0].id)
    await world.bob.types(world.deploys, "/bk build create web -b bobs")
    await world.settle(3)
    assert await open_home(world, world.alice) == snapshot("""\
Your builds
Your builds, and what you can do with them. For everything else, type `/bk help` in a channel.
[Start a build]
---
Waiting for you
✋ *deploy-prod#1* is blocked on `main` · since 2026-11-02 09:00 UTC
[Unblock]
---
Running
🔵 *mobile#1* is running on `main` · started 2026-11-02 09:00 UTC
[Cancel]
---
Failed on your branches
❌ *web#1* failed on `fix/cart` · ended 2026-11-02 09:00 UTC
[Retry failed] [Rebuild] [Logs]
---
Your subscriptions
`deploy-*`: failed · <#C0DEPLOYS>
[Unsubscribe]
---
Buildkite account
Not connected: I use my own Buildkite token for you. Connect your account to act under your own name.
[Connect]
---
API tokens
Programs with an API token act as you, within its limits.
[Create]\
""")


async def test_a_home_changes_when_something_of_mine_does(world: World) -> None:
    """A build that ends moves to its section although the home isn't opened again."""
    build = await start_build(world, "web -b fix/cart")
    before = await open_home(world, world.alice)
    world.buildkite.run_build(build, fail=["lint"])
    await world.settle(15, step=2.5)
    after = read_home(world, world.alice)
    assert ("is scheduled" in before, " failed on " in before) == (True, False)
    assert ("is scheduled" in after, " failed on " in after) == (False, True)


async def test_builds_of_others_do_not_publish_my_home(world: World) -> None:
    """Bob's builds don't cause Alice's home to be published again."""
    await open_home(world, world.alice)
    before = count_publications(world)
    await world.bob.types(world.deploys, "/bk build create web -b bobs")
    await world.settle(3)
    world.buildkite.run_build(world.buildkite.builds[-1])
    await world.settle(30, step=5)
    assert count_publications(world) == before == 1


async def test_a_home_is_published_once_in_ten_seconds(world: World) -> None:
    """A home is published at most once in ten seconds, however often it is opened."""
    await open_home(world, world.alice)
    for number in range(4):
        await world.alice.types(world.deploys, f"/bk build create web -b try-{number}")
        await world.alice.opens_home()
        await world.settle(2)
    assert count_publications(world) == 1
    await world.settle(12, step=2)
    times = [call.at for call in world.slack.calls if call.method == "views.publish"]
    assert len(times) > 1
    assert min(later - earlier for earlier, later in pairwise(times)) >= 10


async def test_homes_that_are_not_opened_are_not_published(world: World) -> None:
    """A week after it was opened last, a home is left alone until it is opened again."""
    await open_home(world, world.alice)
    world.clock.advance(8 * 24 * 3600)
    await start_build(world, "web")
    await world.settle(15, step=2.5)
    assert count_publications(world) == 1
    assert "is scheduled" in await open_home(world, world.alice)


async def test_slack_is_busy_and_the_home_comes_later(world: World) -> None:
    """A 429 is waited for, and nothing is sent before."""
    world.slack.faults.rate_limit("views.publish", retry_after=20)
    await world.alice.opens_home()
    await world.settle(15, step=2.5)
    assert read_home(world, world.alice) == ""
    await world.settle(10, step=2.5)
    assert "Your builds" in read_home(world, world.alice)
    calls = [call.at for call in world.slack.calls if call.method == "views.publish"]
    assert calls[1] - calls[0] >= 20


async def test_a_guest_reads_why_there_is_nothing(world: World) -> None:
    """Gwen's home says what she may not, and whom to ask; it has no buttons."""
    assert await open_home(world, world.gwen) == snapshot("""\
Kitestring
⚠️ Guests of this workspace cannot use Kitestring.
Ask a full member to do it for you, or a workspace admin to make you a full member.\
""")


async def test_a_person_who_has_left_has_no_home(world: World) -> None:
    """For a deactivated account nothing is published."""
    world.slack.profiles[world.bob.id].deleted = True
    assert await open_home(world, world.bob) == ""


async def test_buttons_act_with_my_rights_and_answer_by_direct_message(world: World) -> None:
    """Cancel asks first; its result comes by direct message and shows on the home."""
    build = await start_build(world, "web -b fix/cart")
    await open_home(world, world.alice)
    await world.alice.clicks(world.slack.home_of(world.alice), "Cancel")
    await world.settle(15, step=2.5)
    assert build.state == "canceled"
    answer = [message.plain() for message in world.slack.messages(world.alice.dm)]
    assert answer == snapshot(["alice canceled web#1"])
    assert "You have no running builds" in read_home(world, world.alice)


async def test_rights_are_judged_at_the_press(world: World) -> None:
    """Alice becomes a guest after her home was published: its button is refused by direct message."""
    build = await start_build(world, "web")
    await open_home(world, world.alice)
    profile = world.slack.profiles[world.alice.id]
    profile.admin, profile.guest = False, "restricted"
    world.clock.advance(301)
    await world.alice.clicks(world.slack.home_of(world.alice), "Cancel")
    await world.settle(2)
    assert build.state == "scheduled"
    assert [message.plain() for message in world.slack.messages(world.alice.dm)] == snapshot(
        [
            """\
⚠️ Guests of this workspace cannot use Kitestring.
Ask a full member to do it for you, or a workspace admin to make you a full member.\
"""
        ]
    )


async def test_a_press_that_comes_twice_acts_once(world: World) -> None:
    """Rebuild pressed twice in a row is one rebuild."""
    await fail_build(world, "web -b fix/cart")
    await open_home(world, world.alice)
    await world.alice.clicks_twice(world.slack.home_of(world.alice), "Rebuild")
    await world.settle(3)
    assert len(world.buildkite.builds) == 2


async def test_a_block_step_is_filled_in_from_the_home(world: World) -> None:
    """Unblock opens the step's form; the build continues once it is submitted."""
    build, _card = await block_build(world)
    await open_home(world, world.alice)
    await world.alice.clicks(world.slack.home_of(world.alice), "Unblock")
    await world.settle(1)
    await world.alice.submits({"fields.release-name": "2026.11"})
    await world.settle(3)
    assert build.state != "blocked"
    assert world.slack.modal_of(world.alice) is None


async def test_logs_come_by_direct_message(world: World) -> None:
    """The log of a failed job comes by direct message."""
    await fail_build(world, "web -b fix/cart")
    await open_home(world, world.alice)
    await world.alice.clicks(world.slack.home_of(world.alice), "Logs")
    await world.settle(2)
    assert "Lint" in world.slack.messages(world.alice.dm)[-1].plain()


async def test_a_subscription_is_ended_on_the_home(world: World) -> None:
    """It ends in its channel, and leaves the home."""
    await world.alice.types(world.deploys, "/bk subscribe web")
    await world.settle(1)
    await world.alice.clicks(world.slack.ephemerals(world.alice)[-1], "Save")
    await world.settle(1)
    assert "`web`" in await open_home(world, world.alice)
    await world.alice.clicks(world.slack.home_of(world.alice), "Unsubscribe")
    await world.settle(15, step=2.5)
    assert "No subscriptions yet" in read_home(world, world.alice)
    assert await ask_privately(world, world.alice, "subscribe list") == snapshot(
        "This channel has no subscriptions. Add one with `/bk subscribe`."
    )


async def test_a_token_is_connected_from_the_home(world: World) -> None:
    """Connect opens the form; afterwards the home says as whom Alice acts, and offers to forget it."""
    await open_home(world, world.alice)
    await world.alice.clicks(world.slack.home_of(world.alice), "Connect")
    await world.settle(1)
    form = world.slack.modal_of(world.alice)
    assert form is not None
    assert form.title == "Connect"


PROTECTED = """
[[grant]]
name = "everybody reads and builds the web"
standings = ["member"]
permissions = ["help", "read", "logs", "build"]
pipelines = ["web", "deploy-prod"]

[[grant]]
name = "Bob builds phones"
users = ["U0BOB0001"]
permissions = ["build"]
pipelines = ["mobile"]

[[protect]]
name = "production"
pipelines = ["deploy-*"]
approvers = { users = ["U0BOB0001"] }
approvals = 1
expires = "30m"
"""


def write_policy(folder: Path) -> Path:
    """Write a policy that protects production and hides phones."""
    path = folder / "policy.toml"
    path.write_text(PROTECTED)
    return path


async def test_approvals_that_wait_for_me_are_given_on_the_home(tmp_path: Path) -> None:
    """Bob reads there exactly what would run, and approves; Alice, who asked, has nothing to approve."""
    async with open_world(tmp_path, policy=write_policy(tmp_path)) as world:
        await world.alice.types(world.deploys, "/bk build create deploy-prod -b main")
        await world.settle(2)
        assert "[Approve]" not in await open_home(world, world.alice)
        shown = await open_home(world, world.bob)
        assert re.sub(r" before .*?(?= \(“)|\n---\nRunning(.|\n)*", "", shown) == snapshot("""\
Your builds
Your builds, and what you can do with them. For everything else, type `/bk help` in a channel.
[Start a build]
---
Waiting for you
✋ *Approval needed*
alice wants to start *deploy-prod* on `main`
*Commit*: latest on `main` when it starts
Needs 1 approval from <@U0BOB0001> before 2026-11-02 09:30 UTC.
“production”
[Approve] [Refuse]
Its card is in <#C0DEPLOYS>. I'll answer you by direct message.\
""")
        await world.bob.clicks(world.slack.home_of(world.bob), "Approve")
        await world.settle(15, step=2.5)
        assert [build.pipeline.slug for build in world.buildkite.builds] == ["deploy-prod"]
        assert [message.plain() for message in world.slack.messages(world.bob.dm)] == snapshot(
            ["Approved: alice's request to start *deploy-prod* on `main` goes ahead."]
        )
        assert "[Approve]" not in read_home(world, world.bob)


async def test_proposals_in_channels_of_others_are_not_shown(tmp_path: Path) -> None:
    """A proposal in a private channel with another approver isn't on Bob's home: he isn't in it."""
    path = write_policy(tmp_path)
    path.write_text(path.read_text().replace('"U0BOB0001"', '"U0BOB0001", "U0CARA001"'))
    async with open_world(tmp_path, policy=path) as world:
        world.slack.person("U0CARA001", "cara", "cara@acme.example")
        members = [world.alice.id, "U0CARA001"]
        private = world.slack.channel("C0PRIVATE", "secret", private=True, members=members)
        await world.alice.types(private, "/bk build create deploy-prod -b main")
        await world.settle(2)
        assert "[Approve]" not in await open_home(world, world.bob)


async def test_builds_that_i_may_not_read_are_not_on_my_home(tmp_path: Path) -> None:
    """Bob may start builds of mobile, but not look at them: his home does not tell of them either."""
    async with open_world(tmp_path, policy=write_policy(tmp_path)) as world:
        await world.bob.types(world.deploys, "/bk build create mobile")
        await world.bob.types(world.deploys, "/bk build create web")
        await world.settle(3)
        shown = await open_home(world, world.bob)
        assert ("web#1" in shown, "mobile#1" in shown) == (True, False)


async def test_builds_elsewhere_are_mine_by_address(world: World) -> None:
    """A push with Bob's address on the commit is his; one by a name that looks alike is not."""
    for email in ("bob@acme.example", "bob@elsewhere.example"):
        build = world.buildkite.create_build_elsewhere("web", "fix", "Fix the cart", "Bob", source="webhook")
        build.author = {"name": "Bob", "email": email}
        world.buildkite.run_build(build, fail=["lint"])
        await world.settle(2)
    shown = await open_home(world, world.bob)
    assert ("web#1" in shown, "web#2" in shown) == (True, False)
