"""Links that people paste become live cards, where the channel may see what they lead to."""

from __future__ import annotations

from inline_snapshot import snapshot

from simulators.slack.models import Channel, Message
from simulators.slack.person import Person
from tests.conversations.world import _DATE, World

BUILD = "https://buildkite.com/acme-inc/web/builds/1"


async def paste_link(
    world: World, words: str = BUILD, by: Person | None = None, where: Channel | None = None
) -> Message:
    """A message with links, once everything that comes of it has come."""
    message = (await (by or world.alice).posts(where or world.deploys, words)).message
    assert message is not None
    await world.settle(2)
    return message


def list_previews(message: Message) -> list[str]:
    """Return the previews of a message."""
    return [_DATE.sub(r"\1", preview.plain()) for preview in message.previews]


def count_unfurls(world: World) -> int:
    """Return the number of previews sent to Slack."""
    return sum(call.method == "chat.unfurl" and call.ok for call in world.slack.calls)


async def test_a_build_is_a_card_that_lives(world: World) -> None:
    """It shows the build with its buttons, follows it to its end, and says nothing below the message."""
    build = world.buildkite.create_build_elsewhere("web", "main", "Fix the cart", "Noor Haddad")
    message = await paste_link(world, f"Look: {BUILD}")
    before = list_previews(message)
    world.buildkite.run_build(build, fail=["lint"])
    await world.settle(4)
    assert [*before, *list_previews(message)] == snapshot(
        [
            """\
🕒 *Fix the cart* – web#1 is scheduled on `main`
started by Noor Haddad created 2026-11-02 09:00 UTC 0 of 4 jobs done · 4 waiting
[Cancel] [Follow here] [Open in Buildkite]\
""",
            """\
❌ *Fix the cart* – web#1 failed on `main`
started by Noor Haddad f323ca7 took 0s 2 passed · 1 failed · 1 skipped
❌ :eslint: Lint · exit status 1
[Retry failed] [Rebuild] [Logs] [Open in Buildkite] [Rebuild with changes]\
""",
        ]
    )
    assert world.slack.thread(world.deploys, message)[1:] == []


async def test_a_preview_rests_once_its_build_has_ended(world: World) -> None:
    """After the build's end its preview isn't updated any more."""
    build = world.buildkite.create_build_elsewhere("web", "main", "Fix the cart", "Noor Haddad")
    await paste_link(world)
    world.buildkite.run_build(build, fail=["lint"])
    await world.settle(4)
    count = count_unfurls(world)
    await world.alice.types(world.deploys, "/bk build retry web 1")
    await world.settle(4)
    assert count_unfurls(world) == count


async def test_a_preview_is_not_updated_after_a_day(world: World) -> None:
    """The preview of a build that still runs after a day isn't updated any more."""
    build = world.buildkite.create_build_elsewhere("web", "main", "Fix the cart", "Noor Haddad")
    message = await paste_link(world)
    before = list_previews(message)
    world.clock.advance(25 * 3600)
    world.buildkite.run_build(build)
    await world.settle(4)
    assert list_previews(message) == before


async def test_a_link_that_is_delivered_twice_has_one_preview(world: World) -> None:
    """Slack delivers the event again: no second preview is sent, of a build or of a pipeline."""
    world.buildkite.create_build_elsewhere("web", "main", "Fix the cart", "Noor Haddad")
    for words in (BUILD, "https://buildkite.com/acme-inc/mobile"):
        await paste_link(world, words)
        await world.slack.redeliver()
        await world.settle(2)
    assert count_unfurls(world) == 2


async def test_a_job_preview_has_its_log_for_the_requester(world: World) -> None:
    """The job's own state; its log goes to Bob alone."""
    build = world.buildkite.create_build_elsewhere("web", "main", "Fix the cart", "Noor Haddad")
    world.buildkite.run_build(build, fail=["lint"])
    job = next(job for job in build.jobs if job.state == "failed")
    message = await paste_link(world, f"{BUILD}#{job.id}")
    await world.bob.clicks(message.previews[0], "Log")
    await world.settle(2)
    assert list_previews(message) == snapshot(
        [
            """\
❌ *Failed* · exit status 1 · :eslint: Lint
web#1 · `main` · took 0s
[Retry] [Log] [Open in Buildkite]\
"""
        ]
    )
    assert "Lint" in world.whispers(world.bob)[-1]
    assert world.whispers(world.alice) == []


async def test_a_pipeline_is_shown_with_its_last_builds(world: World) -> None:
    """Name, default branch, last builds; Start a build opens the form with the pipeline filled in."""
    build = world.buildkite.create_build_elsewhere("web", "main", "Fix the cart", "Noor Haddad")
    world.buildkite.run_build(build)
    message = await paste_link(world, "https://buildkite.com/acme-inc/web")
    assert list_previews(message) == snapshot(
        [
            """\
*Web* · default branch `main`
✅ Passed · web#1 · `main` · 2026-11-02 09:00 UTC
[Start a build]\
"""
        ]
    )
    await world.bob.clicks(message.previews[0], "Start a build")
    await world.settle(1)
    await world.bob.submits({})
    await world.settle(2)
    assert len(world.buildkite.builds) == 2


async def test_buttons_act_with_the_rights_of_the_person_who_presses(world: World) -> None:
    """Gwen is refused; Bob cancels."""
    build = world.buildkite.create_build_elsewhere("web", "main", "Fix the cart", "Noor Haddad")
    message = await paste_link(world)
    await world.gwen.clicks(message.previews[0], "Cancel")
    await world.settle(1)
    refused = world.whispers(world.gwen)[-1]
    assert build.state == "scheduled"
    await world.bob.clicks(message.previews[0], "Cancel")
    await world.settle(2)
    assert (refused, build.state) == (
        snapshot("""\
⚠️ Guests of this workspace cannot use Kitestring.
Ask a full member to do it for you, or a workspace admin to make you a full member.\
"""),
        "canceled",
    )


async def test_a_card_of_ones_own_is_one_press_away(world: World) -> None:
    """Follow here posts a card in the message's thread, which is then kept up to date."""
    world.buildkite.create_build_elsewhere("web", "main", "Fix the cart", "Noor Haddad")
    message = await paste_link(world)
    await world.bob.clicks(message.previews[0], "Follow here")
    await world.settle(2)
    (card,) = world.slack.thread(world.deploys, message)[1:]
    assert "followed for bob" in card.plain()


async def test_in_the_thread_of_a_link_its_build_is_the_default(world: World) -> None:
    """In the thread of a message with a link, commands default to that build."""
    build = world.buildkite.create_build_elsewhere("web", "main", "Fix the cart", "Noor Haddad")
    message = await paste_link(world)
    await world.bob.posts(world.deploys, "@kitestring cancel --yes", thread_ts=message)
    await world.settle(2)
    assert build.state == "canceled"


async def test_links_to_other_organizations_are_ignored(world: World) -> None:
    """Another organization's build, one that is not there, and pages that are no build: silence."""
    for words in (
        "https://buildkite.com/other/web/builds/1",
        "https://buildkite.example/acme-inc/web/builds/1",
        "https://buildkite.com/acme-inc/web/builds/99",
        "https://buildkite.com/acme-inc/nowhere",
        "https://buildkite.com/docs",
    ):
        assert list_previews(await paste_link(world, words)) == []
    assert (world.whispers(world.alice), count_unfurls(world)) == ([], 0)


async def test_a_guest_shows_nothing_to_others(world: World) -> None:
    """A build that Gwen may not read gets no preview, and isn't read from Buildkite."""
    world.buildkite.create_build_elsewhere("web", "main", "Fix the cart", "Noor Haddad")
    before = len(world.buildkite.requests)
    assert list_previews(await paste_link(world, BUILD, world.gwen)) == []
    assert (len(world.buildkite.requests), world.whispers(world.gwen)) == (before, [])


async def test_nothing_is_shown_to_another_organization(world: World) -> None:
    """In a Slack Connect channel that the policy does not name, links stay links."""
    world.buildkite.create_build_elsewhere("web", "main", "Fix the cart", "Noor Haddad")
    shared = world.slack.channel("C0SHARED1", "with-partner", shared=True)
    assert list_previews(await paste_link(world, BUILD, where=shared)) == []


async def test_a_preview_stops_when_a_channel_is_shared(world: World) -> None:
    """Once another organization reads along, the preview stays as it was."""
    build = world.buildkite.create_build_elsewhere("web", "main", "Fix the cart", "Noor Haddad")
    message = await paste_link(world)
    before = list_previews(message)
    world.deploys.shared = True
    world.clock.advance(61)
    world.buildkite.run_build(build)
    await world.settle(4)
    assert list_previews(message) == before


async def test_channels_without_the_bot_get_no_preview(world: World) -> None:
    """In a private channel without the bot there are no previews, because its members are unknown."""
    world.buildkite.create_build_elsewhere("web", "main", "Fix the cart", "Noor Haddad")
    private = world.slack.channel("C0PRIVATE", "secret", private=True, bot_in=False)
    assert list_previews(await paste_link(world, BUILD, where=private)) == []


async def test_a_draft_gets_no_preview(world: World) -> None:
    """A link in the composer belongs to no channel yet."""
    world.buildkite.create_build_elsewhere("web", "main", "Fix the cart", "Noor Haddad")
    event = {
        "type": "link_shared",
        "user": world.alice.id,
        "channel": "COMPOSER",
        "message_ts": "gryl3kb80b3wm49ihzoo35fyqoq08n2y",
        "links": [{"url": BUILD, "domain": "buildkite.com"}],
        "source": "composer",
        "unfurl_id": "gryl3kb80b3wm49ihzoo35fyqoq08n2y",
        "event_ts": "1793610000.000900",
    }
    ack = await world.slack.emit(event, "link_shared")
    await world.settle(1)
    assert ack is not None
    assert (ack.ok, count_unfurls(world), world.slack.composer_unfurls) == (True, 0, {})


async def test_slack_is_busy_and_the_preview_comes_later(world: World) -> None:
    """A 429 is waited for."""
    world.buildkite.create_build_elsewhere("web", "main", "Fix the cart", "Noor Haddad")
    world.slack.faults.rate_limit("chat.unfurl", retry_after=5)
    message = await paste_link(world)
    assert list_previews(message) == []
    await world.settle(6, step=1)
    assert len(list_previews(message)) == 1


async def test_a_deleted_message_is_left_alone(world: World) -> None:
    """Deleting the message ends the updates of its preview, without an error."""
    build = world.buildkite.create_build_elsewhere("web", "main", "Fix the cart", "Noor Haddad")
    message = await paste_link(world)
    world.slack.delete(message)
    world.buildkite.run_build(build)
    await world.settle(8)
    tried = [call for call in world.slack.calls if call.method == "chat.unfurl" and not call.ok]
    assert len(tried) == 1
    assert world.slack.messages(world.deploys) == []
