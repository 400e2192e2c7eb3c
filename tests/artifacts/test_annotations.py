"""What builds say of themselves: read in chat, and written from it."""

from __future__ import annotations

from inline_snapshot import snapshot

from tests.conversations.acts import asks, started
from tests.conversations.world import World

COVERAGE = (
    "<h3>Coverage</h3><table><tr><td>app.js</td><td>71 %</td></tr><tr><td>cart.js</td><td>12 %</td></tr></table>"
)
HOSTILE = "<p>&lt;!channel&gt; *bold* <a href='https://evil.example'>here</a></p><script>x</script><p>API_TOKEN=hunter2secret</p>"


async def test_annotations_are_read(world: World) -> None:
    """The worst first, as plain words: markup is gone, secrets are masked, links lead nowhere."""
    build = world.buildkite.create_build("web")
    world.buildkite.annotate(build, COVERAGE, style="warning", context="coverage", markup=True)
    world.buildkite.annotate(build, "All 42 passed", style="success", context="tests")
    world.buildkite.annotate(build, HOSTILE, style="error", context="`<!here>`", markup=True, job=build.jobs[0])
    said = await asks(world, world.bob, "build annotations web 1")
    assert said == snapshot("""\
Annotations of web#1
❌ *error* · `ˋ<!here>ˋ` · :eslint: Lint
> <!channel> *bold* here
> API_TOKEN=•••
🟠 *warning* · `coverage`
> Coverage
> app.js 71 %
> cart.js 12 %
✅ *success* · `tests`
> All 42 passed
Secrets are masked.\
""")
    assert "hunter2secret" not in str(world.slack.ephemerals(world.bob)[-1].blocks)
    assert "<!here>" not in str(world.slack.ephemerals(world.bob)[-1].blocks)


async def test_annotations_are_chosen(world: World) -> None:
    """By context or by style; a build that says nothing, or nothing of that kind, is told as such."""
    build = world.buildkite.create_build("web")
    words = (
        "build annotations web 1",
        "build annotations web 1 --style error",
        "build annotations web 1 --context x",
    )
    assert await asks(world, world.bob, words[0]) == snapshot("web#1 has no annotations.")
    world.buildkite.annotate(
        build, "<p>" + "</p><p>".join(f"line {n}" for n in range(30)) + "</p>", context="x", markup=True
    )
    world.buildkite.annotate(build, "Short", context="y")
    assert await asks(world, world.bob, words[1]) == snapshot("web#1 has no annotations with style `error`.")
    assert (await asks(world, world.bob, words[0])).endswith("Secrets are masked.\n[More: x]")
    await world.bob.clicks(world.slack.ephemerals(world.bob)[-1], "More: x")
    await world.settle(1)
    assert "line 29" in world.whispers(world.bob)[-1]


async def test_of_many_annotations_the_first_are_shown(world: World) -> None:
    """Eight fit, the most urgent of them; how many there are besides is said; every page is read for that."""
    build = world.buildkite.create_build("web")
    for number in range(120):
        world.buildkite.annotate(
            build, f"Part {number}", context=f"c{number}", priority=10 if number == 119 else 3
        )
    said = (await asks(world, world.bob, "build annotations web 1")).split("\n")
    assert (said[2], said[-1]) == snapshot(("> Part 119", "and 112 more; secrets are masked."))
    assert len(said) == 18


async def test_a_build_is_annotated_in_its_thread(world: World) -> None:
    """The text stands alone there; it goes into a context of its own, and everybody reads who wrote it."""
    build = await started(world)
    card = world.card()
    world.buildkite.annotate(build, "The pipeline's own")
    await world.bob.says(
        world.deploys, '@kitestring annotate "Looks *fine* to me" --style success', thread_ts=card
    )
    await world.settle(2)
    assert world.replies(card)[-1] == snapshot("<@U0BOB0001> annotated web#1: Looks *fine* to me")
    assert [(annotation["style"], annotation["body_html"]) for annotation in build.annotations] == snapshot(
        [("info", "<p>The pipeline&#x27;s own</p>\n"), ("success", "<p>Looks *fine* to me</p>\n")]
    )
    assert build.annotations[1]["context"].startswith("kitestring:")


async def test_an_annotation_is_replaced_or_added_to(world: World) -> None:
    """Only the context that is named; adding needs to know to which."""
    build = world.buildkite.create_build("web")
    for words in ('"One" --context notes', '"Two" --context notes --append'):
        await world.alice.types(world.deploys, f"/bk build annotate web 1 {words}")
        await world.settle(1)
    assert [annotation["body_html"] for annotation in build.annotations] == ["<p>One</p>\n<p>Two</p>\n"]
    await world.alice.types(world.deploys, '/bk build annotate web 1 "Three" --context notes -s error')
    await world.settle(1)
    assert [(annotation["style"], annotation["body_html"]) for annotation in build.annotations] == [
        ("error", "<p>Three</p>\n")
    ]
    assert await asks(world, world.alice, 'build annotate web 1 "Four" --append') == snapshot("""\
⚠️ Add to which annotation?
Name its context: `--context coverage`.\
""")


async def test_a_form_takes_longer_texts(world: World) -> None:
    """Without its text the command opens a form."""
    build = world.buildkite.create_build("web")
    await world.bob.types(world.deploys, "/bk build annotate")
    await world.settle(1)
    await world.bob.submits({"Pipeline": "web", "Build number": "1", "Text": "First\n\nSecond"})
    await world.settle(1)
    assert [annotation["body_html"] for annotation in build.annotations] == ["<p>First\n\nSecond</p>\n"]
