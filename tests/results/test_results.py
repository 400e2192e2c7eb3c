"""Every operation returns what it declares: plain facts, whatever words they are made of."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import jsonschema
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.operations.operation import Effect, NoArgs, Permission, operation
from bot.operations.registry import Registry
from bot.operations.reply import Reply
from bot.operations.results import Data, Result, UtcTime, describe_model, describe_models
from bot.runtime.redaction import mask_tokens
from bot.slack.blockkit.mrkdwn import Mrkdwn, bold, code, link, md, mention, strip_unseen
from commands import registry
from tests.conversations.world import open_world
from tests.injection.corpus import CORPUS
from tests.matrix.acting import settle_all
from tests.matrix.cast import PRODUCTION, SHOP, Cast, open_cast
from tests.matrix.scenes import PROPS, SCENES
from tests.sampling import many_examples

REGISTRY = registry()
NAMES = ("<!channel>", "<https://evil.example|Open>", "<@U0EVE0001> `x` *y*")
FORMATS = jsonschema.FormatChecker()
# What only Slack reads: escaped characters, times, mentions and links.
SLACK_MARKUP = re.compile(r"&(?:lt|gt|amp);|<!|<@|<#|<https?://[^>]*\|")


class Named(Result, frozen=True):
    """A thing."""

    name: str
    at: UtcTime | None = None


async def _run(args: NoArgs, ctx: object) -> Reply[Named]:
    raise AssertionError(args, ctx)


def test_schemas_are_valid_and_know_nothing_of_slack() -> None:
    """Each result has a JSON Schema, made only of models of results, and each model says what it is."""
    models = dict.fromkeys(op.result for op in REGISTRY)
    references, components = describe_models(models, "#/$defs/{name}")
    for model in models:
        schema = describe_model(model)
        jsonschema.Draft202012Validator.check_schema(schema)
        assert references[model]["$ref"] == f"#/$defs/{model.__name__}"
    parts = {part.__name__: part for model in models for part in _list_parts(model)}
    assert parts.keys() == components.keys()
    assert {name for name, part in parts.items() if not part.__module__.endswith("results")} == set()
    assert {name for name, part in parts.items() if not issubclass(part, Data)} == set()
    assert {name for name, schema in components.items() if not schema.get("description")} == set()
    # Every field is in every answer, whether it has a value or not.
    assert {name for name, schema in components.items() if [*schema["properties"]] != schema["required"]} == set()
    assert '"default"' not in json.dumps(components)


def _list_parts(model: type[Data]) -> Iterator[type]:
    """Yield a model and the models that its fields consist of."""
    seen: set[type] = set()
    todo: list[object] = [msgspec.inspect.type_info(model)]
    while todo:
        found = todo.pop()
        if isinstance(found, msgspec.inspect.StructType) and found.cls not in seen:
            seen.add(found.cls)
            yield found.cls
            todo += [field.type for field in found.fields]
        nested = [getattr(found, name, None) for name in ("item_type", "key_type", "value_type")]
        todo += [*(kind for kind in nested if kind), *getattr(found, "types", ())]


async def test_every_operation_returns_its_result(tmp_path: Path) -> None:
    """The data of each operation fits its schema, and holds none of Slack's markup."""
    proposals = {op.name for op in REGISTRY if op.name.startswith("proposal ")}
    typed = [op.name for op in REGISTRY if not op.form_only_message and op.name not in proposals]
    async with open_cast(tmp_path, policy=False) as cast:
        for name in typed:
            await _type(cast, name, "admin", SHOP)
        check_results(cast, typed)


async def test_votes_return_their_proposal(tmp_path: Path) -> None:
    """Approving, refusing and withdrawing a proposal return which one it is."""
    people = {"proposal approve": "approver", "proposal refuse": "approver", "proposal withdraw": "granted"}
    async with open_cast(tmp_path, policy=True) as cast:
        for name, person in people.items():
            await _type(cast, name, person, PRODUCTION)
        check_results(cast, people)


async def _type(cast: Cast, name: str, person: str, pipeline: str) -> None:
    props = await PROPS[SCENES[name].props](cast, pipeline)
    words = SCENES[name].words.format(pipeline=pipeline, **vars(props))
    await cast.people[person].types(cast.world.deploys, f"/bk {words}")
    await settle_all(cast.world)


def check_results(cast: Cast, operations: object) -> None:
    """Assert that these operations returned results, which fit their schemas."""
    results = cast.world.results
    assert results.faults == []
    assert set(operations) - {name for name, _result in results.found} == set()  # type: ignore[call-overload]
    for name, result in results.found:
        data = json.loads(json.dumps(result.to_json()))
        jsonschema.validate(data, describe_model(REGISTRY[name].result), format_checker=FORMATS)
        assert [text for text in _list_texts(data) if SLACK_MARKUP.search(text)] == [], name


def _list_texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for child in value.values() if isinstance(value, dict) else value:
            yield from _list_texts(child)


async def test_hostile_names_are_themselves(tmp_path: Path) -> None:
    """Names that would mention people in Slack are the same names in results, and are neither escaped nor cut."""
    async with open_world(tmp_path) as world:
        world.buildkite.pipeline("odd", steps=[{"label": text, "command": "x"} for text in NAMES])
        build = world.buildkite.create_build_elsewhere("odd", NAMES[0], NAMES[1], creator=NAMES[2])
        world.buildkite.run_build(build, fail=[NAMES[0]])
        for words in ("build list odd", "job list odd 1", "build view odd 1", "job log odd 1", "agent list"):
            await world.alice.types(world.deploys, f"/bk {words}")
            await world.settle(1)
        (listed,) = world.results.find("build list")[0].builds
        assert (listed.branch, listed.message, listed.author) == NAMES
        assert [job.name for job in world.results.find("job list")[0].jobs] == [*NAMES]
        assert world.results.find("job log")[0].job.name == NAMES[0]
        texts = [text for _name, result in world.results.found for text in _list_texts(result.to_json())]
        assert not any("&lt;" in text for text in texts)
        assert any("<!channel>" in text for text in texts)


@given(st.text() | st.sampled_from(CORPUS))
@many_examples(300)
def test_texts_stay_what_they_were(text: str) -> None:
    """A text is itself in JSON: nothing is escaped for Slack, whether it comes as it is or within a message."""
    plain = text.replace("*", "").replace("`", "")
    result = Named(message=md("said {text}", text=plain), name=text)
    assert result.message == f"Said {strip_unseen(plain)}"
    assert result.name == mask_tokens(text)


def test_markup_is_taken_out_of_messages() -> None:
    """Code, bold text, links and mentions are their words; an address that would be a secret isn't kept."""
    parts = {
        "name": code("release/*"),
        "who": mention("U0BOB0001"),
        "where": link("https://buildkite.com/a", "a<b>"),
        "what": bold("now"),
    }
    result = Named(message=md("locked {name} by {who} in {where} {what}", **parts), name=Mrkdwn("a &lt; b"))
    assert result.to_json() == {
        "message": "Locked release/* by U0BOB0001 in a<b> now",
        "name": "a < b",
        "at": None,
    }


def test_names_show_what_is_invisible_and_hide_tokens() -> None:
    """No name looks like another in JSON, and no token is in it."""
    result = Named(message="", name="ma\u200bin bkua_0123456789abcdef")
    assert result.to_json()["name"] == "ma\ufffdin •••"


def test_an_operation_without_a_result_is_refused() -> None:
    """An operation whose reply isn't annotated with a model of its own is refused at import."""
    declare = operation("thing", needs=Permission.READ, effect=Effect.READS)

    async def run_untyped(args: NoArgs, ctx: object) -> Reply:
        raise AssertionError(args, ctx)

    async def run_vague(args: NoArgs, ctx: object) -> Reply[Result]:
        raise AssertionError(args, ctx)

    for run in (run_untyped, run_vague):
        with pytest.raises(TypeError, match="model of results"):
            declare(run)  # type: ignore[arg-type]
    assert declare(_run).result is Named


def test_a_probe_returns_the_same_result() -> None:
    """A probe that returns another result than its operation is refused."""

    async def probe(args: NoArgs, ctx: object) -> Reply[Other] | None:
        raise AssertionError(args, ctx)

    with pytest.raises(TypeError, match="same result: Named"):
        operation("thing", needs=Permission.READ, effect=Effect.READS, probe=probe)(_run)


class Other(Result, frozen=True):
    """Another thing."""


def test_two_models_of_one_name_are_refused() -> None:
    """Programs know results by the names of their models."""
    first = operation("thing", needs=Permission.READ, effect=Effect.READS)(_run)
    twin = type("Named", (Other,), {"__module__": __name__}, frozen=True)

    async def run(args: NoArgs, ctx: object) -> Reply[Other]:
        raise AssertionError(args, ctx)

    run.__annotations__["return"] = Reply[twin]  # type: ignore[valid-type]
    second = operation("other", needs=Permission.READ, effect=Effect.READS)(run)
    with pytest.raises(TypeError, match="Named is the name of another model"):
        Registry([first, second])
