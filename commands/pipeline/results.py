"""Results about pipelines."""

from __future__ import annotations

from bot.buildkite.models import strip_credentials
from bot.buildkite.resources import Pipeline
from bot.operations.results import Data, Result, UtcTime
from commands.build.results import BuildData


class PipelineData(Data, frozen=True):
    """A pipeline; `visibility` is private or public."""

    id: str
    slug: str
    name: str
    url: str
    description: str | None
    repository: str | None
    default_branch: str | None
    cluster_id: str | None
    visibility: str
    tags: tuple[str, ...]
    running_builds: int
    scheduled_builds: int
    created_at: UtcTime | None
    archived_at: UtcTime | None

    @classmethod
    def from_pipeline(cls, pipeline: Pipeline) -> PipelineData:
        return cls(
            id=pipeline.id,
            slug=pipeline.slug,
            name=pipeline.name,
            url=pipeline.web_url,
            description=pipeline.description,
            repository=str(strip_credentials(pipeline.repository)) if pipeline.repository else None,
            default_branch=pipeline.default_branch,
            cluster_id=pipeline.cluster_id,
            visibility=pipeline.visibility,
            tags=pipeline.tags or (),
            running_builds=pipeline.running_builds_count,
            scheduled_builds=pipeline.scheduled_builds_count,
            created_at=pipeline.created_at,
            archived_at=pipeline.archived_at,
        )


class PipelineResult(Result, frozen=True):
    """A pipeline."""

    pipeline: PipelineData

    @classmethod
    def from_pipeline(cls, pipeline: Pipeline, message: str) -> PipelineResult:
        return cls(pipeline=PipelineData.from_pipeline(pipeline), message=message)


class PipelineReport(PipelineResult, frozen=True):
    """A pipeline with its cluster's name, the latest build of its default branch and, if asked for, its steps."""

    cluster: str | None
    latest_build: BuildData | None
    configuration: str | None


class PipelineList(Result, frozen=True):
    """Pipelines by name."""

    pipelines: tuple[PipelineData, ...]


class FollowUpData(Data, frozen=True):
    """A step after creating a pipeline; `problem` says why it failed, and is None if it didn't."""

    step: str
    problem: str | None


class NewPipelineResult(PipelineResult, frozen=True):
    """A new pipeline, with the results of further steps and its first build, if one was started."""

    steps: tuple[FollowUpData, ...]
    build: BuildData | None


class DeletedPipeline(Result, frozen=True):
    """The slug of a pipeline that was deleted."""

    pipeline: str
