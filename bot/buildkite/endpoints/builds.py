"""Calls for builds. https://buildkite.com/docs/apis/rest-api/builds"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncGenerator, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from bot.buildkite.models import Build, BuildEnvironment, Vendor
from bot.buildkite.resources import MARK_KEY, NewBuild
from bot.buildkite.response_parsing import parse_object
from bot.buildkite.transport import ApiRequest, Calls, ListPage, Requests
from bot.errors import KitestringError, Unavailable


class _RetryCount(Vendor):
    retried_jobs_count: int | None = None


@dataclass(frozen=True)
class BuildsRead:
    """Builds as Buildkite answered them, to a request that was sent at `asked_at`.

    `job_states` are those of the jobs that came with them; empty: all of them; None: no jobs came.
    """

    builds: tuple[Build, ...]
    asked_at: datetime
    job_states: tuple[str, ...] | None = None


BuildObserver = Callable[[BuildsRead], None]


def ignore_builds(_read: BuildsRead) -> None:
    """Observe nothing."""


class BuildCalls(Calls):
    """Reads, creates, cancels, rebuilds and retries builds. `observe` gets every build that is read."""

    def __init__(self, requests: Requests, organization: str) -> None:
        super().__init__(requests, organization)
        self.observe: BuildObserver = ignore_builds

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
        """Yield builds of a pipeline or the whole organization, newest first; `creator` is a user's UUID.

        https://buildkite.com/docs/apis/rest-api/builds#list-builds-for-an-organization
        """
        params = _format_filters(
            state=state,
            branch=branch,
            commit=commit,
            creator=creator,
            created_from=created_from,
            created_to=created_to,
            finished_from=finished_from,
            meta_data=meta_data,
        )
        params += _format_flags(
            exclude_jobs=exclude_jobs, exclude_pipeline=exclude_pipeline, include_retried_jobs=include_retried_jobs
        )

        def note_page(page: Sequence[Build], asked_at: datetime) -> None:
            self.observe(BuildsRead(tuple(page), asked_at, None if exclude_jobs else ()))

        return self.read_all(*self._locate_list(pipeline), Build, params, limit, note_page)

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
    ) -> ListPage[Build]:
        """Read one page of builds without their jobs; `size` is at most 100."""
        params = _format_filters(
            state=state,
            branch=branch,
            commit=commit,
            creator=creator,
            created_from=created_from,
            created_to=created_to,
            finished_from=None,
            meta_data=meta_data,
        )
        asked_at = self.requests.clock.now()
        found = await self.read_page(
            *self._locate_list(pipeline), Build, page, size, params + _format_flags(exclude_jobs=True)
        )
        self.observe(BuildsRead(found.items, asked_at))
        return found

    def _locate_list(self, pipeline: str | None) -> tuple[str, str]:
        if pipeline is None:
            return self.format_path("builds"), "builds"
        return self.format_path("pipelines", pipeline, "builds"), f"pipeline {pipeline}"

    async def build(
        self, pipeline: str, number: int, *, jobs: bool = True, job_states: Sequence[str] = ()
    ) -> Build:
        """Read one build with its jobs (only those in `job_states`, if given) and the counts of all jobs.

        https://buildkite.com/docs/apis/rest-api/builds#get-a-build
        """
        params = [*_format_flags(exclude_jobs=not jobs), *_format_repeated("job_states", job_states)]
        asked_at = self.requests.clock.now()
        build = await self.read_object(
            self._build_path(pipeline, number), f"build {pipeline}#{number}", Build, params
        )
        self.observe(BuildsRead((build,), asked_at, tuple(job_states) if jobs else None))
        return build

    async def build_environment(self, pipeline: str, number: int) -> dict[str, str]:
        """Return the variables that a build was created with. Values may be secret: no `Build` holds them."""
        request = ApiRequest("GET", self._build_path(pipeline, number), f"build {pipeline}#{number}")
        return parse_object(BuildEnvironment, await self.requests.send(request)).env

    async def create_build(self, pipeline: str, new: NewBuild, mark: str | None) -> Build:
        """Start a build that carries `mark` in its meta-data.

        Buildkite has no idempotency keys, so after an uncertain answer the client searches for the mark and never
        sends a second request. Raise Unavailable(sent=True) if the build isn't there (yet).
        https://buildkite.com/docs/apis/rest-api/builds#create-a-build
        """
        if mark is not None:
            new = replace(new, meta_data={**new.meta_data, MARK_KEY: mark})
        path = self.format_path("pipelines", pipeline, "builds")
        request = ApiRequest("POST", path, f"pipeline {pipeline}", json=new.to_json(), safe=False)
        try:
            return parse_object(Build, await self.requests.send(request))
        except Unavailable as error:
            found = await self._find_marked_or_none(pipeline, mark) if mark and error.sent else None
            if found is None:
                raise
            return found

    async def find_marked_build(self, pipeline: str, mark: str) -> Build | None:
        """Find the build created with `mark`; its rebuilds carry a copy of the mark and don't count."""
        marked = [build async for build in self.builds(pipeline, meta_data={MARK_KEY: mark})]
        return find_original(marked)

    async def cancel_build(self, pipeline: str, number: int) -> Build:
        """Cancel a build; raise Conflict if it has finished.

        https://buildkite.com/docs/apis/rest-api/builds#cancel-a-build
        """
        request = ApiRequest("PUT", f"{self._build_path(pipeline, number)}/cancel", f"build {pipeline}#{number}")
        return parse_object(Build, await self.requests.send(request))

    async def rebuild_build(self, pipeline: str, number: int) -> Build:
        """Start a build again and return the new build, which has another number.

        https://buildkite.com/docs/apis/rest-api/builds#rebuild-a-build
        """
        path = f"{self._build_path(pipeline, number)}/rebuild"
        request = ApiRequest("PUT", path, f"build {pipeline}#{number}", safe=False)
        return parse_object(Build, await self.requests.send(request))

    async def retry_failed_jobs(self, pipeline: str, number: int) -> tuple[Build, int]:
        """Retry jobs that failed, were canceled, expired or timed out; return the build and the number of jobs.

        https://buildkite.com/docs/apis/rest-api/builds#retry-failed-jobs
        """
        path = f"{self._build_path(pipeline, number)}/retry_failed_jobs"
        request = ApiRequest("PUT", path, f"build {pipeline}#{number}", safe=False)
        response = await self.requests.send(request)
        return parse_object(Build, response), parse_object(_RetryCount, response).retried_jobs_count or 0

    def _build_path(self, pipeline: str, number: int) -> str:
        return self.format_path("pipelines", pipeline, "builds", number)

    async def _find_marked_or_none(self, pipeline: str, mark: str) -> Build | None:
        with contextlib.suppress(KitestringError):
            return await self.find_marked_build(pipeline, mark)
        return None


def find_original(marked: Iterable[Build]) -> Build | None:
    """Return the first of the builds with one mark that isn't a rebuild."""
    candidates = [build for build in marked if build.rebuilt_from is None]
    return min(candidates, key=lambda build: build.number, default=None)


def _format_filters(
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
    """Return the query parameters for these filters."""
    return [
        *_format_repeated("state", state),
        *_format_repeated("branch", branch),
        *_drop_empty(commit=commit, creator=creator),
        *_drop_empty(created_from=_format_time(created_from), created_to=_format_time(created_to)),
        *_drop_empty(finished_from=_format_time(finished_from)),
        *((f"meta_data[{key}]", value) for key, value in (meta_data or {}).items()),
    ]


def _format_repeated(name: str, values: Sequence[str]) -> list[tuple[str, str]]:
    """Return query parameters in Rails' notation, `name=` for one value and `name[]=` for several."""
    return [(name if len(values) == 1 else f"{name}[]", value) for value in values]


def _drop_empty(**values: str | None) -> list[tuple[str, str]]:
    return [(name, value) for name, value in values.items() if value]


def _format_flags(**values: bool) -> list[tuple[str, str]]:
    return [(name, "true") for name, value in values.items() if value]


def _format_time(moment: datetime | None) -> str | None:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z") if moment else None
