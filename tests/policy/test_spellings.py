"""A protection holds however its branch or pipeline is spelled, by whatever way it is asked for."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from pathlib import Path

import pytest

from bot.listeners.event_listeners import START
from tests.conversations.acts import ask_privately, read_created_build
from tests.conversations.world import World, open_world
from tests.matrix.acting import settle_all
from tests.policy import spellings
from tests.subscriptions.acts import list_card_texts, run_build

RULES = """
[[grant]]
name = "everybody builds"
standings = ["member"]
permissions = ["help", "read", "logs", "lock", "build", "commit", "env", "artifacts"]

[[protect]]
name = "production"
pipelines = ["deploy-*"]
branches = ["main"]
approvers = { users = ["U0BOB0001"] }
"""
ASKED = "✋ `build create` on `deploy-prod`, branch `main` needs"
REFUSED = ("The branch", "You gave a branch", "has no branch")


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    """Members build; `main` of every `deploy-*` needs Bob's approval."""
    path = tmp_path / "policy.toml"
    path.write_text(RULES, "utf-8")
    async with open_world(tmp_path, policy=path) as ready:
        ready.slack.subscriptions.add("link_shared")
        ready.slack.unfurl_domains = {"buildkite.com"}
        yield ready


async def ask_as_alice(world: World, words: str) -> str:
    """Return what Alice is answered to a question that changes nothing."""
    await world.alice.types(world.deploys, f"/bk {words}")
    await world.bot.drain()
    return world.whispers(world.alice)[-1]


async def ask_can_for_each(world: World, names: Iterable[str], template: str) -> dict[str, str]:
    """Return what `can` answers to each spelling."""
    return {name: await ask_as_alice(world, "can " + template.format(name)) for name in names}


async def assert_proposed(world: World, way: str) -> None:
    """Check that a card asks for approval of `main`, and that there is no build."""
    await settle_all(world)
    assert not world.buildkite.builds, way
    card = world.card().plain()
    assert "Approval needed" in card, way
    assert "main" in card, way
    assert "heads" not in card, way


def count_proposals(world: World) -> int:
    """Return the number of proposals in the channel."""
    return sum("Approval needed" in message.plain() for message in world.slack.messages(world.deploys))


def test_the_corpus_has_two_hundred_spellings() -> None:
    """Each is in it once."""
    every = (*spellings.SAME, *spellings.REFUSED)
    assert len(every) == len(set(every)) >= 200


async def test_the_same_branch_has_the_same_verdict(world: World) -> None:
    """Every spelling of `main` that names it is asked about as `main` is."""
    plain = await ask_as_alice(world, "can build create deploy-prod -b main")
    assert plain.startswith(ASKED)
    found = await ask_can_for_each(world, spellings.SAME, 'build create deploy-prod -b "{}"')
    assert {name: text for name, text in found.items() if text != plain} == {}


async def test_an_invalid_branch_is_refused_with_its_wrong_character(world: World) -> None:
    """Look-alikes of `main`, and names fetched as `main`, are refused with the reason."""
    found = await ask_can_for_each(world, spellings.REFUSED, 'build create deploy-prod -b "{}"')
    passed = {name: text for name, text in found.items() if "✅" in text}
    assert passed == {}
    untold = {ascii(name): text for name, text in found.items() if not any(why in text for why in REFUSED)}
    assert untold == {}


async def test_another_branch_is_another_branch(world: World) -> None:
    """Names are compared by letter and case, as git compares them."""
    found = await ask_can_for_each(world, spellings.OTHERS, 'build create deploy-prod -b "{}"')
    assert [name for name, text in found.items() if "✅" not in text] == []


async def test_a_commit_that_names_a_branch_is_judged_as_that_branch(world: World) -> None:
    """A name that may be a branch counts as one; whole SHAs and tags don't."""
    asked = await ask_can_for_each(world, spellings.COMMITS, 'build create deploy-prod -b feature -c "{}"')
    assert [name for name, text in asked.items() if not text.startswith("✋")] == []
    free = await ask_can_for_each(world, spellings.NO_BRANCH, 'build create deploy-prod -b feature -c "{}"')
    assert [name for name, text in free.items() if "✅" not in text] == []
    wrong = await ask_can_for_each(world, spellings.NO_COMMIT, 'build create deploy-prod -b feature "--commit={}"')
    assert [name for name, text in wrong.items() if "commit" not in text or "⚠️" not in text] == []


async def test_a_pipeline_is_itself_in_every_spelling(world: World) -> None:
    """Case and organization don't matter; invisible characters are refused."""
    plain = await ask_as_alice(world, "can build create deploy-prod -b main")
    same = await ask_can_for_each(world, spellings.SLUGS, 'build create "{}" -b main')
    assert {name: text for name, text in same.items() if text != plain} == {}
    refused = await ask_can_for_each(world, spellings.NO_SLUGS, 'build create "{}" -b main')
    assert [ascii(name) for name, text in refused.items() if "The pipeline" not in text] == []


@pytest.mark.parametrize("spelled", ["main", "refs/heads/main", "heads/main", "refs/heads/heads/main"])
async def test_every_entry_point_needs_the_approval(world: World, spelled: str) -> None:
    """Slash command, mention, `pipeline@branch`, alias, form and shortcut: each makes a card, none a build."""
    words = f"build create deploy-prod -b {spelled}"
    await world.alice.types(world.deploys, f"/bk {words}")
    await assert_proposed(world, "slash")
    await world.alice.posts(world.deploys, f"@kitestring {words}")
    await assert_proposed(world, "mention")
    await world.alice.types(world.deploys, f"/bk build create DEPLOY-prod@{spelled}")
    await assert_proposed(world, "with an @")
    await world.alice.types(world.deploys, f"/bk alias ship = {words}")
    await settle_all(world)
    await world.alice.types(world.deploys, "/bk ship")
    await assert_proposed(world, "alias")
    assert count_proposals(world) == 4
    await world.alice.types(world.deploys, "/bk build create")
    await settle_all(world)
    await world.alice.submits({"Pipeline": "deploy-prod", "Branch": spelled})
    await assert_proposed(world, "form")
    assert count_proposals(world) == 5
    await world.alice.shortcut(START)
    await settle_all(world)
    place = {"Where to post its card": world.deploys.id}
    await world.alice.submits({"Pipeline": "deploy-prod", "Branch": spelled, **place})
    await assert_proposed(world, "shortcut")
    assert count_proposals(world) == 6


async def test_a_commit_that_is_protected_starts_nothing(world: World) -> None:
    """It needs the approval, and what is approved is a whole SHA: each name is refused with that advice."""
    for name in spellings.COMMITS:
        answer = await ask_privately(world, world.alice, f"build create deploy-prod -b feature -c {name}")
        assert "Give the whole 40-character SHA" in answer, name
    assert not world.buildkite.builds


@pytest.mark.exhaustive(keep=3)
@pytest.mark.parametrize(
    "spelled", ["ma\u200bin", "main\u2060", "+main", "ｍain", "HEAD", "origin/main", "main:x"]
)
async def test_no_entry_point_accepts_an_invalid_branch(world: World, spelled: str) -> None:
    """Slash command, mention, `pipeline@branch` and alias: no card, no build, and the reason."""
    for words in (f"build create deploy-prod -b {spelled}", f"build create deploy-prod@{spelled}"):
        assert "The branch" in await ask_privately(world, world.alice, words)
        await world.alice.posts(world.deploys, f"@kitestring {words}")
        await settle_all(world)
    assert not world.buildkite.builds
    assert count_proposals(world) == 0


async def test_buildkite_gets_the_branch_that_was_judged(world: World) -> None:
    """Elsewhere the same spelling starts at once, under the branch's own name."""
    await world.alice.types(world.deploys, "/bk build create web -b refs/heads/release/2 -c heads/main")
    await settle_all(world)
    assert read_created_build(world)["branch"] == "release/2"
    assert read_created_build(world)["commit"] == "refs/heads/main"


async def test_an_approval_is_for_the_name_that_the_card_shows(world: World) -> None:
    """Bob approves `refs/heads/main`: the build is of `main`."""
    await world.alice.types(world.deploys, "/bk build create deploy-prod -b refs/heads/main")
    await settle_all(world)
    await world.bob.clicks(world.card(), "Approve")
    await settle_all(world)
    assert [build.branch for build in world.buildkite.builds] == ["main"]


@pytest.mark.exhaustive(keep=3)
@pytest.mark.parametrize("reported", ["main", "refs/heads/main", "heads/main", "ma\u200bin", "ｍain", "main/"])
async def test_a_build_is_judged_by_the_branch_that_buildkite_reports(world: World, reported: str) -> None:
    """A rebuild, a retry and an unblock of it need the approval, by words and by the button of its card."""
    build = world.buildkite.create_build_elsewhere("deploy-prod", reported, "Ship it", "Noor Haddad")
    world.buildkite.run_build(build)
    for words in (f"build rebuild deploy-prod {build.number}", f"build retry Deploy-Prod {build.number}"):
        assert "✋" in await ask_as_alice(world, f"can {words}"), words
    assert "✋" in await ask_as_alice(world, f"can job unblock -p deploy-prod -n {build.number}")
    await world.alice.types(world.deploys, f"/bk build rebuild deploy-prod {build.number}")
    await settle_all(world)
    assert "Approval needed" in world.card().plain()
    assert len(world.buildkite.builds) == 1


async def test_the_branch_of_a_fork_is_shown_and_judged_as_it_is(world: World) -> None:
    """Git would refuse `octocat:main` as a name; Buildkite reports it, and it is not `main`."""
    build = world.buildkite.create_build_elsewhere("deploy-prod", "octocat:main", "Fix", "Noor Haddad")
    assert "✅" in await ask_as_alice(world, f"can build rebuild deploy-prod {build.number}")
    assert "octocat:main" in await ask_as_alice(world, f"build view deploy-prod {build.number}")
    assert "octocat:main" in await ask_as_alice(world, 'build list deploy-prod -b "octocat:*"')


async def test_a_preview_shows_invisible_characters(world: World) -> None:
    """The card of a build whose branch merely reads like `main` says so; its button needs the approval."""
    build = world.buildkite.create_build_elsewhere("deploy-prod", "ma\u200bin", "Fix", "Noor Haddad")
    url = f"https://buildkite.com/acme-inc/deploy-prod/builds/{build.number}"
    message = (await world.alice.posts(world.deploys, url)).message
    await settle_all(world)
    assert message is not None
    assert "`ma\ufffdin`" in message.previews[0].plain()


async def test_a_lock_holds_for_every_spelling(world: World) -> None:
    """Bob locks `refs/heads/release/*`: it is `release/*`, by branch and by commit, and so is its release."""
    await world.bob.types(world.deploys, '/bk lock web -b refs/heads/release/* "cutting it"')
    await settle_all(world)
    for words in ("-b release/2", "-b heads/release/2", "-b x -c refs/heads/release/2", "-b x -c v1.2"):
        assert "cutting it" in await ask_privately(world, world.alice, f"build create WEB {words}"), words
    assert "✅" in await ask_as_alice(world, "can build create web -b main")
    await world.bob.types(world.deploys, "/bk unlock web -b heads/release/*")
    await settle_all(world)
    assert "✅" in await ask_as_alice(world, "can build create web -b release/2")


async def test_a_subscription_matches_the_branch_in_any_spelling(world: World) -> None:
    """A pattern keeps its wildcards and loses its prefix, and so does the branch that Buildkite reports."""
    await world.alice.types(world.deploys, "/bk subscribe web -b refs/heads/rel* --yes")
    await settle_all(world)
    listed = await ask_as_alice(world, "subscribe list")
    assert "rel*" in listed
    assert "refs/heads" not in listed
    await run_build(world, fail=("lint",), branch="refs/heads/release/1")
    assert list_card_texts(world) == ["❌ web#1 failed on refs/heads/release/1"]


@pytest.mark.parametrize(
    "more", ["-e BUILDKITE_BRANCH=main", "-e buildkite_refspec=main", "-M buildkite:git:commit=x"]
)
async def test_no_other_argument_changes_the_checkout(world: World, more: str) -> None:
    """Variables and meta-data that an agent checks out by are refused: the policy could not judge them."""
    answer = await ask_privately(world, world.alice, f"build create deploy-prod -b feature {more}")
    assert "`" in answer
    assert "⚠️" in answer
    assert not world.buildkite.builds


@pytest.mark.parametrize(
    ("label", "fail", "act"),
    [
        ("Rebuild", ("test",), "rebuild *deploy-prod#1*"),
        ("Retry failed", ("test",), "retry the failed jobs of *deploy-prod#1*"),
        ("Unblock", (), "unblock *Release to production?* in *deploy-prod#1*"),
    ],
)
async def test_a_card_button_needs_the_approval_of_the_reported_branch(
    world: World, label: str, fail: tuple[str, ...], act: str
) -> None:
    """Buildkite reports `refs/heads/main`: the button of the card proposes its operation and changes nothing."""
    build = world.buildkite.create_build_elsewhere("deploy-prod", "refs/heads/main", "Ship it", "Noor Haddad")
    world.buildkite.run_build(build, fail=fail)
    await world.alice.types(world.deploys, f"/bk build watch deploy-prod {build.number}")
    await settle_all(world)
    card = world.card()
    await world.alice.clicks(card, label)
    await settle_all(world)
    if label == "Unblock":
        await world.alice.submits({"Release name": "1.42"})
        await settle_all(world)
    proposals = [reply for reply in world.replies(card) if "Approval needed" in reply]
    assert [act in proposal for proposal in proposals] == [True]
    assert len(world.buildkite.builds) == 1
    assert [request.path for request in world.buildkite.requests if request.method in {"POST", "PUT"}] == []
