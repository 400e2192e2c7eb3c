"""Calls for jobs, their logs and their environments. https://buildkite.com/docs/apis/rest-api/jobs"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence

import httpx
from pydantic import SecretStr

from bot.buildkite.models import Job, Vendor
from bot.buildkite.response_parsing import parse_object
from bot.buildkite.transport import ApiRequest, Calls

_PLAIN = {"Accept": "text/plain"}
_PARTIAL, _EMPTY = 206, 416


class _Environment(Vendor):
    env: dict[str, SecretStr]


class JobCalls(Calls):
    """Reads, retries, reprioritizes and unblocks jobs; reads their logs and environments."""

    def jobs(
        self, pipeline: str, number: int, *, state: Sequence[str] = (), include_retried: bool = False
    ) -> AsyncIterator[Job]:
        """Yield the jobs of a build, only those in `state` if given.

        https://buildkite.com/docs/apis/rest-api/jobs#list-jobs-for-a-build (includes retried jobs by default)
        """
        params = [("state[]", value) for value in state]
        params.append(("include_retried_jobs", "true" if include_retried else "false"))
        path = self.format_path("pipelines", pipeline, "builds", number, "jobs")
        return self.read_all(path, f"build {pipeline}#{number}", Job, params)

    async def job(self, job_id: str) -> Job:
        """Read one job of any build."""
        return await self.read_object(self.format_path("jobs", job_id), f"job {job_id}", Job)

    async def retry_job(self, pipeline: str, number: int, job_id: str) -> Job:
        """Retry a job and return the new job. Each job can be retried once.

        https://buildkite.com/docs/apis/rest-api/jobs#retry-a-job
        """
        path = f"{self._job_path(pipeline, number, job_id)}/retry"
        return parse_object(Job, await self.requests.send(ApiRequest("PUT", path, f"job {job_id}", safe=False)))

    async def unblock_job(self, job_id: str, fields: Mapping[str, str], unblocker: str | None = None) -> Job:
        """Unblock a block step; `unblocker` is the UUID of the user to credit.

        https://buildkite.com/docs/apis/rest-api/jobs#unblock-a-job
        """
        body: dict[str, object] = {"fields": dict(fields)}
        if unblocker:
            body["unblocker"] = unblocker
        path = f"{self.format_path('jobs', job_id)}/unblock"
        return parse_object(
            Job, await self.requests.send(ApiRequest("PUT", path, f"job {job_id}", json=body, safe=False))
        )

    async def reprioritize_job(self, job_id: str, priority: int) -> Job:
        """Change the priority of a waiting job: the highest number goes first, and 0 is the default.

        https://buildkite.com/docs/apis/rest-api/jobs#reprioritize-a-job
        """
        path = f"{self.format_path('jobs', job_id)}/reprioritize"
        return parse_object(
            Job, await self.requests.send(ApiRequest("PUT", path, f"job {job_id}", json={"priority": priority}))
        )

    async def job_env(self, pipeline: str, number: int, job_id: str) -> Mapping[str, SecretStr]:
        """Return a job's environment by name; values may be secrets, so their type keeps them out of logs.

        https://buildkite.com/docs/apis/rest-api/jobs#get-a-jobs-environment-variables
        """
        path = f"{self._job_path(pipeline, number, job_id)}/env"
        return (await self.read_object(path, f"job {job_id}", _Environment)).env

    async def job_log(self, pipeline: str, number: int, job_id: str) -> str:
        """Return the whole log as text, including ANSI sequences and time markers.

        https://buildkite.com/docs/apis/rest-api/jobs#get-a-jobs-log-output
        """
        return _decode_text(await self._read_log(pipeline, number, job_id, _PLAIN))

    async def job_log_tail(
        self, pipeline: str, number: int, job_id: str, bytes_: int = 65_536
    ) -> tuple[str, bool]:
        """Return the last `bytes_` bytes of the log and whether that's all of it; an empty log is `("", True)`."""
        headers = {**_PLAIN, "Range": f"bytes=-{bytes_}"}
        response = await self._read_log(pipeline, number, job_id, headers, frozenset({400, _EMPTY}))
        if response.status_code == _EMPTY:
            return "", True
        if response.status_code == 400:
            return await self.job_log(pipeline, number, job_id), True
        return _decode_text(response), response.status_code != _PARTIAL or _starts_at_first_byte(response)

    async def job_log_end(self, pipeline: str, number: int, job_id: str, bytes_: int) -> tuple[str, bool]:
        """Return the tail like `job_log_tail`, but raise Conflict if Buildkite can only send the whole log."""
        headers = {**_PLAIN, "Range": f"bytes=-{bytes_}"}
        response = await self._read_log(pipeline, number, job_id, headers, frozenset({_EMPTY}))
        if response.status_code == _EMPTY:
            return "", True
        return _decode_text(response), response.status_code != _PARTIAL or _starts_at_first_byte(response)

    async def _read_log(
        self,
        pipeline: str,
        number: int,
        job_id: str,
        headers: Mapping[str, str],
        accept: frozenset[int] = frozenset(),
    ) -> httpx.Response:
        path = f"{self._job_path(pipeline, number, job_id)}/log"
        return await self.requests.send(ApiRequest("GET", path, f"job {job_id}", headers=headers, accept=accept))

    def _job_path(self, pipeline: str, number: int, job_id: str) -> str:
        return self.format_path("pipelines", pipeline, "builds", number, "jobs", job_id)


def _starts_at_first_byte(response: httpx.Response) -> bool:
    return str(response.headers.get("Content-Range", "")).startswith("bytes 0-")


def _decode_text(response: httpx.Response) -> str:
    """Decode the body as UTF-8; a tail may start inside a character, whose remaining bytes are dropped."""
    content = response.content
    if response.status_code == _PARTIAL:
        content = content.lstrip(bytes(range(0x80, 0xC0)))
    return content.decode("utf-8", errors="replace")
