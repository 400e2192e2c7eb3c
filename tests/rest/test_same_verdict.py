"""A program with a person's token gets the verdict that the person gets by typing, and leaves the same audit."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from bot.access.api_tokens.model import ApiToken, hash_token, make_raw_token
from bot.access.api_tokens.queries import insert_token
from bot.listeners.rest.openapi import is_exposed, make_path
from bot.operations.grammar import parse
from commands import registry
from simulators.slack.person import Person
from tests.matrix.acting import Row, Seen, observe
from tests.matrix.cast import PRODUCTION, SHOP, Cast, open_cast
from tests.matrix.scenes import PROPS, SCENES
from tests.matrix.table import PEOPLE
from tests.rest.caller import Caller, open_http
from tests.sampling import Sample

# Their tokens are dead: whoever isn't in the workspace gets no further than 401.
_WITHOUT_TOKEN = {"stranger"}
# An admin may withdraw anyone's request, but a program with an admin's token only those that were made with it.
_NARROWER = {("proposal withdraw", "admin")}


async def _issue(cast: Cast, person: Person) -> str:
    """Return a token of a person with all of their rights, who may not be allowed to make one themselves."""
    world, now = cast.world, cast.world.clock.now()
    raw = make_raw_token(f"{len(person.id):02}{person.id}".ljust(30, "0"))
    year = now.replace(year=now.year + 1)
    token = ApiToken(f"t-{person.id}", "bot", person.id, None, None, (), world.deploys.id, year, now)
    async with world.bot.platform.store.write() as tx:
        await insert_token(tx, world.bot.workspace.deps.slack.identity.team, token, hash_token(raw))
    return raw


async def _type(cast: Cast, person: Person, words: str) -> Seen:
    return await observe(cast.world, person, lambda: person.types(cast.world.deploys, f"/bk {words}"))


async def _call(caller: Caller, person: Person, words: str) -> Seen:
    """Send the call that the words mean."""
    call = parse(words, registry())
    path = make_path(registry()[call.operation]).removeprefix("/api/v1/")
    query = "?yes=true" if call.confirmed else ""
    return await observe(caller.world, person, lambda: caller.post(f"{path}{query}", dict(call.args)))


def _leave_out_surface(rows: tuple[Row, ...]) -> list[Row]:
    """Return the rows without their surface, and without the requests of before whose time ran out meanwhile."""
    return [replace(row, via="") for row in rows if row.transition != "expired"]


async def test_typed_and_called(tmp_path: Path, sample: Sample) -> None:
    """For every operation that a program may call, and every kind of person, free or protected."""
    names = [op.name for op in registry() if is_exposed(op) and op.name in SCENES]
    different = []
    async with open_cast(tmp_path, policy=True) as cast, open_http(cast.world) as http:
        limits = cast.world.buildkite.limits
        limits.user.limit = limits.org.limit = 1_000_000
        raws = {name: await _issue(cast, cast.people[name]) for name in PEOPLE if name not in _WITHOUT_TOKEN}
        for name in sample(names, keep=5):
            for pipeline in (SHOP, PRODUCTION):
                for kind, raw in raws.items():
                    seen = []
                    for by_program in (False, True):
                        props = await PROPS[SCENES[name].props](cast, pipeline)
                        words = SCENES[name].words.format(pipeline=pipeline, **vars(props))
                        person, caller = cast.people[kind], Caller(cast.world, http, raw)
                        seen.append(
                            await (_call(caller, person, words) if by_program else _type(cast, person, words))
                        )
                    found = [(_leave_out_surface(each.audit), each.writes) for each in seen]
                    if found[0] != found[1] and (name, kind) not in _NARROWER:
                        different.append((name, pipeline, kind, *found))
    assert "\n".join(map(str, different)) == ""
