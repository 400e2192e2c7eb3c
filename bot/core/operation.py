"""What an operation is: a function whose argument model is its grammar, form, button and manual."""

from __future__ import annotations

import inspect
import typing
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from functools import cached_property
from typing import Any, NamedTuple

from pydantic import BaseModel, ConfigDict

from bot.core.charts import Chart
from bot.core.markup import Mrkdwn
from bot.model import Build


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


@dataclass(frozen=True)
class Call:
    """An operation with its arguments, not validated yet; `yes` says that it was confirmed already."""

    operation: str
    args: Mapping[str, Any] = field(default_factory=dict)
    yes: bool = False


@dataclass(frozen=True)
class Confirm:
    """Block Kit's own question before a button acts: title 100, text 300, yes and no 30 characters."""

    title: str
    text: str
    yes: str
    no: str = "Never mind"


@dataclass(frozen=True)
class Button:
    """A button: what it says, what it calls. `form` opens the call's form; a `url` only opens the page.

    `turns`: what it calls takes the place of the message that it is part of.
    """

    label: str
    call: Call | None = None
    style: str | None = None
    confirm: Confirm | None = None
    form: bool = False
    url: str | None = None
    reads: str | None = None
    turns: bool = False


@dataclass(frozen=True)
class Page:
    """A page that Buildkite itself cut: its number from 1, whether there are more, and how many, where known."""

    number: int = 1
    more: bool = False
    last: int | None = None


@dataclass(frozen=True)
class Table:
    """Rows of a listing; cells are escaped unless they are `Mrkdwn`.

    All rows there are, of which one page is shown, or with `page` those of one page. `noun` is what a row is, in
    the singular, where the operation's own is not; `named_by` the column that names a row; `empty` the sentence
    said where there are no rows, with what was searched, and `hint` what to do then.
    """

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    caption: str = ""
    noun: str = ""
    empty: str = ""
    hint: str = ""
    page: Page | None = None
    newest_first: bool = False
    named_by: int = 0


@dataclass(frozen=True)
class File:
    """Something to upload beside the answer: name, bytes, title, and `alt` for those who see no picture."""

    name: str
    content: bytes
    title: str = ""
    alt: str = ""


@dataclass(frozen=True)
class Reminder:
    """Something to look at again at `at`, in the place where it was asked; `body` is what that needs to know.

    The same `kind` and `about` again takes the place of the one before.
    """

    kind: str
    about: str
    at: datetime
    body: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Reply:
    """What an operation answers.

    `text` is escaped unless it is `Mrkdwn`; `fields` are (label, value); `log` is shown preformatted.
    `builds` are objects that Buildkite just returned: what we know of them is brought up to date. `pages` says
    which page of its table this is. `follow` is a build that gets a card in the thread, which is the answer then;
    `also` is one that gets a card beside the answer. `private` keeps the answer to the one who asked; a public one
    is said once in the thread, with the person's name. `settles` names what was to be looked at again and is not
    any more, before the `reminders` of this answer are noted.
    """

    text: str = ""
    title: str = ""
    fields: tuple[tuple[str, str], ...] = ()
    table: Table | None = None
    pages: str = ""
    charts: tuple[Chart, ...] = ()
    log: str | None = None
    footer: str = ""
    buttons: tuple[Button, ...] = ()
    builds: tuple[Build, ...] = ()
    follow: Build | None = None
    also: Build | None = None
    file: File | None = None
    private: bool = True
    settles: str | None = None
    reminders: tuple[Reminder, ...] = ()


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
