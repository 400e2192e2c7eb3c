"""The one GraphQL mutation that REST has nothing for: a command job is canceled."""

import base64
import binascii
import re
from typing import Any

from simulators.buildkite import jobs
from simulators.buildkite.http_types import Answer, Ask, Operation
from simulators.buildkite.models import Job
from simulators.buildkite.server_state import ServerState
from simulators.buildkite.values import Refusal, graphql_id, missing

PATH = "/graphql/v1"
KIND = "JobTypeCommand"
_FIELD = re.compile(r"\{\s*(\w+)")


def answer(sim: ServerState, ask: Ask) -> Answer:
    """Whatever goes wrong with a query is answered as 200 with `errors`."""
    query = ask.json.get("query")
    if not isinstance(query, str) or not query.strip():
        return _errors("No query string was present")
    called = _FIELD.search(query)
    if called is None or called[1] != "jobTypeCommandCancel":
        return _errors(f"Field '{called[1] if called else ''}' doesn't exist on type 'Mutation'")
    try:
        job = _named(sim, ask)
        jobs.cancel(sim, job)
    except Refusal as refusal:
        return _errors(refusal.message, data={"jobTypeCommandCancel": None})
    shown = {"id": graphql_id(KIND, job.id), "uuid": job.id, "state": job.state.upper()}
    return Answer(200, {"data": {"jobTypeCommandCancel": {"jobTypeCommand": shown}}})


def _named(sim: ServerState, ask: Ask) -> Job:
    variables = ask.json.get("variables")
    given = variables.get("input") if isinstance(variables, dict) else None
    ident = given.get("id") if isinstance(given, dict) else None
    try:
        kind, _, uuid = base64.b64decode(str(ident), validate=True).decode().partition("---")
    except (binascii.Error, UnicodeDecodeError) as error:
        raise missing("job") from error
    job = sim.find_job(uuid)
    if kind != KIND or job.kind != "script" or not ask.token.sees(job.build.pipeline.slug):
        raise missing("job")
    return job


def _errors(message: str, data: Any = None) -> Answer:
    return Answer(200, {"data": data, "errors": [{"message": message}]})


OPERATIONS = (Operation("POST", PATH, "graphql", answer),)
