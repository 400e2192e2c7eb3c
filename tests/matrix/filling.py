"""Plays tables by forms: opened, sent, sent again, and sent by a person they weren't opened for."""

from __future__ import annotations

from dataclasses import replace

from simulators.slack.delivery import Ack, AppRequest
from simulators.slack.person import Person
from tests.matrix.acting import Seen, find_newest_message, observe, settle_all
from tests.matrix.judging import Cell, judge_first
from tests.matrix.playing import UNUSED, Play
from tests.matrix.scenes import AGENT, QUEUE, REPO, SPARE
from tests.matrix.table import PEOPLE

VALUES = {
    "agent pause": {"Agent name or id": f"?{AGENT}"},
    "api-token create": {"Name": "bot-{pipeline}"},
    "build annotate": {"Pipeline": "?{pipeline}", "Text": "Looks fine"},
    "build create": {"Pipeline": "?{pipeline}"},
    "connect": {"Your Buildkite API token": "{token}"},
    "job unblock": {"Release name": "1.42"},
    "lock": {"Pipeline": "?{pipeline}", "Reason": "release 42"},
    "pipeline copy": {"Pipeline to copy": "?{pipeline}", "Name": "Copied"},
    "pipeline create": {"Name": "Created", "Repository": REPO},
    "pipeline delete": {"Pipeline": f"?{SPARE}", "Type the pipeline's name to delete it": SPARE},
    "pipeline update": {"Pipeline": f"?{SPARE}", "Description": "Newer"},
    "subscribe": {"Pipeline or pattern": "?{pipeline}"},
    "queue pause": {"Queue": f"?{QUEUE}"},
}
"""What is filled in, by label; after a `?` it is searched for."""
OTHERS = "This form is too old, or was opened by another person. Open it again."


async def fill_forms(play: Play, operations: dict[str, str]) -> None:
    """Every cell by a form: opened where something may come of it, and sent."""
    for pipeline, table in play.tables.items():
        for operation in [operation for operation in operations if operation in table.rows]:
            ready = False
            for name in PEOPLE:
                if not ready:
                    await _prepare(play, operation, pipeline, operations[operation])
                ready = play.make_cell(operation, pipeline, name, "form").word in UNUSED
                await _fill(play, operation, pipeline, name, operations[operation])


async def _prepare(play: Play, operation: str, pipeline: str, source: str) -> None:
    """Set up the form's subject, with a card if a button opens the form."""
    props = await play.set_up_props(operation, pipeline)
    if source == "card":
        await play.cast.alice.types(play.cast.world.deploys, f"/bk build watch {pipeline} {props.number}")
        await settle_all(play.cast.world)


async def _fill(play: Play, operation: str, pipeline: str, name: str, source: str) -> None:
    person = play.cast.people[name]
    seen = await observe(play.cast.world, person, lambda: _open_form(play, person, operation, source))
    if source == "card" and play.make_cell(operation, pipeline, name, "form").word == "refuse" and seen.modal:
        cell = play.make_cell(operation, pipeline, name, "button")
        play.score.note(
            cell, seen, judge_first(cell, replace(seen, modal=False), hopeless=False) + _judge_notice(play, person)
        )
        await person.closes(everything=True)
        return
    if play.has_blanket_refusal(operation, name):
        cell = Cell(operation, name, "button" if source == "card" else "slash", "refuse")
        play.score.note(cell, seen, judge_first(cell, seen, hopeless=True))
        return
    cell = play.make_cell(operation, pipeline, name, "form")
    play.score.note(cell, seen, [] if _has_only_opened(seen) else ["no form was opened"])
    values = {
        label: await _choose_value(play, person, label, text, pipeline)
        for label, text in VALUES[operation].items()
    }
    if None in values.values():  # nobody can choose what isn't offered to them
        play.score.note(cell, seen, [] if cell.word == "refuse" else ["what to choose isn't offered"])
        await person.closes(everything=True)
        return
    if source == "asks" and cell.word == "allow":
        cell = replace(cell, word="question")
    sent = await play.act_once(cell, person, lambda: person.submits(values))
    if play.cast.world.slack.modal_of(person):  # it shows what was made, once
        await person.closes(everything=True)
    if operation != "connect":  # a token that is sent again is looked at again, and is the same token
        await play.act_again(cell, person, play.cast.world.slack.replay, sent)


async def _choose_value(play: Play, person: Person, label: str, text: str, pipeline: str) -> str | None:
    wanted = text.format(pipeline=pipeline, token=play.cast.world.buildkite.token)
    if not wanted.startswith("?"):
        return wanted
    found = await person.searches(label, wanted[1:])
    return next((item for item in found if item.startswith(wanted[1:])), None)


async def _open_form(play: Play, person: Person, operation: str, source: str) -> Ack:
    if source == "card":
        return await person.clicks(find_newest_message(play.cast.world), action_id=operation)
    return await person.types(play.cast.world.deploys, f"/bk {operation}")


def _judge_notice(play: Play, person: Person) -> list[str]:
    """Return the faults of a modal that should only explain why there is no form."""
    view = play.cast.world.slack.modal_of(person)
    return ["a form can be sent"] if view is None or view.source.get("submit") else []


def _has_only_opened(seen: Seen) -> bool:
    return seen.modal and not (seen.writes or seen.audit or seen.private_texts or seen.public_texts)


async def forge_forms(play: Play, operations: dict[str, str], pipeline: str) -> None:
    """A form that was opened for Alice is sent by each of the others."""
    slack, alice = play.cast.world.slack, play.cast.alice
    for operation, source in operations.items():
        await _prepare(play, operation, pipeline, source)
        await _open_form(play, alice, operation, source)
        await settle_all(play.cast.world)
        for name in PEOPLE:
            await _send_hers(play, Cell(operation, name, "form", "refuse"))
        assert slack.modal_of(alice) is not None
        await alice.closes(everything=True)


async def _send_hers(play: Play, cell: Cell) -> None:
    slack, person = play.cast.world.slack, play.cast.people[cell.person]
    view = slack.modal_of(play.cast.alice)
    assert view is not None
    payload = slack.payloads.view_submission(person.profile, view)
    acks: list[Ack] = []

    async def send() -> None:
        acks.append(await slack.delivery.send(AppRequest("interactive", payload, accepts_response=True)))

    seen = await observe(play.cast.world, person, send)
    answer = list(acks[0].body["errors"].values()) if isinstance(acks[0].body, dict) else []
    harm = seen.request_count or seen.audit or seen.private_texts or seen.public_texts
    play.score.note(cell, seen, [] if answer == [OTHERS] and not harm else ["somebody else's form was taken"])
