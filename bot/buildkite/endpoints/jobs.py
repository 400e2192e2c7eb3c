"""The calls about jobs. https://buildkite.com/docs/apis/rest-api/jobs"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

import httpx
from pydantic import SecretStr

from bot.buildkite.models import Job, Vendor
from bot.buildkite.transport import Ask, Calls, parsed

_PLAIN = {"Accept": "text/plain"}
_PARTIAL, _EMPTY = 206, 416


class _Environment(Vendor):
    env: dict[str, SecretStr]


class JobCalls(Calls):
    """Reads, retries, reprioritizes and unblocks jobs, and reads their logs and environments."""

    def jobs(
        self, pipeline: str, number: int, *, state: Sequence[str] = (), include_retried: bool = False
    ) -> AsyncIterator[Job]:
        """The jobs of a build, of the given states only.

        https://buildkite.com/docs/apis/rest-api/jobs#list-jobs-for-a-build (a retried job is listed by default)
        """
        params = [("state[]", value) for value in state]
        params.append(("include_retried_jobs", "true" if include_retried else "false"))
        path = self.path("pipelines", pipeline, "builds", number, "jobs")
        return self.paged(path, f"build {pipeline}#{number}", Job, params)

    async def job(self, job_id: str) -> Job:
        """One job, whatever build it belongs to."""
        return await self.get(self.path("jobs", job_id), f"job {job_id}", Job)

    async def retry_job(self, pipeline: str, number: int, job_id: str) -> Job:
        """Run it again: the answer is a new job. Each job can be retried once.

        https://buildkite.com/docs/apis/rest-api/jobs#retry-a-job
        """
        path = f"{self._job(pipeline, number, job_id)}/retry"
        return parsed(Job, await self.requests.send(Ask("PUT", path, f"job {job_id}", safe=False)))

    async def unblock_job(self, job_id: str, fields: Mapping[str, str], unblocker: str | None = None) -> Job:
        """Let a build go on past its block step; `unblocker` is the UUID of the user who is credited.

        https://buildkite.com/docs/apis/rest-api/jobs#unblock-a-job
        """
        body: dict[str, Any] = {"fields": dict(fields)}
        if unblocker:
            body["unblocker"] = unblocker
        path = f"{self.path('jobs', job_id)}/unblock"
        return parsed(Job, await self.requests.send(Ask("PUT", path, f"job {job_id}", json=body, safe=False)))

    async def reprioritize_job(self, job_id: str, priority: int) -> Job:
        """Let it run before or after others: the highest number goes first, 0 is where jobs begin.

        https://buildkite.com/docs/apis/rest-api/jobs#reprioritize-a-job
        """
        path = f"{self.path('jobs', job_id)}/reprioritize"
        return parsed(
            Job, await self.requests.send(Ask("PUT", path, f"job {job_id}", json={"priority": priority}))
        )

    async def job_env(self, pipeline: str, number: int, job_id: str) -> Mapping[str, SecretStr]:
        """The environment of a job by name; values may be secrets, so none is printed by mistake.

        https://buildkite.com/docs/apis/rest-api/jobs#get-a-jobs-environment-variables
        """
        path = f"{self._job(pipeline, number, job_id)}/env"
        return (await self.get(path, f"job {job_id}", _Environment)).env

    async def job_log(self, pipeline: str, number: int, job_id: str) -> str:
        """The whole log as text, ANSI sequences and time markers included.

        https://buildkite.com/docs/apis/rest-api/jobs#get-a-jobs-log-output
        """
        return _text(await self._log(pipeline, number, job_id, _PLAIN))

    async def job_log_tail(
        self, pipeline: str, number: int, job_id: str, bytes_: int = 65_536
    ) -> tuple[str, bool]:
        """The last `bytes_` bytes of the log, and whether that is all of it; an empty log is `("", True)`."""
        headers = {**_PLAIN, "Range": f"bytes=-{bytes_}"}
        response = await self._log(pipeline, number, job_id, headers, frozenset({400, _EMPTY}))
        if response.status_code == _EMPTY:
            return "", True
        if response.status_code == 400:
            return await self.job_log(pipeline, number, job_id), True
        return _text(response), response.status_code != _PARTIAL or _from_start(response)

    async def job_log_end(self, pipeline: str, number: int, job_id: str, bytes_: int) -> tuple[str, bool]:
        """As `job_log_tail`, but never more than that: raises Conflict where only the whole log can be had."""
        headers = {**_PLAIN, "Range": f"bytes=-{bytes_}"}
        response = await self._log(pipeline, number, job_id, headers, frozenset({_EMPTY}))
        if response.status_code == _EMPTY:
            return "", True
        return _text(response), response.status_code != _PARTIAL or _from_start(response)

    async def _log(
        self,
        pipeline: str,
        number: int,
        job_id: str,
        headers: Mapping[str, str],
        accept: frozenset[int] = frozenset(),
    ) -> httpx.Response:
        path = f"{self._job(pipeline, number, job_id)}/log"
        return await self.requests.send(Ask("GET", path, f"job {job_id}", headers=headers, accept=accept))

    def _job(self, pipeline: str, number: int, job_id: str) -> str:
        return self.path("pipelines", pipeline, "builds", number, "jobs", job_id)


def _from_start(response: httpx.Response) -> bool:
    return str(response.headers.get("Content-Range", "")).startswith("bytes 0-")


def _text(response: httpx.Response) -> str:
    """The body as UTF-8; a tail may begin inside a character, whose rest is dropped."""
    content = response.content
    if response.status_code == _PARTIAL:
        content = content.lstrip(bytes(range(0x80, 0xC0)))
    return content.decode("utf-8", errors="replace")
