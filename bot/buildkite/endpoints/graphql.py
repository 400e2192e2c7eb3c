"""Cancels a single job, which only the GraphQL API can do. https://buildkite.com/docs/apis/graphql-api"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from urllib.parse import urlsplit

import httpx

from bot.buildkite.response_parsing import read_json
from bot.buildkite.transport import ApiRequest, Calls
from bot.errors import Conflict, KitestringError, Refused, Unavailable

ENDPOINT = "https://graphql.buildkite.com/v1"
SCOPE = "graphql"
_REST_HOST = "api.buildkite.com"
_CANCEL = """\
mutation ($input: JobTypeCommandCancelInput!) {
  jobTypeCommandCancel(input: $input) { jobTypeCommand { uuid state } }
}"""
_FORBIDDEN = "Buildkite's 403"


class GraphqlCalls(Calls):
    """Calls that REST lacks; the token needs GraphQL access, which can't be restricted by scopes."""

    async def cancel_job(self, job_id: str) -> str:
        """Cancel one command job while its build continues; return the job's new state in lower case.

        Raise Refused if the token has no GraphQL access, Conflict in Buildkite's words if the job has finished.
        Never retried. https://buildkite.com/docs/apis/graphql/schemas/mutation/jobtypecommandcancel
        """
        variables = {"input": {"id": encode_job_id(job_id)}}
        data = await self._run_query(_CANCEL, variables, f"job {job_id}")
        state = _find_value(data, "jobTypeCommandCancel", "jobTypeCommand", "state")
        return str(state or "canceling").lower()

    async def _run_query(self, query: str, variables: Mapping[str, object], subject: str) -> dict[str, object]:
        """Return the `data` of a query. GraphQL's limits are separate, so the REST budget isn't spent.

        https://buildkite.com/docs/apis/graphql/graphql-resource-limits
        """
        address = find_endpoint(str(self.requests.http.base_url))
        request = ApiRequest("POST", address, subject, json={"query": query, "variables": variables}, safe=False)
        response = await self.requests.send_once(request)
        if error := self.requests.parse_error(response, request):
            raise _explain_refusal(error)
        return _read_data(response)


def _find_value(value: object, *path: str) -> object:
    """Return the value at a path of nested objects; None if it isn't there."""
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    return value


def find_endpoint(rest: str) -> str:
    """Return the GraphQL endpoint for a REST endpoint: Buildkite's own, or `/graphql/v1` beside a simulator's."""
    parts = urlsplit(rest)
    return ENDPOINT if parts.hostname == _REST_HOST else f"{parts.scheme}://{parts.netloc}/graphql/v1"


def encode_job_id(job_id: str) -> str:
    """Return the GraphQL ID of a command job."""
    return base64.b64encode(f"JobTypeCommand---{job_id}".encode()).decode()


def _read_data(response: httpx.Response) -> dict[str, object]:
    """Return the `data` of a response; GraphQL reports errors with status 200 in `errors`."""
    answer = read_json(response)
    fields = answer if isinstance(answer, dict) else {}
    messages = [str(error.get("message")) for error in fields.get("errors") or () if isinstance(error, dict)]
    if messages:
        reason = "; ".join(messages)[:500]
        lacks_access = "graphql" in reason.lower() and ("scope" in reason or "access" in reason)
        raise no_access_error(reason) if lacks_access else Conflict(f"Buildkite refused: {reason}")
    data = fields.get("data")
    if not isinstance(data, dict):
        raise Unavailable("Buildkite's answer didn't match its API.", sent=True)
    return data


def _explain_refusal(error: KitestringError) -> KitestringError:
    forbidden = isinstance(error, Refused) and error.rule == _FORBIDDEN
    return no_access_error(error.message) if forbidden else error


def no_access_error(reason: str) -> Refused:
    """Return the error for a token without GraphQL access; `reason` is what Buildkite said, if anything."""
    return Refused(
        "Canceling a single job needs a token with GraphQL access.",
        f"{reason.rstrip('.')}." if reason else "",
        rule=_FORBIDDEN,
    )
