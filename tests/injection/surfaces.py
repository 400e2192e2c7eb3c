"""Every way to render text from outside, each as a function of that text."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

from bot.access.accounts.model import Account
from bot.access.api_tokens.model import ApiToken
from bot.access.approvals.model import BuildApproval, Proposal, ProposalState, Vote
from bot.access.approvals.render import (
    render_outcome,
    render_pending_proposal,
    render_proposal,
    render_waiting_note,
)
from bot.access.approvals.request_wording import describe_request, describe_unknown
from bot.access.locks.rules import Lock, describe_lock
from bot.access.policy.policy_wording import describe_requirement
from bot.access.policy.rules import ApprovalRequirement, Principals
from bot.buildkite.models import Job, Person
from bot.buildkite.resources import Pipeline
from bot.builds.cards.approval_lines import add_approvals
from bot.builds.cards.model import CardReaders
from bot.builds.cards.render import render_card
from bot.builds.failures import log_text
from bot.builds.failures.compare import FailedStep, FailureKind
from bot.builds.failures.model import Failure
from bot.builds.links.render import render_followable_preview, render_job_preview, render_pipeline_preview
from bot.builds.model import JobSummary
from bot.builds.replies.render import render_thread_reply
from bot.errors import Ambiguous, KitestringError, NothingToDo, UsageError
from bot.execution.approval_calls import render_approval_call
from bot.execution.duplicates import render_duplicate
from bot.execution.resolve.artifact_text import explain_missing, format_size, make_file_name
from bot.history.model import Run
from bot.home.model import Home
from bot.home.render import render_closed_home, render_home
from bot.notifications.subscriptions.model import Subscription
from bot.operations import forms
from bot.operations.operation import Args, Effect, FormField, Operation, Permission
from bot.operations.render import (
    render_answered,
    render_choices,
    render_form_button,
    render_internal_error,
    render_interrupted,
    render_invitation_request,
    render_note,
    render_nothing_to_do,
    render_offer,
    render_problem,
    render_question,
    render_reply,
)
from bot.operations.reply import Button, Call, Reply
from bot.runtime.wording import quote_word
from bot.slack.blockkit.blocks import Confirm, Message, message, option, section
from bot.slack.blockkit.data_tables import Table
from bot.slack.blockkit.mrkdwn import code, escape
from bot.slack.types import Actor, Standing, Thread
from commands import registry
from commands.build.annotation_view import ShownAnnotation, render_annotations
from commands.job.results import JobResult
from commands.pipeline.render import (
    COLUMNS,
    FollowUpResult,
    collect_facts,
    link_pipeline,
    render_made,
    render_repository,
    render_row,
)
from commands.pipeline.render import render_steps as steps_of
from commands.pipeline.results import PipelineData
from commands.pipeline.steps import find_problems, format_problems
from tests.rendering.sample_builds import NOW, make_build, make_tracked

Surface = Callable[[str], Iterator[Message | Mapping[str, Any]]]
NOTICES = ("running", "resumed", "blocked", "failing", "finished", "gone")
# The channel of a proposal, which its messages link to.
OURS = "C0OURS001"
ALICE = Actor("U0ALICE01", "<!channel>", "T1", Standing.MEMBER, "C1", "slash")


def _jobs(text: str) -> JobSummary:
    bad = Job(id="j1", name=text, state="failed", exit_status=1, web_url="https://buildkite.com/acme/web#j1")
    odd = Job(id="j2", name=text, state="failed", web_url=text)
    gate = Job(id="j3", type="manual", label=text, state="blocked")
    return JobSummary(counts={text: 2, "failed": 2}, failed=(bad, odd), waiting=(gate,))


def _facts(text: str) -> dict[str, Any]:
    person = Person(name=text, email=text)
    return {"message": text, "branch": text, "commit": text, "creator": person, "author": person}


def _pressed(_index: int, _button: Button) -> str:
    return "value"


def _cards(text: str) -> Iterator[Message]:
    for state in ("running", "blocked", "failed", text):
        for web_url in ("https://buildkite.com/acme/web/builds/101", text):
            facts = make_tracked(state, **_facts(text), web_url=web_url)
            yield render_card(
                facts, _jobs(text), card_id="c", readers=CardReaders(text), now=NOW + timedelta(hours=1)
            )


def _failures(text: str) -> Iterator[Message]:
    steps = tuple(
        FailedStep(kind, text, jobs, text, 1, 2)
        for kind, jobs in zip(FailureKind, ((), ("j1",), ("j2",), ()), strict=False)
    )
    failure = Failure(steps, compared=True, log_job="j1", log=text, annotations=(text, text))
    facts = make_tracked("failed", **_facts(text))
    yield render_card(
        facts, _jobs(text), card_id="c", readers=CardReaders(text, author=text), now=NOW, failure=failure
    )
    for kind in NOTICES:
        for alone in (False, True):
            yield render_thread_reply(kind, facts, _jobs(text), card_id="c", failure=failure, stands_alone=alone)


def _notices(text: str) -> Iterator[Message]:
    for kind in NOTICES:
        yield render_thread_reply(
            kind, make_tracked("failed", **_facts(text)), _jobs(text), card_id="c", mention=text
        )


def _proposals(text: str) -> Iterator[Message]:
    args = {"pipeline": text, "branch": text, "message": text, "env": {text: text}, "metadata": {text: text}}
    answers = {"job": text, "fields": {text: (text, text)}}
    wordings = (
        describe_request(registry()["build create"], args, {}),
        describe_request(
            registry()["job unblock"], {"pipeline": text, "number": 1, "fields": {text: text}}, answers
        ),
        describe_unknown(text, {**args, "branches": [text], text[:20] or "x": text}),
    )
    people = Principals(frozenset(), frozenset({text}), frozenset())
    for state in ProposalState:
        item = Proposal(
            id="p",
            operation=text,
            args=args,
            digest="d",
            requester=text,
            thread=Thread("T1", OURS),
            via="slash",
            requirement=ApprovalRequirement(text, people, 1, timedelta(minutes=30)),
            expires_at=NOW,
            wording=wordings[0],
            requester_name=text,
            votes=(Vote(text, approves=True, name=text),),
            state=state,
            ended_by=text,
        )
        for wording in wordings:
            ended = replace(item, wording=wording, outcome=escape(text))
            yield render_proposal(ended)
            yield render_proposal(replace(ended, sent_to=(text,)), copied=True)
            yield render_waiting_note(replace(ended, card_channel=OURS))
            yield render_outcome(ended, message(escape(text), [section(text)]))
        yield render_pending_proposal(item)
        yield render_approval_call(item, text, text)


def _approvals(text: str) -> Iterator[Message]:
    card = render_card(make_tracked("blocked"), _jobs("a"), card_id="c", readers=CardReaders(), now=NOW)
    for state in ProposalState:
        both = [BuildApproval(f"build {text}", text, state, started, (text, text)) for started in (True, False)]
        yield add_approvals(card, both, "c", 1)


def _replies(text: str) -> Iterator[Message]:
    press = Button(text, Call("job log"), confirm=Confirm(text, text, text, text), spoken_label=text)
    pages = Button(text, url=text)
    for rows in (((text, text),), ((escape(text), text),)):
        answer = Reply(
            data=None,
            text=text,
            title=text,
            fields=((text, text),),
            table=Table((text, text), rows, text),
            log=log_text.clean_log(text),
            footer=text,
            buttons=(press, pages),
            private=False,
        )
        yield render_reply(answer, actor=ALICE, button_value=_pressed)
    yield message("buttons", render_choices((press, pages), _pressed))


def _annotations(text: str) -> Iterator[Message]:
    for count in (1, 9):
        error = [ShownAnnotation(text, text, text, f"<p>{text}</p><pre>{text}")] * count
        yield render_reply(Reply(data=None, text=render_annotations(error)), actor=None, button_value=_pressed)


def _artifacts(text: str) -> Iterator[Message]:
    label = f"Get {make_file_name(text)}"
    row = (code(text), format_size(len(text)), text, text)
    table = Table(("File", "Size", "Job", "State"), (row, row), f"Artifacts of {text}")
    yield render_reply(
        Reply(data=None, table=table, buttons=(Button(label, Call("artifacts download")),)),
        actor=None,
        button_value=_pressed,
    )
    yield render_problem(KitestringError(f"{text} {explain_missing(text)}."))


def _problems(text: str) -> Iterator[Message]:
    for error in (KitestringError(text, text), UsageError(f"There's no command `{quote_word(text)}`.", text)):
        yield render_problem(error, retry_value="again")
    yield render_problem(Ambiguous(text, "agent", ((text, text),)), option_value=str)


def _locks(text: str) -> Iterator[Message]:
    lock = Lock(text, text, text, text, NOW, NOW)
    yield render_note(describe_lock(lock))
    yield render_reply(Reply(data=None, text=lock.scope), actor=None, button_value=_pressed)


def _rules(text: str) -> Iterator[Message]:
    people = Principals(frozenset({text}), frozenset({text}), frozenset())
    yield render_problem(
        KitestringError(describe_requirement(ApprovalRequirement(text, people, 2, timedelta(minutes=5))), text)
    )


def _duplicates(text: str) -> Iterator[Message]:
    first = make_build("running", **_facts(text))
    yield render_reply(render_duplicate(first, NOW, NOW, first), actor=None, button_value=_pressed)


def _unblock() -> Operation:
    async def run(args: Args, ctx: object) -> Reply:
        raise AssertionError(args, ctx)

    async def fields(given: Mapping[str, object], ctx: object) -> tuple[FormField, ...]:
        raise AssertionError(given, ctx)

    return Operation(
        "job unblock", Args, object, JobResult, run, Permission.BUILD, Effect.CHANGES_BUILDKITE, load_fields=fields
    )


def _forms(text: str) -> Iterator[Mapping[str, Any]]:
    menu = FormField(key="a", label=text, hint=text, default=text, options=((text, "one"), ("two", text)))
    typed = FormField(key=text[:200] or "b", label=text, hint=text, default=text)
    given = {"pipeline": text, "number": 1}
    op = _unblock()
    yield forms.render_form(op, given, callback_id="form", private_metadata="id", fields=(menu, typed), title=text)
    yield forms.render_loading_view(text)
    yield forms.render_notice_view(text, text)
    for error in forms.render_errors(op, [UsageError(text, text, "a")], (menu,), given).values():
        yield {"type": "errors", "blocks": [section(error)]}
    yield {"type": "options", "blocks": [], "options": [option(text, "value")]}


def _homes(text: str) -> Iterator[Mapping[str, Any]]:
    run = Run(text, text, 1, *(text,) * 8, *(NOW,) * 5)
    runs = tuple(replace(run, id=phase, phase=phase) for phase in ("running", "blocked", "failed", text))
    people = Principals(frozenset(), frozenset({text}), frozenset())
    ask = ApprovalRequirement(text, people, 1, timedelta(minutes=30))
    wording = describe_unknown(text, {"pipeline": text})
    item = Proposal("p", text, {"pipeline": text}, "d", text, Thread("T1", text), "slash", ask, NOW, wording)
    rule = Subscription("s", "T1", text, text, text, NOW, branch=text, step=text, creators=(text,))
    account = Account(text, text, text, (text,), NOW)
    limits = (frozenset[Permission](), (text,), text)
    tokens = tuple(ApiToken(text, text, text, service, *limits, NOW, NOW) for service in (None, text))
    shown = Home(runs, runs, runs, (item,), (rule, replace(rule, owner=text)), account, tokens)
    yield render_home(shown, now=NOW, command="/bk").to_json()
    yield render_closed_home(text, escape(text)).to_json()


def _previews(text: str) -> Iterator[Message]:
    for web_url in ("https://buildkite.com/acme/web/builds/101", text):
        facts = make_tracked("failed", **_facts(text), web_url=web_url)
        for job in (*_jobs(text).failed, *_jobs(text).waiting):
            yield render_job_preview(facts, job, "c")
        shop = Pipeline(id="p", slug=text, name=text, default_branch=text)
        yield render_pipeline_preview(shop, [facts.build], web_url)
    live = make_tracked("running", **_facts(text))
    yield render_followable_preview(
        render_card(live, _jobs(text), card_id="c", readers=CardReaders(), now=NOW), live, "c"
    )


def _pipelines(text: str) -> Iterator[Message]:
    quoted = json.dumps(text)
    steps = f"steps:\n  - label: {quoted}\n  - {{command: {quoted}}}\n  - block: {quoted}\n"
    item = Pipeline(
        id="p",
        slug="shop",
        name=text,
        description=text,
        web_url="https://buildkite.com/acme/shop",
        repository=text,
        default_branch=text,
        configuration=steps,
        tags=(text,),
    )
    listed = Table(
        COLUMNS,
        tuple(
            render_row(PipelineData.from_pipeline(pipeline))
            for pipeline in (item, replace_repository(item, f"git@github.com:{text}.git"))
        ),
        text,
    )
    facts = collect_facts(item, text, make_build("failed", **_facts(text)))
    for text_ in (
        link_pipeline(item),
        steps_of(steps),
        render_made(item, text, (FollowUpResult(text, text), FollowUpResult(text))),
    ):
        yield render_reply(
            Reply(data=None, text=text_, fields=facts, table=listed), actor=ALICE, button_value=_pressed
        )
    wrong = format_problems(find_problems(f"steps:\n  - {json.dumps(text)}\n  - {{{json.dumps(text)}: 1}}\n"))
    yield render_problem(UsageError(wrong, render_repository(text)))


def replace_repository(pipeline: Pipeline, address: str) -> Pipeline:
    """Return the pipeline with another repository."""
    return pipeline.model_copy(update={"repository": address})


def _single(draw: Callable[[str], Message]) -> Surface:
    def render(text: str) -> Iterator[Message]:
        yield draw(text)

    return render


# By the name of a render module's public function. Functions that render parts of messages are listed in PIECES.
SURFACES: dict[str, Surface] = {
    "render_card": _cards,
    "render_thread_reply": _notices,
    "render_failure_blocks": _failures,
    "render_proposal": _proposals,
    "add_approvals": _approvals,
    **dict.fromkeys(("render_outcome", "render_waiting_note"), _proposals),
    "render_pending_proposal": _proposals,
    "render_approval_call": _proposals,
    "render_reply": _replies,
    "render_choices": _replies,
    "render_problem": _problems,
    "render_question": _single(lambda text: render_question(escape(text), text, text, yes=text, no=text)),
    "render_invitation_request": _single(
        lambda text: render_invitation_request(text, again_value="a", anyway_value="b", no_value="c")
    ),
    "render_answered": _single(lambda text: render_answered(text, public=True, direct=True)),
    "render_internal_error": _single(render_internal_error),
    "render_interrupted": _single(lambda text: render_interrupted(escape(text), "again")),
    "render_nothing_to_do": _single(
        lambda text: render_nothing_to_do(NothingToDo(text, (text, "build rebuild", {})), lambda _index: "c1")
    ),
    "render_form_button": _single(lambda text: render_form_button(text, text, "value")),
    "render_offer": _single(lambda text: render_offer(escape(text), "value")),
    "render_note": _single(render_note),
    "locks": _locks,
    "rules": _rules,
    "the same words again": _duplicates,
    "forms": _forms,
    "render_home": _homes,
    "render_closed_home": _homes,
    "render_job_preview": _previews,
    "render_pipeline_preview": _previews,
    "render_followable_preview": _previews,
    "render_annotations": _annotations,
    "artifacts": _artifacts,
    **dict.fromkeys(
        ("render_row", "collect_facts", "render_repository", "render_steps", "render_made", "link_pipeline"),
        _pipelines,
    ),
}
PIECES = frozenset(
    {
        *(
            "describe_phase",
            "link_build",
            "render_summary",
            "render_timing",
            "format_duration",
            "measure_duration",
            "render_counts",
            "render_headline",
            "describe_phase_as_verb",
            "extract_title",
            "render_job",
        ),
        *("describe_exit", "get_phase", "render_buttons", "is_waiting", "has_retriable_job", "render_report"),
        *("render_failed_jobs", "render_failed_job", "render_unblock_button", "render_cancel_button"),
        *("render_logs_button", "render_open_button", "render_retry_button", "stop_button"),
        *("format_actions_id", "sort_elements", "name_failed_jobs"),
        "format_actions_id",
        *(
            "describe_decision",
            "render_requirement",
            "name_requester",
            "join_names",
            "name_voters",
            "render_request",
        ),
    }
)
