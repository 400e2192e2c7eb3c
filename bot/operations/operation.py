"""Operations: functions whose argument model is their grammar, form, buttons and manual."""

from __future__ import annotations

import inspect
import typing
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import Generic, Literal, NamedTuple, TypeAlias, TypedDict, Unpack, overload

from pydantic import BaseModel, ConfigDict, field_validator
from typing_extensions import TypeVar

from bot.operations.declarations import TargetPart, Unjudged
from bot.operations.git_names import normalise_slug
from bot.operations.reply import Reply, read_result_model
from bot.operations.results import Result
from bot.operations.token_scopes import TokenScope
from bot.slack.blockkit.mrkdwn import Mrkdwn


class Permission(StrEnum):
    """A permission that a grant can give."""

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
    """The change that an operation makes: none, to the bot's own state (locks, subscriptions, …), or in Buildkite.

    Read-only mode, repeated clicks, what is recorded and what recovery does after a crash follow from it.
    """

    READS = "reads"
    CHANGES_STATE = "changes_state"
    CHANGES_BUILDKITE = "changes_buildkite"


class Args(BaseModel):
    """The arguments of an operation: every surface passes strings, and only pydantic validates them."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True, defer_build=True)

    @field_validator("pipeline", "pipelines", check_fields=False)
    @classmethod
    def _normalise_slugs(cls, given: object) -> object:
        """Normalise slugs to the form that rules compare; done here so that no operation can forget it."""
        if isinstance(given, tuple):
            return tuple(map(normalise_slug, given))
        return normalise_slug(given) if isinstance(given, str) else given


class NoArgs(Args):
    """No arguments."""


class Opt(NamedTuple):
    """Options of an argument.

    `short`: one letter (`-b`); `positional`: may be given without its flag, in order of declaration;
    `addressed`: positional only as part of a build that comes first: `web 41`, `web#41`;
    `value`: the placeholder of its value in usage lines, where its name would only repeat the flag;
    `former`: flags of earlier releases, which work for one release more and say so;
    `suggest`: the kind of names that a menu offers (`pipeline`, `agent`); `multiline`: a tall input in the form;
    `hint`: an example, shown in forms and help; `in_form`: False keeps it out of the form;
    `aliases`: further spellings (`("--build", "-b")`); `in_manual`: False keeps it out of help;
    `takes_rest`: takes everything that follows as one text, flags included;
    `joined`: takes all words that are left, joined by spaces, but no flags; only the last positional argument may;
    `channel_default`: when left out, the channel's default pipeline is used, if it has one;
    `file_types`: extensions (`("yml", "yaml")`) of a file that may be attached to the form instead;
    `target`: the part of the target that it is, which the policy judges, or `Unjudged("why not")`;
    `secret`: its values are left out of the audit and of cards; with `approvers_see`, those who are to approve the
    request see them, apart from values that look like secrets.
    """

    short: str | None = None
    positional: bool = False
    addressed: bool = False
    value: str = ""
    former: tuple[str, ...] = ()
    suggest: str | None = None
    multiline: bool = False
    hint: str | None = None
    in_form: bool = True
    aliases: tuple[str, ...] = ()
    in_manual: bool = True
    takes_rest: bool = False
    joined: bool = False
    channel_default: bool = False
    file_types: tuple[str, ...] = ()
    target: TargetPart | Unjudged | None = None
    secret: bool | None = None
    approvers_see: bool = False


@dataclass(frozen=True)
class FormField:
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


# The defaults make a plain `Operation` one of any kind, as the registry holds them.
A = TypeVar("A", bound=Args, default=Args)
C = TypeVar("C", default=object)
Handler: TypeAlias = Callable[[A, C], Awaitable[Reply[Result]]]
Pin: TypeAlias = Callable[[A, C], Awaitable[A]]
Question: TypeAlias = Callable[[A, C], Awaitable[Mrkdwn | None]]
Probe: TypeAlias = Callable[[A, C], Awaitable[Reply[Result] | None]]
LoadFields: TypeAlias = Callable[[Mapping[str, object], C], Awaitable[tuple[FormField, ...]]]
FormCheck: TypeAlias = Callable[[A, C], Awaitable[None]]
SubmitHook: TypeAlias = Callable[[A, C], Awaitable[Mrkdwn | None]]
Labels: TypeAlias = Mapping[str, str | Mapping[str, tuple[str, str]]]
LabelValues: TypeAlias = Callable[[A, C], Awaitable[Labels]]


@dataclass(frozen=True)
class Operation(Generic[A, C]):
    """One thing that a person can ask the bot to do.

    `context` is a frozen dataclass with what the operation needs besides its arguments; every callback gets one.
    `result` is the model of its reply's data.
    `effect`: what it changes; `repeatable`: running it twice leaves what running it once leaves, so recovery may
    run it again; `scopes`: what a Buildkite token needs for it, beyond what the bot needs anyway.
    `pin(args, ctx)` replaces what was left open (the build of this thread, an agent's name) by exact values,
    before the policy is applied; `confirm(args, ctx)` returns the question that a typed command must answer
    first, or None; `probe(args, ctx)` finds out after a crash whether it happened: a Reply if so, None if not;
    `posts_card`: the answer is a card, so the bot must be able to post; `opens_form`: without arguments, open the
    form; `load_fields(given, ctx)`: inputs known only at run time; `prefill(pinned, ctx)`: the arguments that its
    form begins with, which those that name the subject decide; `form_intro`: the text above the form's inputs;
    `form_only_message`: arguments are accepted from the form only, and typed ones get this message;
    `confirm_label`: the question previews the result, so a form leads to it too; this is its button's label;
    `check_form(args, ctx)` is awaited while the form is open, without any effect; it also checks a form with other
    mistakes, so arguments may be missing;
    `on_submit(args, ctx)` is awaited while the form is still open: errors are shown in the form, and what it
    returns takes the form's place, once. Afterwards the arguments are stored as pydantic dumps them, a SecretStr
    as asterisks;
    `filters_pipelines`: it reads many pipelines and leaves out those that the person may not see, so access to one
    of them is enough;
    `phrase`: follows “Alice wants to”, with arguments or parts of the target in braces (`start {pipeline}`);
    `label_values(pinned, ctx)`: for approvers, readable values of arguments that are ids, by argument; of values
    that are given by name, the label and the readable value of each;
    `in_build_thread`: the operation that its bare name means in the thread of a build;
    `frees_button`: it finds out itself whether it has been done already, so its button can be pressed again once
    it has ended;
    `label`: the label of buttons for it, and the title of its form, where its name makes a poor one;
    `also`: more names that people type, in full: `build start`, or `cancel` although other nouns have it too;
    `former`: names of earlier releases, which work for one release more and say so;
    `implied_by`: what means it without its verb: its noun (`build web`), or an address alone (`web#41`);
    `token_callable`: False for what only a person may do: it decides over others, over keys and rights, or over
    what the person's own words mean.
    """

    name: str
    args: type[A]
    context: type[C]
    result: type[Result]
    run: Handler[A, C]
    needs: Permission
    effect: Effect
    summary: str = ""
    label: str = ""
    examples: tuple[str, ...] = ()
    pin: Pin[A, C] | None = None
    confirm: Question[A, C] | None = None
    probe: Probe[A, C] | None = None
    load_fields: LoadFields[C] | None = None
    prefill: Pin[A, C] | None = None
    check_form: FormCheck[A, C] | None = None
    on_submit: SubmitHook[A, C] | None = None
    label_values: LabelValues[A, C] | None = None
    phrase: str = ""
    posts_card: bool = False
    opens_form: bool = False
    form_intro: str = ""
    confirm_label: str = ""
    form_only_message: str = ""
    filters_pipelines: bool = False
    repeatable: bool = False
    frees_button: bool = False
    in_build_thread: str = ""
    scopes: tuple[TokenScope, ...] = ()
    also: tuple[str, ...] = ()
    former: tuple[str, ...] = ()
    implied_by: Literal["noun", "address"] | None = None
    token_callable: bool = True

    @property
    def may_run_twice(self) -> bool:
        """Return whether a second run does no harm: it only reads, or leaves the state as the first run did."""
        return self.repeatable or self.effect is Effect.READS

    @property
    def looks_up_form(self) -> bool:
        """Return whether its form needs something that has to be read first."""
        return self.load_fields is not None or self.prefill is not None

    @cached_property
    def noun(self) -> str:
        return self.name.split(" ")[0]

    @cached_property
    def verb(self) -> str:
        return self.name.partition(" ")[2]

    @property
    def title(self) -> str:
        """The title of its form: its label, or `Pause agent` for `agent pause` and `admin agent pause`."""
        subject, _, act = self.name.removeprefix("admin ").partition(" ")
        return self.label or f"{act} {subject}".strip().capitalize()

    @property
    def button_label(self) -> str:
        """The label of a button for it where its subject is plain: its label, or `Cancel` for `build cancel`."""
        return self.label or (self.verb or self.noun).capitalize()


class OperationTraits(TypedDict, total=False):
    """Options of an operation that aren't functions; see `Operation`."""

    label: str
    examples: tuple[str, ...]
    phrase: str
    posts_card: bool
    opens_form: bool
    form_intro: str
    confirm_label: str
    form_only_message: str
    filters_pipelines: bool
    repeatable: bool
    frees_button: bool
    in_build_thread: str
    scopes: tuple[TokenScope, ...]
    also: tuple[str, ...]
    former: tuple[str, ...]
    implied_by: Literal["noun", "address"]
    token_callable: bool


class OperationOptions(OperationTraits, Generic[A, C], total=False):
    """All options of an operation; its functions take the same arguments and context."""

    pin: Pin[A, C]
    confirm: Question[A, C]
    probe: Probe[A, C]
    load_fields: LoadFields[C]
    prefill: Pin[A, C]
    check_form: FormCheck[A, C]
    on_submit: SubmitHook[A, C]
    label_values: LabelValues[A, C]


# Without functions among the options, only the decorated function determines the types.
@overload
def operation(
    name: str, *, needs: Permission, effect: Effect, **options: Unpack[OperationTraits]
) -> Callable[[Handler[A, C]], Operation[A, C]]: ...
@overload
def operation(
    name: str, *, needs: Permission, effect: Effect, **options: Unpack[OperationOptions[A, C]]
) -> Callable[[Handler[A, C]], Operation[A, C]]: ...
def operation(
    name: str, *, needs: Permission, effect: Effect, **options: Unpack[OperationOptions[A, C]]
) -> Callable[[Handler[A, C]], Operation[A, C]]:
    """Declare an operation from a function of a model of arguments and a context; its docstring is the summary.

    It returns a `Reply` of its model of results, `Reply[BuildResult]`, and so does its probe. Raises TypeError at
    import when the functions have no such annotations.
    """

    def declare(run: Handler[A, C]) -> Operation[A, C]:
        model, context, result = _read_signature(name, run)
        if (probe := options.get("probe")) and read_result_model(probe) is not result:
            raise TypeError(f"{name}: its probe must be annotated with the same result: {result.__name__}")
        summary = (inspect.getdoc(run) or "").split("\n\n")[0]
        return Operation(name, model, context, result, run, needs, effect, summary=summary, **options)

    return declare


def _read_signature(name: str, run: Handler[A, C]) -> tuple[type[A], type[C], type[Result]]:
    hints = typing.get_type_hints(run)
    args, ctx = inspect.signature(run).parameters
    _require_classes(name, hints.get(args), hints.get(ctx))
    result = read_result_model(run)
    if result is None:
        raise TypeError(f"{name}: what it returns must be annotated with a model of results: Reply[BuildResult]")
    return hints[args], hints[ctx], result


def _require_classes(name: str, model: object, context: object) -> None:
    if not (isinstance(model, type) and issubclass(model, Args)):
        raise TypeError(f"{name}: the first argument must be annotated with a model of Args")
    if not isinstance(context, type):
        raise TypeError(f"{name}: the second argument must be annotated with the class of its context")
