"""The tables of README.md that are made from the code."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from pydantic import SecretStr
from pydantic.fields import FieldInfo

from bot.settings import Settings


def tables() -> Mapping[str, str]:
    """What stands between the marks `<!-- NAME:begin -->` and `<!-- NAME:end -->`, by name."""
    from bot.operations.help_text import command_table
    from commands import registry

    return {"commands": command_table(registry()), "configuration": configuration_table()}


def configuration_table() -> str:
    """The environment variables, each with its meaning and default."""
    rows = (f"| `{name.upper()}` | {f.description} | {_default(f)} |" for name, f in Settings.model_fields.items())
    return "\n".join(("| variable | meaning | default |", "| --- | --- | --- |", *rows))


def stale(page: Path, tables: Mapping[str, str]) -> tuple[str, ...]:
    """The names of those tables that are not on the page as they are here."""
    text = page.read_text("utf-8")
    return tuple(name for name, table in tables.items() if _put(text, name, table) != text)


def write(page: Path, tables: Mapping[str, str]) -> None:
    """Bring the tables on the page up to date."""
    text = page.read_text("utf-8")
    for name, table in tables.items():
        text = _put(text, name, table)
    page.write_text(text, "utf-8")


def _put(text: str, name: str, table: str) -> str:
    """The text with this table in its place; raises ValueError when the marks are not there exactly once."""
    begin, end = f"<!-- {name}:begin -->", f"<!-- {name}:end -->"
    between = re.compile(f"(?<={re.escape(begin)}\n).*?(?={re.escape(end)})", re.DOTALL)
    if len(between.findall(text)) != 1:
        raise ValueError(f"the page needs {begin} and {end} once, each on its own line")
    return between.sub(lambda _: f"{table.strip()}\n", text)


def _default(field: FieldInfo) -> str:
    value = field.get_default()
    if field.is_required() or value is None:
        return "–"
    return f"`{value.get_secret_value() if isinstance(value, SecretStr) else value}`"
