"""Carries out calls of operations by the procedure that every surface uses, and answers how they stand."""

from __future__ import annotations

from typing import NamedTuple

from starlette.responses import JSONResponse, Response

from bot.access.api_tokens.model import ApiToken
from bot.execution.authorisation import Authoriser
from bot.execution.background import BackgroundTasks
from bot.execution.procedure import Procedure
from bot.listeners.rest.outcome_lookup import CallState, OutcomeLookup, make_key
from bot.listeners.rest.problems import RequestProblem, make_problem
from bot.listeners.rest.request_arguments import check_arguments
from bot.operations.choices import make_choice_id
from bot.operations.invocation import Flags, Request
from bot.operations.operation import Operation
from bot.operations.reply import Call
from bot.runtime.clock import Clock
from bot.runtime.json_types import JsonObject, JsonValue
from bot.slack.types import Thread, Via

INVOCATIONS = "/api/v1/invocations/"
# A call that takes longer is answered with 202, and goes on.
LONGEST_WAIT_SECONDS = 10.0
_POLL_SECONDS = 2


class SlackPerson(NamedTuple):
    """A person for whom Slackbot asks, as Slack says; `key` recognises a repeated request.

    It has the parts of an API token that count here, but no limits: Slack knows who asks.
    """

    owner: str
    key: str = ""
    permissions: None = None
    channel: None = None

    @property
    def id(self) -> str:
        """Return what distinguishes the person's invocations from those of tokens."""
        return f"slackbot-{self.owner}"


ApiCaller = ApiToken | SlackPerson


class OperationCalls:
    """Runs operations for tokens of the workspace `team`, by one of the ways that programs have."""

    def __init__(
        self,
        procedure: Procedure,
        authoriser: Authoriser,
        background: BackgroundTasks,
        lookup: OutcomeLookup,
        clock: Clock,
        team: str,
        via: Via,
    ) -> None:
        self._procedure = procedure
        self._authoriser = authoriser
        self._background = background
        self._lookup = lookup
        self._clock = clock
        self._team = team
        self._via = via

    async def run(self, token: ApiCaller, op: Operation, call: Call, key: str = "") -> Response:
        """Carry out a call and answer with its result, its problem, or where to ask later.

        Raise RequestProblem.
        """
        state, replayed = await self.carry_out(token, op, call, key)
        response = render_call(state)
        if replayed:
            response.headers["idempotency-replayed"] = "true"
        return response

    async def carry_out(
        self, token: ApiCaller, op: Operation, call: Call, key: str = ""
    ) -> tuple[CallState, bool]:
        """Carry out a call, or find the one with the same key; return how it stands, and whether it was repeated.

        Raise RequestProblem for wrong arguments, or for a key that was used with others.
        """
        if op.form_only_message:
            raise RequestProblem("refused", "This can only be done in Slack.")
        request = self._make_request(token, key)
        check_arguments(op, await self._authoriser.fill_in_default(request, op, call.args))
        recorded = await self._procedure.record(request, call)
        if recorded.is_new:
            self._procedure.start(recorded)
        elif recorded.first.given_digest != recorded.invocation.digest:
            raise RequestProblem(
                "key-reused",
                "This Idempotency-Key was sent with another operation or other arguments.",
                "Use a new key for each thing that you want done.",
            )
        await self._background.wait_at_most(recorded.first.id, self._clock.sleep(LONGEST_WAIT_SECONDS))
        state = await self._lookup.find(recorded.first.id, token.id)
        return state or CallState(recorded.first, recorded.first.state), not recorded.is_new

    def _make_request(self, token: ApiCaller, key: str) -> Request:
        """Return the request of a token: in its channel, or else in direct messages with its owner."""
        thread = Thread(self._team, token.channel or "")
        is_token = isinstance(token, ApiToken)
        flags = Flags(direct=token.channel is None, token=token.id if is_token else "")
        via = self._via if is_token else "slackbot"
        return Request(token.owner, thread, via, make_key(token.id, key or make_choice_id()), flags=flags)

    async def find(self, token: ApiCaller, invocation_id: str) -> Response:
        """Answer how an invocation stands. Raise RequestProblem for one that the token didn't make."""
        state = await self.find_state(token, invocation_id)
        problem = state.outcome.problem if state.outcome else None
        explained: JsonObject = {"problem": _describe_problem(problem)} if problem else {}
        waiting = {"retry-after": str(_POLL_SECONDS)} if state.outcome is None else {}
        return JSONResponse({**_describe(state), **explained}, headers=waiting)

    async def find_state(self, token: ApiCaller, invocation_id: str) -> CallState:
        """Return how an invocation stands. Raise RequestProblem for one that the token didn't make."""
        state = await self._lookup.find(invocation_id, token.id)
        if state is None:
            raise RequestProblem("unknown-invocation", "This token has made no invocation of that id.")
        return state


def _describe_problem(problem: JsonObject) -> JsonObject:
    names = ("message", "hint", "rule", "field", "options")
    return {"type": f"/api#{problem.get('kind')}"} | {name: problem[name] for name in names if name in problem}


def render_call(state: CallState) -> Response:
    """Return the answer to a call: 200 with the result, or 202 with where to ask. Raise its problem."""
    invocation, outcome = state.invocation, state.outcome
    if outcome and outcome.problem:
        raise make_problem(outcome.problem, invocation.id)
    if outcome:
        return JSONResponse(_describe(state))
    poll = f"{INVOCATIONS}{invocation.id}"
    return JSONResponse(_describe(state), 202, {"location": poll, "retry-after": str(_POLL_SECONDS)})


def _describe(state: CallState) -> dict[str, JsonValue]:
    invocation, outcome = state.invocation, state.outcome
    described: dict[str, JsonValue] = {
        "invocation": invocation.id,
        "operation": invocation.operation,
        "state": state.state,
    }
    if outcome is None:
        described["poll"] = f"{INVOCATIONS}{invocation.id}"
    elif outcome.problem is None:
        described["result"] = outcome.result
    if state.approval:
        described["approval"] = state.approval
    return described
