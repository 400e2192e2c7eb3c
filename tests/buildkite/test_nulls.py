"""Optional fields of Buildkite's answers may be null."""

import importlib
import json
import pkgutil
from collections.abc import Iterator
from typing import Any, get_origin

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

import bot.buildkite
from bot.buildkite.models import Build, Vendor
from bot.buildkite.response_parsing import parse_list, parse_object
from bot.errors import Unavailable

SAMPLES = {str: "x", int: 1}
BUILD = {"id": "b", "number": 7, "state": "passed", "url": "https://api.buildkite.com/v2/x"}


def find_models(base: type[Vendor] = Vendor) -> Iterator[type[Vendor]]:
    """Yield all models of Buildkite's objects."""
    for model in base.__subclasses__():
        yield model
        yield from find_models(model)


def list_models() -> list[type[Vendor]]:
    """Return all models of the client, in a stable order."""
    for module in pkgutil.walk_packages(bot.buildkite.__path__, "bot.buildkite."):
        importlib.import_module(module.name)
    mine = {model for model in find_models() if model.__module__.startswith("bot.buildkite.")}
    return sorted(mine, key=lambda model: (model.__module__, model.__name__))


MODELS = list_models()


def make_minimal(model: type[Vendor]) -> dict[str, Any]:
    """Return an object with the required fields only."""
    fields = model.model_fields.items()
    return {name: _make_sample(field.annotation) for name, field in fields if field.is_required()}


def _make_sample(kind: Any) -> Any:
    if isinstance(kind, type) and issubclass(kind, Vendor):
        return make_minimal(kind)
    return {} if get_origin(kind) is dict else SAMPLES[kind]


def parse(model: type[Vendor], value: dict[str, Any]) -> Vendor:
    """Parse an object as the answer to a read."""
    request = httpx.Request("GET", "https://api.buildkite.com/v2/x")
    return parse_object(model, httpx.Response(200, text=json.dumps(value), request=request))


@given(st.data())
def test_a_null_is_an_absent_field(data: st.DataObject) -> None:
    """Any optional fields of any model may be null, which says no more than if they weren't there."""
    model = data.draw(st.sampled_from(MODELS))
    optional = [name for name, field in model.model_fields.items() if not field.is_required()]
    nulls = data.draw(st.sets(st.sampled_from(optional))) if optional else set()
    minimal = make_minimal(model)
    assert parse(model, minimal | dict.fromkeys(nulls)) == parse(model, minimal)


def test_all_optional_fields_may_be_null_at_once() -> None:
    """An object of any model is taken if only its required fields have values."""
    for model in MODELS:
        minimal = make_minimal(model)
        assert parse(model, dict.fromkeys(model.model_fields) | minimal) == parse(model, minimal)


def test_nulls_inside_of_objects_and_lists_are_taken() -> None:
    """A page is read although its builds' jobs have nulls where others have values."""
    job = {"id": "j", "type": None, "soft_failed": None, "priority": {"number": None}, "agent_query_rules": None}
    build = BUILD | {"blocked": None, "jobs": [job], "meta_data": None}
    page = parse_list(TypeAdapter(list[Build]), Build, httpx.Response(200, json=[build, BUILD]))
    assert [(read.blocked, len(read.jobs)) for read in page] == [(False, 1), (False, 0)]
    assert page[0].jobs[0].type == "script"


def test_a_required_field_is_never_null() -> None:
    """A build without a number is no build."""
    with pytest.raises(Unavailable, match="didn't match its API"):
        parse(Build, BUILD | {"number": None})
