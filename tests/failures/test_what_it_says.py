"""A failure's card shows the last lines of a log and the annotations; neither can harm its readers."""
# ruff: noqa: E501 - the lines stand here as people read them

from __future__ import annotations

import pytest
from inline_snapshot import snapshot

from simulators.buildkite.models import Build
from tests.conversations.acts import start_build
from tests.conversations.world import World, format_message

OUTPUT = """\
~~~ Running commands
\x1b[90m$ bin/lint\x1b[0m
src/basket.js
\x1b[31m  12:7  error  'rate' is never reassigned. Use 'const'  prefer-const\x1b[0m

\x1b[31m✖ 1 problem (1 error, 0 warnings)\x1b[0m
^^^ +++
\x1b[31m🚨 Error: The command exited with status 1\x1b[0m
~~~ Running global pre-exit hook
"""


async def fail_lint(world: World, build: Build, printed: str = OUTPUT) -> None:
    """Let lint print that and fail, and the build with it."""
    lint = build.find_job("lint").id
    world.buildkite.start_job(lint)
    world.buildkite.log(lint, printed)
    world.buildkite.finish_job(lint, 1)
    world.buildkite.run_build(build)


async def test_the_last_lines_of_the_log(world: World) -> None:
    """The command's last output is on the card and in the reply, without colours and the agent's own lines."""
    build = await start_build(world)
    await fail_lint(world, build)
    await world.settle(6)
    assert [format_message(world.card()), *world.replies(world.card())] == snapshot(
        [
            """\
❌ *web#1* failed on `main`
requested by alice f323ca7 took 0s 2 passed · 1 failed · 1 skipped
❌ :eslint: Lint · exit status 1
Last lines of *:eslint: Lint*:
```
▸ Running commands
$ bin/lint
src/basket.js
  12:7  error  'rate' is never reassigned. Use 'const'  prefer-const
✖ 1 problem (1 error, 0 warnings)
```
[Retry failed] [Rebuild] [Logs] [Open in Buildkite] [Rebuild with changes]\
""",
            "<@U0ALICE01> ❌ web#1 failed: :eslint: Lint (exit 1)",
        ]
    )


async def test_the_card_does_not_wait_for_the_lookup(world: World) -> None:
    """While Buildkite hangs on the log, the card says failed; the reply waits ten seconds at most."""
    build = await start_build(world)
    world.buildkite.faults.fail(503, times=50, path="/log$|/annotations$")
    await fail_lint(world, build)
    await world.settle(2)
    assert format_message(world.card()) == snapshot("""\
❌ *web#1* failed on `main`
requested by alice f323ca7 took 0s 2 passed · 1 failed · 1 skipped
❌ :eslint: Lint · exit status 1
[Retry failed] [Rebuild] [Logs] [Open in Buildkite] [Rebuild with changes]\
""")
    assert world.replies(world.card()) == []
    await world.settle(12)
    assert world.replies(world.card()) == snapshot(["<@U0ALICE01> ❌ web#1 failed: :eslint: Lint (exit 1)"])


async def test_a_log_that_comes_late_is_added(world: World) -> None:
    """Buildkite limits the bot for a while; the log is read later, and the card is drawn again."""
    build = await start_build(world)
    limited = {"message": "You have exceeded your API rate limit.", "scope": "rest_user", "reset": 20}
    world.buildkite.faults.fail(429, path="/log$", body=limited)
    await fail_lint(world, build)
    await world.settle(4)
    assert "Last lines" not in format_message(world.card())
    await world.settle(40)
    assert "✖ 1 problem" in format_message(world.card())


async def test_a_lookup_is_given_up_after_five_tries(world: World) -> None:
    """A log that Buildkite never returns is requested five times and no more."""
    build = await start_build(world)
    world.buildkite.faults.fail(500, times=1000, path="/log$")
    await fail_lint(world, build)
    await world.settle(600, step=5)
    assert sum(request.path.endswith("/log") for request in world.buildkite.requests) == snapshot(5)


@pytest.mark.parametrize("status", [400, 403, 404])
async def test_an_unavailable_log_is_left_out(world: World, status: int) -> None:
    """A log that is deleted, forbidden or damaged is requested once; the rest of the card is complete."""
    build = await start_build(world)
    world.buildkite.annotate(build, "1 test failed", style="error")
    world.buildkite.faults.fail(status, times=50, path="/log$", body={"message": "No job found"})
    await fail_lint(world, build)
    await world.settle(30)
    card = format_message(world.card())
    assert "Last lines" not in card
    assert "1 test failed" in card
    assert sum(request.path.endswith("/log") for request in world.buildkite.requests) == 1


async def test_of_a_huge_log_only_the_end_is_read(world: World) -> None:
    """Of megabytes, only the last 16 KiB are requested."""
    build = await start_build(world)
    await fail_lint(world, build, "x" * 100 + "\n" + "line\n" * 1_000_000 + OUTPUT)
    await world.settle(6)
    read = next(request for request in world.buildkite.requests if request.path.endswith("/log"))
    assert read.headers["range"] == "bytes=-16384"
    assert "✖ 1 problem" in format_message(world.card())


async def test_an_empty_log_is_no_log(world: World) -> None:
    """A job that printed nothing has no last lines."""
    build = await start_build(world)
    await fail_lint(world, build, "")
    await world.settle(6)
    assert "Last lines" not in format_message(world.card())


async def test_a_token_in_the_log_is_masked(world: World) -> None:
    """Secrets are masked before anything is stored or shown, even one that a colour code splits."""
    build = await start_build(world)
    token = "ghp_0123456789abcdef0123456789abcdef0123"
    printed = f"export DEPLOY_TOKEN=hunter2hunter2\npush with \x1b[1mghp_01234567\x1b[0m89abcdef0123456789abcdef0123\n{token}\nfailed\n"
    await fail_lint(world, build, printed)
    await world.settle(6)
    assert format_message(world.card()) == snapshot("""\
❌ *web#1* failed on `main`
requested by alice f323ca7 took 0s 2 passed · 1 failed · 1 skipped
❌ :eslint: Lint · exit status 1
Last lines of *:eslint: Lint*:
```
export DEPLOY_TOKEN=•••
push with •••
•••
failed
```
[Retry failed] [Rebuild] [Logs] [Open in Buildkite] [Rebuild with changes]\
""")
    everything = world.transcript()
    assert token not in everything
    assert "hunter2" not in everything


async def test_hostile_lines_of_a_log_stay_lines(world: World) -> None:
    """A log is shown as it was printed: no mentions, no links, no way out of the block."""
    build = await start_build(world)
    await fail_lint(world, build, "<!channel> <https://evil.example|Sign in>\n```\n*bold* & <@U0BOB0001>\n")
    await world.settle(6)
    texts = [block["text"]["text"] for block in world.card().blocks if block["type"] == "section"]
    assert texts[-1] == snapshot("""\
```
&lt;!channel&gt; &lt;https://evil.example|Sign in&gt;
ˋˋˋ
*bold* &amp; &lt;@U0BOB0001&gt;
```\
""")


async def test_annotations_of_style_error(world: World) -> None:
    """The two error annotations of the highest priority are quoted as text; others aren't."""
    build = await start_build(world)
    world.buildkite.annotate(build, "Coverage rose", style="success", context="coverage")
    world.buildkite.annotate(build, "Slow", style="warning", context="slow")
    world.buildkite.annotate(build, "Third", style="error", context="c", priority=1)
    world.buildkite.annotate(
        build,
        "<p>1 of <b>214</b> tests failed</p><ul><li>ships to islands</li></ul>",
        style="error",
        context="a",
        priority=9,
        markup=True,
    )
    world.buildkite.annotate(build, "Second", style="error", context="b", priority=5)
    await fail_lint(world, build)
    await world.settle(6)
    assert format_message(world.card()) == snapshot("""\
❌ *web#1* failed on `main`
requested by alice a151560 took 0s 2 passed · 1 failed · 1 skipped
❌ :eslint: Lint · exit status 1
Last lines of *:eslint: Lint*:
```
▸ Running commands
$ bin/lint
src/basket.js
  12:7  error  'rate' is never reassigned. Use 'const'  prefer-const
✖ 1 problem (1 error, 0 warnings)
```
*Annotation*
> 1 of 214 tests failed
> ships to islands
*Annotation*
> Second
[Retry failed] [Rebuild] [Logs] [Open in Buildkite] [Rebuild with changes]\
""")


async def test_hostile_html_in_an_annotation(world: World) -> None:
    """Scripts, handlers and links are removed, Slack's own markup is text, and the length is limited."""
    build = await start_build(world)
    hostile = (
        "<script>alert(1)</script><img src=x onerror=alert(1)><a href='javascript:alert(1)'>Sign in</a>"
        "<p>&lt;!channel&gt; &lt;@U0BOB0001&gt; &lt;https://evil.example|here&gt;</p>"
        "<p>password=hunter2hunter2</p>" + "<p>more and more</p>" * 100
    )
    world.buildkite.annotate(build, hostile, style="error", markup=True)
    await fail_lint(world, build)
    await world.settle(6)
    texts = [block["text"]["text"] for block in world.card().blocks if block["type"] == "section"]
    assert texts[-1] == snapshot("""\
*Annotation*
> Sign in
> &lt;!channel&gt; &lt;@U0BOB0001&gt; &lt;https://evil.example|here&gt;
> password=•••
> more and more
> more and more
> more and more
> more and more
> …\
""")


async def test_a_retry_starts_a_new_lookup(world: World) -> None:
    """The build runs again and fails at another step: the old lines are gone, the new ones are read."""
    build = await start_build(world)
    await fail_lint(world, build)
    await world.settle(6)
    await world.bob.clicks(world.card(), "Retry failed")
    await world.settle(6)
    assert "✖ 1 problem" not in format_message(world.card())
    lint = build.find_job("lint").id
    world.buildkite.start_job(lint)
    world.buildkite.finish_job(lint)
    package = build.find_job("package").id
    world.buildkite.start_job(package)
    world.buildkite.log(package, "no space left on device\n")
    world.buildkite.finish_job(package, 1)
    await world.settle(6)
    assert format_message(world.card()) == snapshot("""\
❌ *web#1* failed on `main`
requested by alice f323ca7 took 12s 3 passed · 1 failed
❌ :package: Package · exit status 1
⚠️ :eslint: Lint · *flaky*: passed when retried
Last lines of *:package: Package*:
```
no space left on device
```
[Retry failed] [Rebuild] [Logs] [Open in Buildkite] [Rebuild with changes]\
""")


async def test_a_subscribed_card_shows_less(world: World) -> None:
    """A subscribed card has at most six lines of the log, and none of a step that failed before."""
    await world.alice.types(world.deploys, "/bk subscribe web --state failed --yes")
    await world.settle(2)
    cards = []
    for _ in range(3):
        build = world.buildkite.create_build_elsewhere("web")
        await fail_lint(world, build, "".join(f"line {number}\n" for number in range(1, 12)))
        await world.settle(15)
        cards.append(format_message(world.card()))
    assert [card.split("\n", 2)[2].splitlines() for card in cards] == snapshot(
        [
            [
                "❌ :eslint: Lint · exit status 1",
                "Last lines of *:eslint: Lint*:",
                "```",
                "line 6",
                "line 7",
                "line 8",
                "line 9",
                "line 10",
                "line 11",
                "```",
                "[Retry failed] [Rebuild] [Logs] [Mute] [Open in Buildkite] [Rebuild with changes]",
            ],
            [
                "❌ :eslint: Lint · exit status 1 · still failing since web#1",
                "[Retry failed] [Rebuild] [Logs] [Mute] [Open in Buildkite] [Rebuild with changes]",
            ],
            [
                "❌ :eslint: Lint · exit status 1 · still failing since web#1",
                "[Retry failed] [Rebuild] [Logs] [Mute] [Open in Buildkite] [Rebuild with changes]",
            ],
        ]
    )
