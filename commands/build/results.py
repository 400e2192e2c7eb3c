"""Results about builds and their annotations."""

from __future__ import annotations

from bot.buildkite.models import Build
from bot.builds.failures.annotation_text import extract_text
from bot.operations.build_wording import measure_duration
from bot.operations.results import Data, Result, ResultPage, UtcTime
from commands.build.annotation_view import ALONE, ALONE_LINES, ShownAnnotation
from commands.job.results import JobData


class BuildData(Data, frozen=True):
    """A build. `author` wrote the commit or else started the build; `rebuild_of` is the number of another build.

    `state` is `blocked` while it waits at a block step.
    """

    pipeline: str
    number: int
    id: str
    state: str
    url: str
    branch: str | None
    commit: str | None
    message: str | None
    author: str | None
    source: str | None
    rebuild_of: int | None
    created_at: UtcTime | None
    started_at: UtcTime | None
    finished_at: UtcTime | None
    duration_seconds: float | None

    @classmethod
    def from_build(cls, build: Build) -> BuildData:
        person, took = build.author or build.creator, measure_duration(build) if build.ended else None
        return cls(
            pipeline=build.ref.pipeline,
            number=build.number,
            id=build.id,
            state=build.phase,
            url=build.web_url,
            branch=build.branch,
            commit=build.commit,
            message=build.message,
            author=(person.name or person.email) if person else None,
            source=build.source,
            rebuild_of=build.rebuilt_from.number if build.rebuilt_from else None,
            created_at=build.created_at,
            started_at=build.started_at,
            finished_at=build.finished_at,
            duration_seconds=took.total_seconds() if took is not None else None,
        )


class BuildResult(Result, frozen=True):
    """A build."""

    build: BuildData

    @classmethod
    def from_build(cls, build: Build, message: str = "") -> BuildResult:
        return cls(build=BuildData.from_build(build), message=message)


class BuildReport(BuildResult, frozen=True):
    """A build with its failed and blocked jobs; `job_counts` are the numbers of all its jobs by state.

    `environment` holds the names of its variables.
    """

    jobs: tuple[JobData, ...]
    job_counts: dict[str, int]
    environment: tuple[str, ...]


class BuildList(ResultPage, frozen=True):
    """Builds, the newest first."""

    builds: tuple[BuildData, ...]


class AnnotationData(Data, frozen=True):
    """An annotation; `job` is the name of its job, if it isn't the build's own. `text` is its beginning."""

    context: str | None
    style: str
    job: str | None
    text: str

    @classmethod
    def from_annotation(cls, annotation: ShownAnnotation) -> AnnotationData:
        """Return an annotation with as much of its text as is shown of a single one."""
        return cls(
            context=annotation.context or None,
            style=annotation.style,
            job=annotation.job or None,
            text=extract_text(annotation.html, ALONE, ALONE_LINES),
        )


class AnnotationList(Result, frozen=True):
    """The annotations of a build, the most important ones first."""

    pipeline: str
    number: int
    annotations: tuple[AnnotationData, ...]


class AnnotationResult(Result, frozen=True):
    """An annotation that was written."""

    pipeline: str
    number: int
    context: str
    style: str
