"""Rights as a policy file gives them, as conversations."""
# ruff: noqa: E501 - the sentences stand here as people read them

from __future__ import annotations

from datetime import timedelta

from inline_snapshot import snapshot

from tests.conversations.acts import ask_privately, start_build
from tests.conversations.world import World


async def test_a_grant_allows_nothing_else(world: World) -> None:
    """Bob builds web; for deploy-prod he is referred to @release."""
    await world.bob.types(world.deploys, "/bk build create web")
    await world.settle(2)
    assert [build.pipeline.slug for build in world.buildkite.builds] == ["web"]
    assert await ask_privately(world, world.bob, "build create deploy-prod") == snapshot("""\
⚠️ You may not run `build create` on `deploy-prod`, branch `main` here.
Your grant “everyone builds” is for pipelines `web`, `mobile`. Ask @release to do it.\
""")
    assert len(world.buildkite.builds) == 1


async def test_members_of_a_group_get_its_grant(world: World) -> None:
    """Alice is in @release: she builds deploy-prod, on main alone, and without values of her own."""
    await start_build(world, "deploy-prod -b main")
    assert await ask_privately(world, world.alice, "build create deploy-prod -b hotfix") == snapshot("""\
⚠️ You may not run `build create` on `deploy-prod`, branch `hotfix` here.
Your grant “releases” is for pipelines `deploy-*`, branches `main`. Ask the platform team to do it.\
""")
    assert await ask_privately(world, world.alice, "build create deploy-prod -b main -c 1234567") == snapshot("""\
⚠️ `build create` on `deploy-prod`, branch `main` with a commit other than HEAD needs the `commit` permission, because the policy limits branches there.
Ask the platform team.\
""")
    assert await ask_privately(world, world.alice, "build create deploy-prod -b main -e STAGE=prod") == snapshot("""\
⚠️ `build create` on `deploy-prod`, branch `main` with environment values needs the `env` permission, because the policy limits branches there.
Ask the platform team.\
""")
    assert len(world.buildkite.builds) == 1


async def test_the_branch_of_a_build_is_read_from_buildkite(world: World) -> None:
    """A build that is named by its number alone is judged by its branch."""
    other, main = (world.buildkite.create_build("deploy-prod", branch) for branch in ("hotfix", "main"))
    assert "branch `hotfix`" in await ask_privately(
        world, world.alice, f"build rebuild deploy-prod {other.number}"
    )
    await world.alice.types(world.deploys, f"/bk build rebuild deploy-prod {main.number}")
    await world.settle(2)
    assert [build.branch for build in world.buildkite.builds] == ["hotfix", "main", "main"]


async def test_an_unresolved_group_gives_nothing(world: World) -> None:
    """While Slack doesn't return the members of @release, its grants give nothing, and the refusal says why."""
    world.slack.scopes.discard("usergroups:read")
    assert await ask_privately(world, world.alice, "build create deploy-prod -b main") == snapshot("""\
⚠️ You may not run `build create` on `deploy-prod`, branch `main` here.
Your grant “everyone builds” is for pipelines `web`, `mobile`. I couldn't find out who is in @release. Try again, or ask a workspace admin.\
""")
    assert world.buildkite.builds == []


async def test_a_slack_that_does_not_say_is_not_asked_at_every_act(world: World) -> None:
    """Five requests in a row ask once; after a while it is tried again, later each time, and then all is well."""
    calls = lambda: sum(call.method == "usergroups.list" for call in world.slack.calls)  # noqa: E731
    world.slack.scopes.discard("usergroups:read")
    for _ in range(5):
        assert "find out who is in @release" in await ask_privately(
            world, world.alice, "build create deploy-prod -b main"
        )
    assert calls() == 1
    world.clock.advance(5)
    await ask_privately(world, world.alice, "build create deploy-prod -b main")
    world.clock.advance(5)
    await ask_privately(world, world.alice, "build create deploy-prod -b main")
    assert calls() == 2
    world.slack.scopes.add("usergroups:read")
    world.clock.advance(10)
    await start_build(world, "deploy-prod -b main")
    assert (calls(), len(world.buildkite.builds)) == (3, 1)


async def test_membership_is_asked_for_again(world: World) -> None:
    """Five minutes after Alice has left @release she may not deploy any more."""
    await start_build(world, "deploy-prod -b main")
    world.slack.groups["S0RELEASE"].users.clear()
    await world.settle(301, step=100)
    await ask_privately(world, world.alice, "build create deploy-prod -b main")
    assert len(world.buildkite.builds) == 1


async def test_a_guest_gets_only_grants_by_id(world: World) -> None:
    """Gwen has a grant by her id: she may read, and nothing else."""
    assert "Guests" not in await ask_privately(world, world.gwen, "help")
    assert await ask_privately(world, world.gwen, "build create web") == snapshot("""\
⚠️ `build create` is for @release or full members.
Ask the platform team to do it.\
""")


async def test_a_freeze_refuses_all_but_those_excepted(world: World) -> None:
    """On Saturday Bob cannot build web; Alice can."""
    world.clock.advance(timedelta(days=5).total_seconds())
    assert await ask_privately(world, world.bob, "build create web") == snapshot("""\
⚠️ `web` is frozen until Mon 9 Nov 08:00 (Europe/London): nobody is here.
Ask @release.\
""")
    assert world.buildkite.builds == []
    await world.alice.types(world.deploys, "/bk build create web")
    await world.settle(2)
    assert len(world.buildkite.builds) == 1


async def test_a_protected_operation_is_not_simply_run(world: World) -> None:
    """A build of mobile needs an approval from @release."""
    await world.bob.types(world.deploys, "/bk build create mobile")
    await world.settle(2)
    assert world.buildkite.builds == []


async def test_help_lists_the_commands_that_a_person_may_run(world: World) -> None:
    """No grant gives agents: help does not offer them."""
    assert "agent pause" not in await ask_privately(world, world.bob, "help")
    assert "create" in await ask_privately(world, world.bob, "help")


async def test_help_follows_the_policy(world: World) -> None:
    """Under this policy not even workspace admins may pause agents, and help agrees."""
    answer = [await ask_privately(world, world.bob, f"help {words}") for words in ("agent pause", "audit")]
    assert [item.split("\n")[-1] for item in answer] == snapshot(
        ["No one may run `agent pause`. Ask the platform team.", "No one may run `audit`. Ask the platform team."]
    )


async def test_can_explains(world: World) -> None:
    """`can` says whether, by which rule, and who can help; nothing is run."""
    answer = [
        await ask_privately(world, world.bob, f"can {words}")
        for words in (
            "build create web -b main",
            "build create deploy-prod",
            "agent stop linux",
            "build create mobile",
        )
    ]
    assert answer == snapshot(
        [
            "✅ You may run `build create` on `web`, branch `main`: “everyone builds”.",
            "⛔ You may not run `build create` on `deploy-prod`, branch `main` here. Your grant “everyone builds” is for pipelines `web`, `mobile`. Ask @release to do it. (“everyone builds”)",
            "⛔ No one may run `agent stop`. Ask the platform team. (“no grant of agents”)",
            "✋ `build create` on `mobile`, branch `main` needs 1 approval from @release within 30 minutes: “mobile needs two pairs of eyes”.",
        ]
    )
    assert world.buildkite.builds == []


async def test_can_reports_an_invalid_command(world: World) -> None:
    """An invalid command gets the same error as without `can`."""
    assert await ask_privately(world, world.bob, "can biuld create web") == snapshot("""\
⚠️ There's no command `biuld`.
Did you mean `build`?\
""")
