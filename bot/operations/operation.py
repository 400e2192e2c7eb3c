"""What an operation is: a function whose argument model is its grammar, form, button and manual."""

from __future__ import annotations

import inspect
import typing
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import Any, NamedTuple

from pydantic import BaseModel, ConfigDict, field_validator

from bot.operations.git_names import normalise_slug
from bot.operations.reply import Reply
from bot.slack.blockkit.mrkdwn import Mrkdwn


class Permission(StrEnum):
    """What a grant can allow."""

    HELP = "help"
    READ = "read"
    LOGS = "logs"
    BUILD = "build"
    AGENTS = "agents"
    PIPELINES = "pipelines"
    ADMIN = "admin"
    COMMIT = "commit"
    ENV = "env"
    ARTIFACTS = "artifacts"
    APPROVE = "approve"
    LOCK = "lock"


class Effect(StrEnum):
    """Whether an operation changes anything at Buildkite."""

    READ = "read"
    WRITE = "write"


class Args(BaseModel):
    """The arguments of an operation: every surface hands over strings, pydantic alone judges them."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True, defer_build=True)

    @field_validator("pipeline", "pipelines", check_fields=False)
    @classmethod
    def _normalise_slugs(cls, given: Any) -> Any:
        """Return slugs as rules compare them: here, so that no operation that is new can leave it out."""
        if isinstance(given, tuple):
            return tuple(map(normalise_slug, given))
        return normalise_slug(given) if isinstance(given, str) else given


class NoArgs(Args):
    """No arguments."""


class Opt(NamedTuple):
    """How an argument is written.

    `short`: one letter (`-b`); `positional`: may stand without its flag, in order of declaration;
    `suggest`: what a menu offers (`pipeline`, `agent`); `multiline`: a tall input in the form;
    `hint`: an example, shown in forms and help; `form`: False keeps it out of the form;
    `also`: further spellings (`("--build", "-b")`); `manual`: False keeps it out of help;
    `rest`: takes everything that follows as one text, flags included;
    `here`: left out, the channel's own pipeline is meant, where it has chosen one;
    `attach`: kinds of file (`("yml", "yaml")`) of which one may be attached to the form in its place.
    """

    short: str | None = None
    positional: bool = False
    suggest: str | None = None
    multiline: bool = False
    hint: str | None = None
    form: bool = True
    also: tuple[str, ...] = ()
    manual: bool = True
    rest: bool = False
    here: bool = False
    attach: tuple[str, ...] = ()


Handler = Callable[[Any, Any], Awaitable[Reply]]
Pin = Callable[[Any, Any], Awaitable[Any]]
Question = Callable[[Any, Any], Awaitable[Mrkdwn | None]]
Probe = Callable[[Any, Any], Awaitable[Reply | None]]
Fields = Callable[[Mapping[str, Any], Any], Awaitable["tuple[Field, ...]"]]
Take = Callable[[Any, Any], Awaitable[None]]
Labels = Callable[[Any, Any], Awaitable[Mapping[str, str]]]


@dataclass(frozen=True)
class Field:
    """An input of a form beyond the model's own: a block step's field; its value becomes `fields[key]`.

    `options` are (label, value); `multiple` allows several; `required` and `default` as Buildkite has them.
    https://buildkite.com/docs/pipelines/configure/step-types/block-step
    """

    key: str
    label: str
    hint: str = ""
    required: bool = True
    default: str = ""
    options: tuple[tuple[str, str], ...] = ()
    multiple: bool = False


@dataclass(frozen=True)
class Operation:
    """One thing that a person may ask for.

    `pin(args, ctx)` replaces what was left open (the build of this thread, an agent's name) by what is meant,
    before the policy looks; `confirm(args, ctx)` is the question a typed command must answer first, or None;
    `probe(args, ctx)` says after a crash whether it happened: a Reply if so, None if not;
    `follows`: the answer is a card, so the bot must be able to post; `form`: without arguments, open the form;
    `fields(given, ctx)`: inputs known only at run time; `preface`: what the form says above its inputs;
    `form_only`: arguments come by the form alone, and whoever types some is told this and nothing else;
    `accept`: the question shows what would come of it, so a form leads to it too; this is what its button says;
    `take(args, ctx)` is awaited while the form is still open: what it raises stands in the form. Afterwards the
    arguments are written down as pydantic dumps them: a SecretStr as asterisks; `sifts`: it looks at many
    pipelines and itself leaves out those that the person may not see, so that seeing one is enough;
    `labels(pinned, ctx)`: what people call those arguments that are ids, by argument, where others have to agree.
    """

    name: str
    args: type[Args]
    run: Handler
    needs: Permission
    effect: Effect = Effect.WRITE
    summary: str = ""
    examples: tuple[str, ...] = ()
    pin: Pin | None = None
    confirm: Question | None = None
    probe: Probe | None = None
    fields: Fields | None = None
    take: Take | None = None
    labels: Labels | None = None
    follows: bool = False
    form: bool = False
    preface: str = ""
    accept: str = ""
    form_only: str = ""
    sifts: bool = False

    @cached_property
    def noun(self) -> str:
        return self.name.split(" ")[0]

    @cached_property
    def verb(self) -> str:
        return self.name.partition(" ")[2]


def operation(
    name: str, *, needs: Permission, effect: Effect = Effect.WRITE, **options: Any
) -> Callable[[Handler], Operation]:
    """Declare an operation: the first argument's annotation is its model, the docstring its summary.

    Raises TypeError at import when the function is not of that form.
    """

    def declare(run: Handler) -> Operation:
        model = typing.get_type_hints(run).get(next(iter(inspect.signature(run).parameters)))
        if not (isinstance(model, type) and issubclass(model, Args)):
            raise TypeError(f"{name}: the first argument must be annotated with a model of Args")
        summary = inspect.getdoc(run) or ""
        return Operation(name, model, run, needs, effect, summary.split("\n\n")[0], **options)

    return declare


class Registry:
    """The operations there are, by name."""

    def __init__(self, operations: Iterable[Operation]) -> None:
        self._operations = {op.name: op for op in sorted(operations, key=lambda op: op.name)}

    def __iter__(self) -> Iterator[Operation]:
        return iter(self._operations.values())

    def __contains__(self, name: object) -> bool:
        return name in self._operations

    def find(self, name: str) -> Operation | None:
        """The operation of that full name (`agent pause`), or None."""
        return self._operations.get(name)

    def __getitem__(self, name: str) -> Operation:
        return self._operations[name]

    @cached_property
    def nouns(self) -> tuple[str, ...]:
        """The first words there are, each once."""
        return tuple(dict.fromkeys(op.noun for op in self))

    @cached_property
    def verbs(self) -> frozenset[str]:
        """The second words there are."""
        return frozenset(op.verb for op in self if op.verb)

    def of(self, noun: str) -> tuple[Operation, ...]:
        """The operations under one noun."""
        return tuple(op for op in self if op.noun == noun)
