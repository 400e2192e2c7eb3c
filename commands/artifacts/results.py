"""Results about artifacts."""

from __future__ import annotations

from typing import ClassVar

from bot.buildkite.endpoints.artifacts import Artifact
from bot.operations.results import Data, Result


class ArtifactData(Data, frozen=True):
    """A file that a job uploaded; `size` in bytes, `job` is the name of the job, if known."""

    id: str
    path: str
    state: str
    size: int | None
    mime_type: str | None
    sha1: str | None
    job_id: str
    job: str | None

    @classmethod
    def from_artifact(cls, artifact: Artifact, job: str | None = None) -> ArtifactData:
        return cls(
            id=artifact.id,
            path=artifact.path,
            state=artifact.state,
            size=artifact.file_size,
            mime_type=artifact.mime_type,
            sha1=artifact.sha1sum,
            job_id=artifact.job_id,
            job=job,
        )


class ArtifactList(Result, frozen=True):
    """Artifacts of a build; not all of them if not `is_complete`."""

    pipeline: str
    number: int
    artifacts: tuple[ArtifactData, ...]
    is_complete: bool


class ArtifactResult(Result, frozen=True):
    """An artifact. Without a `link`, which needs no token and is valid for about a minute, it's sent in Slack."""

    whole_links: ClassVar[frozenset[str]] = frozenset({"link"})

    pipeline: str
    number: int
    artifact: ArtifactData
    link: str | None
