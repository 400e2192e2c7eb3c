"""A pipeline is made by text: checked first, then made, then what is to follow, step by step."""
# ruff: noqa: E501 - the sentences stand here as people read them

from __future__ import annotations

from inline_snapshot import snapshot

from simulators.buildkite.models import Cluster
from tests.conversations.acts import asks
from tests.conversations.world import World, shown
from tests.provisioning.acts import REPO, answer, asked, presses, says
from tests.provisioning.conftest import TEAM, TEMPLATE


async def test_a_pipeline_is_made_and_what_follows_is_told(world: World) -> None:
    """Alice makes one with webhook, first build and subscription: each is told, and the build has its card."""
    said = await says(
        world,
        world.alice,
        f"pipeline create Shop -r {REPO} --team web-team --tag ruby --webhook --build --subscribe",
    )
    assert said == snapshot("""\
<@U0ALICE01> created pipeline Shop
✓ GitHub webhook
✓ this channel's subscription
✓ first build
[Open]\
""")
    assert asked(world, "POST", "/pipelines") == [
        {
            "name": "Shop",
            "repository": REPO,
            "cluster_id": world.buildkite.cluster.id,
            "configuration": 'steps:\n  - label: ":pipeline: Upload"\n    command: buildkite-agent pipeline upload\n',
            "slug": "shop",
            "teams": {TEAM: "manage_build_and_read"},
            "tags": ["ruby"],
            "visibility": "private",
        }
    ]
    assert world.buildkite.pipelines["shop"].options["webhook"] is True
    (build,) = world.buildkite.builds
    assert (build.pipeline.slug, build.branch) == ("shop", "main")
    assert "Shop" in shown(world.card())
    assert "shop" in await asks(world, world.bob, "subscriptions")


async def test_a_template_gives_the_steps(world: World) -> None:
    """A template is named; its steps are sent along with it."""
    await says(world, world.alice, f"pipeline create Shop -r {REPO} --template deploy")
    (body,) = asked(world, "POST", "/pipelines")
    assert (body["pipeline_template_uuid"], body["configuration"]) == (
        TEMPLATE,
        "steps:\n  - command: bin/deploy\n",
    )


async def test_what_failed_afterwards_undoes_nothing_and_is_offered_again(world: World) -> None:
    """A host that Buildkite cannot tell, and a channel that the bot is not in: told with the reason, and a button."""
    world.buildkite.unreachable.add(REPO)
    said = await says(world, world.alice, f"pipeline create Shop -r {REPO} --webhook --build")
    assert said == snapshot("""\
<@U0ALICE01> created pipeline Shop
✗ GitHub webhook: Buildkite refused: Webhooks could not be created for your repository.
✓ first build
[Create GitHub webhook] [Subscribe this channel] [Open]\
""")
    assert "shop" in world.buildkite.pipelines
    world.buildkite.unreachable.clear()
    await presses(world, world.alice, answer(world), "Create GitHub webhook")
    assert shown(answer(world)) == snapshot("<@U0ALICE01> created the GitHub webhook of Shop")
    assert world.buildkite.pipelines["shop"].options["webhook"] is True


async def test_whoever_may_make_pipelines_may_not_build_them_for_that_reason(world: World) -> None:
    """A lock on the future pipeline keeps its first build from starting, as it would any other."""
    await says(world, world.alice, f"pipeline create Shop -r {REPO}")
    await says(world, world.alice, "lock shop --reason migration")
    await world.alice.types(world.deploys, "/bk pipeline delete shop --yes")
    await world.settle(3)
    second = world.slack.person("U0ADA0001", "ada", "ada@acme.example", admin=True)
    world.deploys.members.append(second.id)
    said = await says(world, second, f"pipeline create Shop -r {REPO} --build")
    assert said == snapshot("""\
<@U0ADA0001> created pipeline Shop
✗ first build: `shop` is locked by <@U0ALICE01> until 2026-11-02 11:00 UTC: migration. Ask them, or see `help lock` for taking it over.
[Start a build] [Subscribe this channel] [Open]\
""")
    assert world.buildkite.builds == []


async def test_everything_is_checked_before_anything_is_made(world: World) -> None:
    """A taken name, a wrong address, an unknown cluster, team or template, wrong steps: told, and nothing is made."""
    wrong = (
        f"pipeline create Web -r {REPO}",
        "pipeline create Shop -r nonsense",
        "pipeline create Shop -r https://ann:hunter2@github.com/acme/shop",
        f"pipeline create Shop -r {REPO} --cluster opensource",
        f"pipeline create Shop -r {REPO} --team web-taem",
        f"pipeline create Shop -r {REPO} --team web-team=everything",
        f"pipeline create Shop -r {REPO} --template deplyo",
        f"pipeline create Shop -r {REPO} --template Deploy --steps 'steps: [wait]'",
        f"pipeline create Shop -r {REPO} --steps 'steps: [{{comand: make}}, wiat]'",
        f"pipeline create 日本 -r {REPO}",
    )
    assert [await asks(world, world.alice, words) for words in wrong] == snapshot(
        [
            """\
⚠️ There is a pipeline `web` already.
Choose another name.\
""",
            """\
⚠️ `nonsense` does not do for `--repository`: it should be an address such as git@github.com:acme/web.git.
Usage: `/bk pipeline create <name> -r repository [--cluster cluster] [-t template] [-s steps] [--teams teams] [--tags tags] …`\
""",
            """\
⚠️ `https://ann:•••@github.com/acme/shop` does not do for `--repository`: it holds a password: everybody who sees the pipeline would see that.
Usage: `/bk pipeline create <name> -r repository [--cluster cluster] [-t template] [-s steps] [--teams teams] [--tags tags] …`\
""",
            """\
⚠️ There is no cluster “opensource”.
Did you mean Open Source?\
""",
            """\
⚠️ There is no team “web-taem”.
Did you mean web-team?\
""",
            """\
⚠️ `everything` is nothing that a team may do.
It can be `read_only`, `build_and_read` or `manage_build_and_read`.\
""",
            """\
⚠️ There is no pipeline template “deplyo”.
Did you mean Deploy?\
""",
            "⚠️ Steps and a template exclude each other: give one of them.",
            """\
⚠️ Those steps are not right:
line 1: `comand` is not a key of a command step; did you mean `command` or `commands`?
line 1: `wiat` is no step. Did you mean `wait` or `waiter`?
Nothing was created or changed.\
""",
            """\
⚠️ A pipeline's name needs a letter from a to z or a digit: its address is made of them.
Usage: `/bk pipeline create <name> -r repository [--cluster cluster] [-t template] [-s steps] [--teams teams] [--tags tags] …`\
""",
        ]
    )
    assert asked(world, "POST") == []


async def test_of_several_clusters_one_is_chosen(world: World) -> None:
    """Where it is not said in which cluster it builds, buttons ask."""
    sim = world.buildkite
    sim.clusters.append(Cluster(sim.new_id(), "Private", "Ours alone", sim.now(), sim.user))
    said = await asks(world, world.alice, f"pipeline create Shop -r {REPO}")
    assert said == snapshot("""\
⚠️ In which cluster should it build?
[Open Source] [Private]\
""")
    await presses(world, world.alice, world.slack.ephemerals(world.alice)[-1], "Private")
    assert asked(world, "POST", "/pipelines")[0]["cluster_id"] == world.buildkite.clusters[-1].id


async def test_it_is_for_admins_where_no_policy_says_else(world: World) -> None:
    """Bob, a member, is told who may."""
    assert await asks(world, world.bob, f"pipeline create Shop -r {REPO}") == snapshot("""\
⚠️ `pipeline create` is for workspace admins.
Ask a workspace admin to do it.\
""")


async def test_a_copy_is_like_the_other_but_for_what_is_said(world: World) -> None:
    """Steps, tags and settings are taken over; the name and the branch are new."""
    world.buildkite.pipeline("old", name="Old", tags=["ruby"], cancel_running_branch_builds=True, color="#fff000")
    said = await says(world, world.alice, "pipeline copy old New --default-branch trunk --team web-team=read_only")
    assert said == snapshot("""\
<@U0ALICE01> copied old to pipeline New
[Start a build] [Subscribe this channel] [Open]\
""")
    made, old = world.buildkite.pipelines["new"], world.buildkite.pipelines["old"]
    assert (made.configuration, made.repository, made.default_branch) == (
        old.configuration,
        old.repository,
        "trunk",
    )
    (body,) = asked(world, "POST", "/pipelines")
    assert (body["tags"], body["color"], body["cancel_running_branch_builds"]) == (["ruby"], "#fff000", True)
    assert "repository" not in body["provider_settings"]
