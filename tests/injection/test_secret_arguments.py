"""Every operation is typed with a marked secret through every entry: it's nowhere in messages, log or database.

Answers to a block step that was unblocked are another matter: people see them, apart from what looks secret.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

from bot.access.audit_log import format_json_line
from bot.access.queries import read_audit
from bot.operations.arguments import Argument, read_arguments
from bot.operations.operation import Operation
from commands import registry
from simulators.slack.controls import list_controls
from tests.conversations.world import World, open_world
from tests.injection.stored import checkpoint, read_database
from tests.matrix.scenes import find_scene
from tests.sampling import Sample

MARK = "zq7-marked-secret"
OPERATIONS = registry()
_SUBJECT = {"pipeline": "web", "number": 1, "job": "lint", "proposal": "nonesuch"}


def find_secrets(op: Operation) -> list[Argument]:
    """Return the arguments of an operation that are declared secret."""
    return [argument for argument in read_arguments(op.args) if argument.opt.secret]


def write_secrets(op: Operation) -> str:
    """Return secret arguments as they are typed: those of the operation, or else flags of another one."""
    given = [
        f"{flag} NAME={MARK}" if argument.kind == "dict" else f"{flag} {MARK}"
        for argument in find_secrets(op)
        for flag in argument.spellings
    ]
    return " ".join(given) or f"-e NAME={MARK} NAME={MARK}"


def write_commands(op: Operation) -> Iterator[str]:
    """Yield commands with secrets: right, with the operation mistyped, with an odd word, and with an odd quote."""
    words, secrets = find_scene(op).words.format(**_SUBJECT), write_secrets(op)
    yield f"{words} {secrets}"
    yield f"{words.replace(op.noun, op.noun + 'x', 1)} {secrets}"
    yield f"{words} {secrets} --oops surplus"
    # Where all words make up a job's name or a reason, those after a secret do, too.
    takes_words = any(argument.opt.joined for argument in read_arguments(op.args))
    if not takes_words and any(argument.kind == "dict" for argument in find_secrets(op)):
        yield f"{words} {secrets} {MARK} of several words"
    yield f'{words} {secrets} -m "never closed'
    yield f"help {words} {secrets}"


async def type_everywhere(world: World, op: Operation) -> None:
    """Type the operation's commands as text, as a mention, below `can` and by an alias."""
    for text in write_commands(op):
        for words in (text, f"can {text}", f"alias zz = {text}", f"alias zz={text}"):
            await world.alice.types(world.deploys, f"/bk {words}")
        await world.alice.posts(world.deploys, f"@kitestring {text}")
        await world.gwen.types(world.deploys, f"/bk {text}")
        await world.bot.drain()
    await world.alice.types(world.deploys, f"/bk alias zz = {find_scene(op).words.format(**_SUBJECT)}")
    await world.alice.types(world.deploys, f"/bk zz {write_secrets(op)}")
    await world.alice.types(world.deploys, f"/bk can zz {write_secrets(op)}")
    await world.settle(1)


async def fill_in_form(world: World, op: Operation) -> None:
    """Open the operation's form, if it has one, and fill in its secrets."""
    await world.alice.types(world.deploys, f"/bk {op.name}")
    await world.settle(1)
    if (view := world.slack.modal_of(world.alice)) and view.source.get("submit"):
        typed = {"dict": f"NAME={MARK}"}
        values = {argument.description: typed.get(argument.kind, MARK) for argument in find_secrets(op)}
        values["Pipeline"] = "web"
        visible = {name for control in list_controls(view) for name in control.names}
        await world.alice.submits({label: value for label, value in values.items() if label in visible})
        await world.settle(1)
    if world.slack.modal_of(world.alice):
        await world.alice.closes(everything=True)


async def press_buttons(world: World) -> None:
    """Start a build where the bot can't post, so that buttons hold its arguments."""
    elsewhere = world.slack.channel("C0ELSE001", "elsewhere", bot_in=False)
    await world.alice.types(elsewhere, f"/bk build create web -e NAME={MARK} -M note={MARK}")
    await world.settle(1)
    await world.alice.clicks(world.slack.ephemerals(world.alice)[-1], "Start anyway")
    await world.settle(3)
    assert world.buildkite.builds[-1].env == {"NAME": MARK}


async def read_places(world: World, folder: Path) -> dict[str, str]:
    """Return all that the bot has said and stored."""
    posted = [message for channel in world.slack.posted.values() for message in channel if message.bot]
    private = [(message.text, message.blocks, message.metadata) for message in world.slack.ephemeral_messages]
    async with world.bot.platform.store.read() as tx:
        audit = [format_json_line(entry) async for entry in read_audit(tx)]
    checkpoint(folder)
    return {
        "messages": str([(message.text, message.blocks, message.metadata, message.edits) for message in posted]),
        "private messages": str(private),
        "audit": "\n".join(audit),
        "database": read_database(folder).decode("latin-1"),
    }


async def test_a_marked_secret_is_nowhere(tmp_path: Path, log_output: io.StringIO, sample: Sample) -> None:
    """Typed, mentioned, asked about, as an alias, in forms and behind buttons, right or wrong: it's masked."""
    secret = [op for op in OPERATIONS if find_secrets(op)]
    others = [op for op in OPERATIONS if not find_secrets(op) and op.name not in ("alias", "readonly")]
    async with open_world(tmp_path) as world:
        for op in [*secret, *sample(others, keep=4)]:
            await type_everywhere(world, op)
            await fill_in_form(world, op)
        await press_buttons(world)
        await world.alice.types(world.deploys, "/bk alias")
        await world.alice.types(world.deploys, "/bk audit")
        await world.settle(3)
        places = await read_places(world, tmp_path) | {"log": log_output.getvalue()}
    for place, text in places.items():
        at = text.find(MARK)
        assert at < 0, (place, text[max(at - 300, 0) : at + 100])
