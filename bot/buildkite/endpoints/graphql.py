"""What only GraphQL can do: cancel a single job. https://buildkite.com/docs/apis/graphql-api"""

from __future__ import annotations

import base64
from typing import Any
from urllib.parse import urlsplit

import httpx

from bot.buildkite.transport import Ask, Calls, body
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
    """Calls for which REST has nothing; the token needs GraphQL access, which no scope narrows down."""

    async def cancel_job(self, job_id: str) -> str:
        """Cancel one command job while its build goes on; gives its state then, in lower case.

        Raises Refused where the token has no GraphQL access, Conflict in Buildkite's words where the job is over.
        Never asked for twice. https://buildkite.com/docs/apis/graphql/schemas/mutation/jobtypecommandcancel
        """
        given = {"input": {"id": job_node(job_id)}}
        told = await self._queried(_CANCEL, given, f"job {job_id}")
        job = (told.get("jobTypeCommandCancel") or {}).get("jobTypeCommand") or {}
        return str(job.get("state") or "canceling").lower()

    async def _queried(self, query: str, variables: dict[str, Any], what: str) -> dict[str, Any]:
        """The `data` of an answer; its limits are counted apart from those of REST.

        https://buildkite.com/docs/apis/graphql/graphql-resource-limits
        """
        address = endpoint(str(self.requests.http.base_url))
        ask = Ask("POST", address, what, json={"query": query, "variables": variables}, safe=False)
        response = await self.requests.answer(ask)
        if error := self.requests.error(response, ask):
            raise _barred(error)
        return _told(response)


def endpoint(rest: str) -> str:
    """Where GraphQL is for a REST API at that address: Buildkite's own, or `/graphql/v1` beside a stand-in."""
    parts = urlsplit(rest)
    return ENDPOINT if parts.hostname == _REST_HOST else f"{parts.scheme}://{parts.netloc}/graphql/v1"


def job_node(job_id: str) -> str:
    """The id of a command job in GraphQL."""
    return base64.b64encode(f"JobTypeCommand---{job_id}".encode()).decode()


def _told(response: httpx.Response) -> dict[str, Any]:
    """The `data`; what went wrong is answered as 200 with `errors`."""
    answer = body(response)
    given = answer if isinstance(answer, dict) else {}
    messages = [str(item.get("message")) for item in given.get("errors") or () if isinstance(item, dict)]
    if messages:
        said = "; ".join(messages)[:500]
        barred = "graphql" in said.lower() and ("scope" in said or "access" in said)
        raise no_access(said) if barred else Conflict(f"Buildkite refused: {said}")
    told = given.get("data")
    if not isinstance(told, dict):
        raise Unavailable("Buildkite's answer was not what its API promises.", sent=True)
    return told


def _barred(error: KitestringError) -> KitestringError:
    forbidden = isinstance(error, Refused) and error.rule == _FORBIDDEN
    return no_access(error.message) if forbidden else error


def no_access(said: str) -> Refused:
    """The token may do nothing over GraphQL; `said` is how that shows."""
    return Refused(
        "Only Buildkite's GraphQL API cancels a single job, and the token has no GraphQL access.",
        f"{said.rstrip('.')}.",
        rule=_FORBIDDEN,
    )
