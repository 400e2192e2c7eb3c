"""Finds names that say nothing, docstrings that open badly, and names that mean two things."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator

from checks.source import Module

# Words that stand in for a noun or a verb without saying which. docs/style.md explains them.
BANNED = frozenset(
    {
        *("one", "said", "told", "heard", "hear", "look", "looked", "looks", "tell", "tells", "say", "says"),
        *("stands", "whoever", "somebody", "nobody", "anybody", "meant", "aside", "straight", "over", "here"),
        *("wish", "wishes", "doubt", "doubts", "doubtful", "settled", "episode", "patrol", "sweep"),
        *("callings", "belongings", "surroundings"),
    }
)
# Participles and prepositions: a function with such a name hides its verb. Variables and properties may have them.
BANNED_FUNCTIONS = frozenset(
    {
        *("again", "alike", "asked", "by", "done", "drawn", "due", "filled", "found", "gone", "kept", "listed"),
        *("made", "named", "of", "pinned", "shown", "written"),
    }
)
# Every room may have modules with these names: they say what kind of code is in them.
SHARED_MODULE_NAMES = frozenset(
    {"queries", "model", "render", "results", "publisher", "service", "__init__", "__main__"}
)
_OPENING = re.compile(
    r"(What|Whether|Which|Where|Who|Whose|Whom|Whoever|How|As|So|In place|The same|Nobody|Somebody)\b"
)
_CURE = "Rename the less general one."
_TYPE_NAME = re.compile(r"[A-Z][a-z0-9]+(?:[A-Z][a-z0-9]*)*")
Function = ast.FunctionDef | ast.AsyncFunctionDef


def find_banned_names(modules: Iterable[Module]) -> Iterator[str]:
    """Yield a sentence for each banned identifier, badly opened docstring and module without a docstring."""
    for module in modules:
        for node in ast.walk(module.tree):
            yield from _judge_name(module, node)
            yield from _judge_docstring(module, node)


def _judge_name(module: Module, node: ast.AST) -> Iterator[str]:
    kind, name = _find_binding(node)
    bare = name.strip("_").lower()
    if bare in BANNED or bare.startswith("told_"):
        cure = "Use a verb phrase" if kind == "function" else "Use the noun for what it is"
        yield f"{module.path}:{_line_of(node)}: the {kind} `{name}` has a banned name. {cure} (docs/style.md)."
    elif kind == "function" and bare in BANNED_FUNCTIONS and not _is_property(node):
        yield (
            f"{module.path}:{_line_of(node)}: the function `{name}` isn't named by a verb. "
            "Use find_…, render_…, is_… or another verb phrase (docs/style.md)."
        )


def _find_binding(node: ast.AST) -> tuple[str, str]:
    """Return the kind and the name that this node defines; two empty texts if it defines none."""
    match node:
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
            return "function", name
        case ast.ClassDef(name=name):
            return "class", name
        case ast.arg(arg=name):
            return "parameter", name
        case ast.Name(id=name, ctx=ast.Store()):
            return "variable", name
        case ast.Attribute(attr=name, ctx=ast.Store()):
            return "attribute", name
        case ast.alias(asname=str(name)):
            return "import", name
    return "", ""


def _is_property(node: ast.AST) -> bool:
    decorators = node.decorator_list if isinstance(node, Function) else []
    return any("property" in ast.unparse(decorator) for decorator in decorators)


def _judge_docstring(module: Module, node: ast.AST) -> Iterator[str]:
    if not isinstance(node, Function | ast.ClassDef | ast.Module):
        return
    text = ast.get_docstring(node) or ""
    opening = _OPENING.match(text)
    if opening:
        yield (
            f"{module.path}:{_line_of(node)}: the docstring opens with “{opening[0]}”. "
            "Start with a verb (“Return …”), or with a noun for a class or a module (docs/style.md)."
        )
    elif isinstance(node, ast.Module) and node.body and not text:
        yield f"{module.path}:1: the module has no docstring. Say in one sentence what it is for."


def _line_of(node: ast.AST) -> int:
    return getattr(node, "lineno", 1)


def find_repeated_module_names(modules: Iterable[Module]) -> Iterator[str]:
    """Yield a sentence for each module whose base name another room uses as well."""
    places: dict[str, list[Module]] = defaultdict(list)
    for module in modules:
        if module.base_name not in SHARED_MODULE_NAMES:
            places[module.base_name].append(module)
    for name, found in sorted(places.items()):
        if len({module.room for module in found}) > 1:
            first, *others = (module.path for module in found)
            yield f"{first}:1: the module name {name} is also used by {', '.join(others)}. {_CURE}"


def find_repeated_types(modules: Iterable[Module]) -> Iterator[str]:
    """Yield a sentence for each public class or type alias whose name another room defines as well."""
    places: dict[str, list[tuple[Module, int]]] = defaultdict(list)
    for module in modules:
        for name, line in _find_public_types(module):
            places[name].append((module, line))
    for name, found in sorted(places.items()):
        if len({module.room for module, _ in found}) > 1:
            first, *others = (f"{module.path}:{line}" for module, line in found)
            yield f"{first}: the type `{name}` is also defined in {', '.join(others)}. {_CURE}"


def _find_public_types(module: Module) -> Iterator[tuple[str, int]]:
    for node in module.tree.body:
        match node:
            case ast.ClassDef(name=name) if not name.startswith("_"):
                yield name, node.lineno
            case ast.Assign(targets=[ast.Name(id=name)], value=value) if _is_alias(name, value):
                yield name, node.lineno


def _is_alias(name: str, value: ast.expr) -> bool:
    """Return True for `Key = tuple[str, str]`, and False for constants and `T = TypeVar(…)`."""
    return bool(_TYPE_NAME.fullmatch(name)) and not isinstance(value, ast.Call)
