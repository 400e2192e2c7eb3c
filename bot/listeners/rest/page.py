"""Renders the API's document as a page, without scripts: every operation with its arguments and an example.

Packaged renderers are megabytes of JavaScript that would run on the bot's origin, with a form for tokens. Nothing
here needs that: the page is a few tables, and its policy forbids everything but its own style.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterable, Mapping
from html import escape
from typing import cast

from bot.listeners.rest.openapi import Json, list_kinds

_STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#1d1c1d}"
    "code,pre{font:14px/1.4 ui-monospace,monospace;background:#f4f4f4;border-radius:4px;padding:.1em .3em}"
    "pre{padding:.8em;overflow:auto}table{border-collapse:collapse}td,th{text-align:left;padding:.2em .8em .2em 0;"
    "vertical-align:top}section{border-top:1px solid #ddd;margin-top:1.5rem}h3 code{font-weight:normal}"
)
_HASH = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
PAGE_HEADERS = {
    "content-security-policy": f"default-src 'none'; style-src 'sha256-{_HASH}'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
}


def render_page(document: Json) -> str:
    """Return the page as HTML."""
    info, paths = _read(document, "info"), _read(document, "paths")
    schemas = _read(_read(document, "components"), "schemas")
    sections = "".join(_render_path(path, cast("Json", item), schemas) for path, item in paths.items())
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{_text(info['title'])} API</title><style>{_STYLE}</style>"
        f"<h1>{_text(info['title'])} API</h1><p>{_text(info['description'])}</p>"
        "<p>Send <code>Authorization: Bearer kst_…</code> with every request. "
        'The document for tools is <a href="/api/v1/openapi.json">openapi.json</a> (OpenAPI 3.1).</p>'
        f"{sections}<section><h2>Problems</h2>{_render_kinds()}</section></html>"
    )


def _read(document: Json, name: str) -> Json:
    return cast("Json", document[name])


def _text(value: object) -> str:
    return escape(str(value))


def _render_path(path: str, item: Json, schemas: Json) -> str:
    described = cast("Json", item.get("post") or item["get"])
    methods = " or ".join(method.upper() for method in item)
    return (
        f"<section><h3>{_text(described['summary'])}</h3><p><code>{methods} {_text(path)}</code></p>"
        f"<p>{_text(described.get('description', ''))}</p>{_render_body(path, described, schemas)}</section>"
    )


def _render_body(path: str, described: Json, schemas: Json) -> str:
    if "requestBody" not in described:
        return ""
    content = cast("Json", _read(_read(described, "requestBody"), "content")["application/json"])
    name = str(_read(content, "schema")["$ref"]).rpartition("/")[2]
    schema = cast("Json", schemas[name])
    body = json.dumps(content.get("example", {}), ensure_ascii=False)
    curl = f'curl -H "Authorization: Bearer $TOKEN" --json \'{body}\' "$KITESTRING{path}"'
    return f"{_render_properties(schema)}<pre>{_text(curl)}</pre>"


def _render_properties(schema: Json) -> str:
    properties = cast("Mapping[str, Json]", schema.get("properties", {}))
    required = cast("list[str]", schema.get("required", []))
    rows = [
        (
            f"<code>{_text(name)}</code>",
            _text(_name_type(found)),
            "required" if name in required else "",
            _text(found.get("description", "")),
        )
        for name, found in properties.items()
    ]
    return _render_table(rows) if rows else ""


def _name_type(schema: Json) -> str:
    options = cast("list[Json]", schema.get("anyOf", [schema]))
    names = [str(option.get("type", "")) for option in options if option.get("type") != "null"]
    choices = [str(choice) for option in options for choice in cast("list[object]", option.get("enum", []))]
    return ", ".join(choices) or " or ".join(dict.fromkeys(names))


def _render_kinds() -> str:
    rows = [
        (f'<code id="{_text(kind)}">{_text(kind)}</code>', str(status), _text(title), "")
        for kind, status, title in list_kinds()
    ]
    return _render_table(rows)


def _render_table(rows: Iterable[tuple[str, ...]]) -> str:
    """Return a table of cells that are HTML already."""
    lines = "".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>" for row in rows)
    return f"<table>{lines}</table>"
