"""The GraphQL mutation that cancels a command job, which REST can't do."""

import base64
import binascii
import re
from typing import Any

from simulators.buildkite import jobs
from simulators.buildkite.http_types import ApiRequest, ApiResponse, Operation
from simulators.buildkite.models import Job
from simulators.buildkite.server_state import ServerState
from simulators.buildkite.values import Refusal, graphql_id, refuse_missing

PATH = "/graphql/v1"
KIND = "JobTypeCommand"
_FIELD = re.compile(r"\{\s*(\w+)")


def answer_query(sim: ServerState, request: ApiRequest) -> ApiResponse:
    """Cancel the job; every problem with a query is answered with 200 and `errors`."""
    query = request.json.get("query")
    if not isinstance(query, str) or not query.strip():
        return _answer_errors("No query string was present")
    field = _FIELD.search(query)
    if field is None or field[1] != "jobTypeCommandCancel":
        return _answer_errors(f"Field '{field[1] if field else ''}' doesn't exist on type 'Mutation'")
    try:
        job = _find_job(sim, request)
        jobs.cancel(sim, job)
    except Refusal as refusal:
        return _answer_errors(refusal.message, data={"jobTypeCommandCancel": None})
    job_fields = {"id": graphql_id(KIND, job.id), "uuid": job.id, "state": job.state.upper()}
    return ApiResponse(200, {"data": {"jobTypeCommandCancel": {"jobTypeCommand": job_fields}}})


def _find_job(sim: ServerState, request: ApiRequest) -> Job:
    variables = request.json.get("variables")
    given = variables.get("input") if isinstance(variables, dict) else None
    ident = given.get("id") if isinstance(given, dict) else None
    try:
        kind, _, uuid = base64.b64decode(str(ident), validate=True).decode().partition("---")
    except (binascii.Error, UnicodeDecodeError) as error:
        raise refuse_missing("job") from error
    job = sim.find_job(uuid)
    if kind != KIND or job.kind != "script" or not request.token.sees(job.build.pipeline.slug):
        raise refuse_missing("job")
    return job


def _answer_errors(message: str, data: Any = None) -> ApiResponse:
    return ApiResponse(200, {"data": data, "errors": [{"message": message}]})


OPERATIONS = (Operation("POST", PATH, "graphql", answer_query),)
