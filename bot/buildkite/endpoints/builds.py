"""The calls about builds. https://buildkite.com/docs/apis/rest-api/builds"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncGenerator, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime

from bot.buildkite.models import Build
from bot.buildkite.resources import MARK_KEY, NewBuild
from bot.buildkite.transport import Ask, Calls, Chunk, body, parsed
from bot.errors import KitestringError, Unavailable


class BuildCalls(Calls):
    """Reads, creates, cancels, rebuilds and retries builds."""

    def builds(
        self,
        pipeline: str | None = None,
        *,
        state: Sequence[str] = (),
        branch: Sequence[str] = (),
        commit: str | None = None,
        creator: str | None = None,
        created_from: datetime | None = None,
        created_to: datetime | None = None,
        finished_from: datetime | None = None,
        meta_data: Mapping[str, str] | None = None,
        exclude_jobs: bool = True,
        exclude_pipeline: bool = False,
        include_retried_jobs: bool = False,
        limit: int | None = None,
    ) -> AsyncGenerator[Build, None]:
        """Builds, newest first, of one pipeline or of the whole organization; `creator` is a user's UUID.

        https://buildkite.com/docs/apis/rest-api/builds#list-builds-for-an-organization
        """
        params = _filters(
            state=state,
            branch=branch,
            commit=commit,
            creator=creator,
            created_from=created_from,
            created_to=created_to,
            finished_from=finished_from,
            meta_data=meta_data,
        )
        params += _flags(
            exclude_jobs=exclude_jobs, exclude_pipeline=exclude_pipeline, include_retried_jobs=include_retried_jobs
        )
        return self.paged(*self._listed(pipeline), Build, params, limit)

    async def builds_page(
        self,
        pipeline: str | None = None,
        *,
        page: int = 1,
        size: int = 30,
        state: Sequence[str] = (),
        branch: Sequence[str] = (),
        commit: str | None = None,
        creator: str | None = None,
        created_from: datetime | None = None,
        created_to: datetime | None = None,
        meta_data: Mapping[str, str] | None = None,
    ) -> Chunk[Build]:
        """One page of the same, without their jobs: `size` builds, 100 or fewer."""
        params = _filters(
            state=state,
            branch=branch,
            commit=commit,
            creator=creator,
            created_from=created_from,
            created_to=created_to,
            finished_from=None,
            meta_data=meta_data,
        )
        return await self.page(*self._listed(pipeline), Build, page, size, params + _flags(exclude_jobs=True))

    def _listed(self, pipeline: str | None) -> tuple[str, str]:
        if pipeline is None:
            return self.path("builds"), "builds"
        return self.path("pipelines", pipeline, "builds"), f"pipeline {pipeline}"

    async def build(
        self, pipeline: str, number: int, *, jobs: bool = True, job_states: Sequence[str] = ()
    ) -> Build:
        """One build, with its jobs (only those in `job_states`, where given) and the counts of all.

        https://buildkite.com/docs/apis/rest-api/builds#get-a-build
        """
        params = [*_flags(exclude_jobs=not jobs), *_several("job_states", job_states)]
        return await self.get(self._build(pipeline, number), f"build {pipeline}#{number}", Build, params)

    async def create_build(self, pipeline: str, new: NewBuild, mark: str | None) -> Build:
        """Start a build that carries `mark` in its meta-data.

        There is no idempotency key, so an uncertain answer is followed by a look for the mark, never by a
        second request. Raises Unavailable(sent=True) when the build is not there (yet).
        https://buildkite.com/docs/apis/rest-api/builds#create-a-build
        """
        if mark is not None:
            new = replace(new, meta_data={**new.meta_data, MARK_KEY: mark})
        path = self.path("pipelines", pipeline, "builds")
        ask = Ask("POST", path, f"pipeline {pipeline}", json=new.body(), safe=False)
        try:
            return parsed(Build, await self.requests.send(ask))
        except Unavailable as error:
            found = await self._rescue(pipeline, mark) if mark and error.sent else None
            if found is None:
                raise
            return found

    async def marked_build(self, pipeline: str, mark: str) -> Build | None:
        """The build that was created with `mark`; a rebuild of it carries a copy and does not count."""
        marked = [build async for build in self.builds(pipeline, meta_data={MARK_KEY: mark})]
        return original(marked)

    async def cancel_build(self, pipeline: str, number: int) -> Build:
        """Cancel; raises Conflict when it has finished.

        https://buildkite.com/docs/apis/rest-api/builds#cancel-a-build
        """
        ask = Ask("PUT", f"{self._build(pipeline, number)}/cancel", f"build {pipeline}#{number}")
        return parsed(Build, await self.requests.send(ask))

    async def rebuild_build(self, pipeline: str, number: int) -> Build:
        """Start the same again: the answer is a new build, with another number.

        https://buildkite.com/docs/apis/rest-api/builds#rebuild-a-build
        """
        path = f"{self._build(pipeline, number)}/rebuild"
        ask = Ask("PUT", path, f"build {pipeline}#{number}", safe=False)
        return parsed(Build, await self.requests.send(ask))

    async def retry_failed_jobs(self, pipeline: str, number: int) -> tuple[Build, int]:
        """Retry what failed, was canceled, expired or timed out: the build, and how many jobs will run again.

        https://buildkite.com/docs/apis/rest-api/builds#retry-failed-jobs
        """
        path = f"{self._build(pipeline, number)}/retry_failed_jobs"
        ask = Ask("PUT", path, f"build {pipeline}#{number}", safe=False)
        response = await self.requests.send(ask)
        return parsed(Build, response), int(body(response).get("retried_jobs_count") or 0)

    def _build(self, pipeline: str, number: int) -> str:
        return self.path("pipelines", pipeline, "builds", number)

    async def _rescue(self, pipeline: str, mark: str) -> Build | None:
        with contextlib.suppress(KitestringError):
            return await self.marked_build(pipeline, mark)
        return None


def original(marked: Iterable[Build]) -> Build | None:
    """Of several builds with one mark, the first that is no rebuild."""
    candidates = [build for build in marked if build.rebuilt_from is None]
    return min(candidates, key=lambda build: build.number, default=None)


def _filters(
    *,
    state: Sequence[str],
    branch: Sequence[str],
    commit: str | None,
    creator: str | None,
    created_from: datetime | None,
    created_to: datetime | None,
    finished_from: datetime | None,
    meta_data: Mapping[str, str] | None,
) -> list[tuple[str, str]]:
    """The query that lists builds of that kind."""
    return [
        *_several("state", state),
        *_several("branch", branch),
        *_given(commit=commit, creator=creator),
        *_given(created_from=_iso(created_from), created_to=_iso(created_to)),
        *_given(finished_from=_iso(finished_from)),
        *((f"meta_data[{key}]", value) for key, value in (meta_data or {}).items()),
    ]


def _several(name: str, values: Sequence[str]) -> list[tuple[str, str]]:
    """Rails' way of writing one value, or several."""
    return [(name if len(values) == 1 else f"{name}[]", value) for value in values]


def _given(**values: str | None) -> list[tuple[str, str]]:
    return [(name, value) for name, value in values.items() if value]


def _flags(**values: bool) -> list[tuple[str, str]]:
    return [(name, "true") for name, value in values.items() if value]


def _iso(moment: datetime | None) -> str | None:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z") if moment else None
