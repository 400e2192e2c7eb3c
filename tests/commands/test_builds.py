"""Build commands: create, view, list, watch, cancel, rebuild and retry."""

import pytest
from inline_snapshot import snapshot

from bot.buildkite.resources import INSTANCE_KEY, MARK_KEY
from bot.errors import NothingToDo, Unavailable, UsageError


def labels(reply) -> list[str]:
    return [button.label for button in reply.buttons]


async def test_a_build_is_started_in_the_persons_name(bench) -> None:
    """By default it builds the default branch's HEAD, with the person as author and the mark in its meta-data."""
    reply = await bench.ask('build create web -e A=1 -e "B=x y" -M k=v')
    sent = bench.sim.requests[-1].json
    assert sent == {
        "branch": "main",
        "commit": "HEAD",
        "author": {"name": "Ada Martin", "email": "ada@example.com"},
        "env": {"A": "1", "B": "x y"},
        "meta_data": {"k": "v", INSTANCE_KEY: "bot-1", MARK_KEY: "m1"},
    }
    assert (reply.card_build.number, reply.private) == (1, True)
    assert reply.text == "Started <https://buildkite.com/acme-inc/web/builds/1|web#1> on `main`."


async def test_branch_commit_and_message_are_sent_as_given(bench) -> None:
    """Given values are sent unchanged, and branch filters can be ignored."""
    await bench.ask('build create web@fix/it -c abc123 -m "Ship it" -i')
    sent = bench.sim.requests[-1].json
    assert (sent["branch"], sent["commit"], sent["message"]) == ("fix/it", "abc123", "Ship it")
    assert sent["ignore_pipeline_branch_filters"] is True


@pytest.mark.parametrize("key", [INSTANCE_KEY, MARK_KEY])
async def test_our_marks_cannot_be_forged(bench, key: str) -> None:
    """The meta-data keys that identify a build can't be set by hand."""
    with pytest.raises(UsageError, match=f"key `{key}` is reserved for this bot"):
        await bench.ask(f"build create web -M {key}=x")


async def test_a_started_build_is_found_again(bench) -> None:
    """After a crash the build is found by its mark; before it starts, none is found."""
    assert await bench.probe("build create web") is None
    await bench.ask("build create web")
    found = await bench.probe("build create web")
    assert found.card_build.number == 1


async def test_a_build_is_shown(bench) -> None:
    """The view shows state, facts, failed jobs, counts and fitting buttons."""
    bench.sim.run_build(bench.sim.create_build("web", message="Fix <it>"), fail=["lint"])
    reply = await bench.ask("build view web 1")
    assert reply.text == snapshot("❌ <https://buildkite.com/acme-inc/web/builds/1|web#1> failed")
    assert [label for label, _ in reply.fields] == snapshot(
        ["Branch", "Commit", "Message", "Started by", "Time", "Source"]
    )
    assert reply.footer == snapshot("2 passed · 1 failed · 1 skipped")
    assert labels(reply) == snapshot(
        ["Retry failed", "Rebuild", "Logs", "Artifacts", "Annotations", "Follow here"]
    )
    assert "Lint" in reply.table.rows[0][1]


async def test_buttons_follow_the_state(bench) -> None:
    """A running build can be canceled, a blocked one unblocked, a passed one rebuilt."""
    build = bench.sim.create_build("deploy-prod")
    assert labels(await bench.ask("build view deploy-prod 1")) == ["Cancel", "Follow here"]
    bench.sim.run_build(build)
    reply = await bench.ask("build view deploy-prod 1")
    assert labels(reply) == ["Unblock", "Artifacts", "Annotations", "Follow here"]
    assert "Release to production?" in reply.table.rows[0][1]
    bench.sim.run_build(bench.sim.create_build("web"))
    assert labels(await bench.ask("build view web 1")) == ["Rebuild", "Artifacts", "Annotations", "Follow here"]


async def test_builds_are_listed(bench) -> None:
    """Builds are filtered by pipeline, state, branch and age; without a pipeline, all are listed."""
    bench.sim.run_build(bench.sim.create_build("web", "main", message="One"), fail=["lint"])
    bench.clock.advance(3600)
    bench.sim.create_build("web", "next", message="Two")
    bench.sim.create_build("api", "main", message="Three")

    async def list_messages(text: str) -> list[str]:
        reply = await bench.ask(text)
        return [row[3] for row in reply.table.rows]

    assert await list_messages("build list") == ["Three", "Two", "One"]
    assert await list_messages("build list web") == ["Two", "One"]
    assert await list_messages("build list --state failed,canceled") == ["One"]
    assert await list_messages("build list -b next") == ["Two"]
    assert await list_messages("build list --since 30m") == ["Three", "Two"]
    assert await list_messages("build list --until 30m") == ["One"]
    assert await list_messages("build list -m thr") == ["Three"]
    assert await list_messages("build list --creator sam@example.com --limit 1") == ["Three"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("build list --creator x@y.z", "No one in Buildkite has the address x@y.z"),
        ("build list --state faild", "`faild` isn't an option for `--state`"),
        ("build list --since yesterday", "`yesterday` doesn't have the right form"),
    ],
)
async def test_invalid_filters_are_quoted(bench, text: str, message: str) -> None:
    """Unknown people, states and durations are quoted in the error."""
    with pytest.raises(UsageError, match=message):
        await bench.ask(text)


async def test_someone_elses_build_is_followed_once(bench) -> None:
    """A build that someone else started gets a card here, unless it already has one."""
    bench.sim.create_build_elsewhere("web", creator="Noor Haddad")
    reply = await bench.ask("build watch web")
    assert reply.card_build.number == 1
    await bench.follow("web", 1)
    again = await bench.ask("build watch web")
    assert (again.card_build, "already" in again.text) == (None, True)


async def test_a_cancel_asks_first(bench) -> None:
    """A typed cancel asks first, naming build, branch and state; for a finished build it doesn't."""
    build = bench.sim.create_build("web")
    assert await bench.question("build cancel web 1") == snapshot(
        "Cancel <https://buildkite.com/acme-inc/web/builds/1|web#1> on `main`? It is scheduled."
    )
    reply = await bench.ask("build cancel web 1")
    assert (reply.text, reply.private) == snapshot(
        ("canceled <https://buildkite.com/acme-inc/web/builds/1|web#1>", False)
    )
    assert build.state == "canceled"
    done = await bench.probe("build cancel web 1")
    assert done.text == reply.text
    assert await bench.question("build cancel web 1") is None
    with pytest.raises(NothingToDo, match="was already canceled"):
        await bench.ask("build cancel web 1")


async def test_a_rebuild_is_followed(bench) -> None:
    """A rebuild gets a card where it was requested, and is found again after a crash."""
    bench.sim.run_build(bench.sim.create_build("web"))
    assert await bench.probe("build rebuild web 1") is None
    reply = await bench.ask("build rebuild web 1")
    assert reply.card_build.number == 2
    assert reply.text == snapshot(
        "Started <https://buildkite.com/acme-inc/web/builds/2|web#2>, a rebuild of web#1."
    )
    found = await bench.probe("build rebuild web 1")
    assert found.card_build.number == 2


async def test_an_old_rebuild_may_be_someone_elses(bench) -> None:
    """An old rebuild proves neither that the request arrived nor that it didn't."""
    bench.sim.rebuild(bench.sim.create_build("web"))
    bench.clock.advance(3600)
    with pytest.raises(Unavailable, match="maybe not this one"):
        await bench.probe("build rebuild web 1")


async def test_failed_jobs_are_retried(bench) -> None:
    """The reply says how many jobs are retried; if there are none, it says so."""
    bench.sim.run_build(bench.sim.create_build("mobile"), fail=["ios", "android"])
    reply = await bench.ask("build retry mobile 1")
    assert (reply.text, reply.private) == snapshot(
        ("retried 2 failed jobs of <https://buildkite.com/acme-inc/mobile/builds/1|mobile#1>", False)
    )
    assert bench.registry["build retry"].probe is None
    with pytest.raises(NothingToDo, match="no failed jobs"):
        await bench.ask("build retry mobile 1")
