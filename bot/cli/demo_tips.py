"""The tips of the demo: what to try, as whom, and when it's done."""

from __future__ import annotations

from bot.cli.demo_policy import FROZEN, PROTECTED

COMMAND = "/bk"
ALICE, BOB, GUEST = "U0ALICE01", "U0BOB0001", "U0GWEN001"
ALICES_TOKEN = "bkua_made-up-for-alice"  # noqa: S105 - made up
# `text` is written into the composer and `as` is who sends it; `done` is the page's action that ticks a tip off,
# where sending the text doesn't; `form` is a field of the form that is then submitted.
TIPS: tuple[dict[str, object], ...] = (
    {
        "title": "Start a build",
        "text": f"{COMMAND} build create web -b main",
        "as": ALICE,
        "detail": "A card appears and keeps itself up to date. Updates go to its thread.",
    },
    {
        "title": "Reply in its thread",
        "text": "@kitestring cancel",
        "thread": True,
        "as": ALICE,
        "detail": "In a thread, Kitestring knows which build you mean. The buttons work too.",
    },
    {
        "title": "Break something",
        "panel": "network",
        "done": "network",
        "detail": "Lose webhooks or stop Buildkite while a build runs. Its card gets to the right state anyway.",
    },
    {
        "title": "Deploy with an approval",
        "text": f"{COMMAND} build create {PROTECTED} -m 'Ship v2'",
        "as": BOB,
        "detail": "The policy wants a second pair of eyes. Act as Alice, and press Approve.",
    },
    {
        "title": "Answer a block step",
        "done": "submit",
        "form": "release-name",
        "as": ALICE,
        "detail": f"When {PROTECTED} waits for “Release to production?”, press Unblock and fill in the form.",
    },
    {
        "title": "Meet a freeze",
        "text": f"{COMMAND} build create {FROZEN}",
        "as": ALICE,
        "detail": "The policy refuses builds for now, and says why and until when.",
    },
    {
        "title": "See how the week went",
        "text": f"{COMMAND} health",
        "as": ALICE,
        "detail": "Pass rate, durations and flaky steps, in numbers and charts.",
    },
    {
        "title": "Get notified of failures",
        "text": f"{COMMAND} subscribe web",
        "as": ALICE,
        "detail": "Before you save it, you see what it would have posted in the past seven days.",
    },
    {
        "title": "Try it as Gwen, a guest",
        "text": f"{COMMAND} build create web",
        "as": GUEST,
        "detail": "Kitestring refuses and says why, in a message only Gwen can see.",
    },
    {
        "title": "Connect your own account",
        "text": f"{COMMAND} connect",
        "as": ALICE,
        "detail": f"Paste Alice's made-up token into the form: {ALICES_TOKEN}",
    },
)
