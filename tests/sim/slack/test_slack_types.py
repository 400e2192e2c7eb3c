"""The shapes of blocks and views are those that Slack publishes."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from inline_snapshot import snapshot

from simulators.slack.validation.declarations import parse_declarations
from simulators.slack.validation.read_types import read_package, render_shapes
from simulators.slack.validation.shapes import find_shape_problems, load_types

ROOT = Path(__file__).parents[3]
VALIDATION = ROOT / "simulators" / "slack" / "validation"
PEERS = ROOT / "bench" / "peers"
SHAPES: dict[str, Any] = json.loads((VALIDATION / "shapes.json").read_text(encoding="utf-8"))
DECLARATIONS = """
import type { Unused } from './elsewhere';
/** A comment with { braces; } */
interface Base { type: string; block_id?: string; }
export interface Styled { style?: { bold?: boolean; border?: 0 | 1; }; }
export interface HomeView extends Base, Styled {
    type: 'home';
    rows: (Text | Picture)[][];
    include?: [Kind, ...Kind[]];
    open?: Record<string, unknown>; // anything
}
export interface ModalView { type: 'modal'; }
export type Kind = 'im' | 'public';
type Text = { type: 'text'; text: string; };
export type Picture = { type: 'image'; } & Base & ({ url: string; } | { id: number; });
export type KnownBlock = | Text | Picture;
export {};
"""


def test_declarations_become_shapes() -> None:
    """Inheritance, unions, intersections and arrays are resolved; a later type of a key is the one that counts."""
    shapes = json.loads(render_shapes(parse_declarations(DECLARATIONS), "1.0"))
    assert shapes["types"] == snapshot(
        {
            "HomeView": {
                "required": {
                    "rows": {"list": {"list": {"either": ["Text", "Picture"]}}},
                    "type": {"values": ["home"]},
                },
                "optional": {
                    "block_id": "string",
                    "include": {"list": "Kind"},
                    "open": "anything",
                    "style": {"required": {}, "optional": {"bold": "boolean", "border": {"values": [0, 1]}}},
                },
            },
            "Kind": {"values": ["im", "public"]},
            "KnownBlock": {"either": ["Text", "Picture"]},
            "ModalView": {"required": {"type": {"values": ["modal"]}}, "optional": {}},
            "Picture": {
                "either": [
                    {
                        "required": {"type": {"values": ["image"]}, "url": "string"},
                        "optional": {"block_id": "string"},
                    },
                    {
                        "required": {"id": "number", "type": {"values": ["image"]}},
                        "optional": {"block_id": "string"},
                    },
                ]
            },
            "Text": {"required": {"text": "string", "type": {"values": ["text"]}}, "optional": {}},
        }
    )


@pytest.mark.parametrize(
    "text",
    ["interface A { a: string }", "type A = B;C", "type A = (B;", "class A {}", "type A = ?;", "interface A {"],
)
def test_what_the_script_cannot_read_is_an_error(text: str) -> None:
    """A construct that isn't known stops the script, rather than being left out of the shapes."""
    with pytest.raises(ValueError, match="expected"):
        parse_declarations(text)


def test_the_script_writes_the_file_that_is_there() -> None:
    """Written as declarations again, the shapes are read to exactly the same file."""
    text = "\n".join(f"type {name} = {write_type(shape)};" for name, shape in SHAPES["types"].items())
    file = (VALIDATION / "shapes.json").read_text(encoding="utf-8")
    assert render_shapes(parse_declarations(text), SHAPES["version"]) + "\n" == file


def write_type(shape: Any) -> str:
    """Return a shape as a declaration."""
    if isinstance(shape, str):
        return {"anything": "Record<string, unknown>"}.get(shape, shape)
    if "values" in shape:
        return " | ".join(f"'{value}'" if isinstance(value, str) else str(value) for value in shape["values"])
    if "list" in shape:
        return f"({write_type(shape['list'])})[]"
    if "either" in shape:
        return " | ".join(write_type(option) for option in shape["either"])
    return f"{{ {write_members(shape['required'], ':')} {write_members(shape['optional'], '?:')} }}"


def write_members(members: Mapping[str, Any], sign: str) -> str:
    """Return an object's members as declarations."""
    return " ".join(f"{name}{sign} {write_type(shape)};" for name, shape in members.items())


def test_the_shapes_are_of_the_pinned_version() -> None:
    """The version is the one that the benchmarks' peers are pinned to; `make shapes` reads another."""
    lock = json.loads((PEERS / "package-lock.json").read_text(encoding="utf-8"))
    assert SHAPES["version"] == lock["packages"]["node_modules/@slack/types"]["version"]
    installed = PEERS / "node_modules" / "@slack" / "types"
    if installed.exists():
        file = (VALIDATION / "shapes.json").read_text(encoding="utf-8")
        assert render_shapes(read_package(installed), SHAPES["version"]) + "\n" == file


def test_every_type_is_known() -> None:
    """Each name in the shapes and in what is added to them is that of a type."""
    named = {name for shape in load_types().values() for name in find_names(shape)}
    assert named - load_types().keys() == {"string", "number", "boolean", "anything"}
    additions = json.loads((VALIDATION / "additions.json").read_text(encoding="utf-8"))["additions"]
    assert all(addition["documented"].startswith("https://docs.slack.dev/") for addition in additions)


def find_names(shape: Any) -> set[str]:
    """Return the names of types in a shape."""
    if isinstance(shape, str):
        return {shape}
    inner = [shape["list"]] if "list" in shape else shape.get("either", ())
    members = [*shape.get("required", {}).values(), *shape.get("optional", {}).values()]
    return {name for part in (*inner, *members) for name in find_names(part)}


def test_problems_are_written_as_slack_writes_them() -> None:
    """Each problem has Slack's message and the pointer to the place."""
    button = {"type": "button", "text": {"type": "mrkdwn", "text": "Go", "emoji": True}, "colour": "red"}
    block = {"type": "section", "text": {"type": "mrkdwn", "text": "x", "emoji": True}, "accessory": button}
    assert find_shape_problems("SectionBlock", block, "/blocks/0") == snapshot(
        [
            ("failed to match all allowed schemas", "/blocks/0/accessory"),
            ("invalid additional property: colour", "/blocks/0/accessory"),
            ("failed to match all allowed schemas", "/blocks/0/accessory/text"),
            ("unsupported type: mrkdwn", "/blocks/0/accessory/text/type"),
            ("failed to match all allowed schemas", "/blocks/0/text"),
            ("invalid additional property: emoji", "/blocks/0/text"),
        ]
    )
