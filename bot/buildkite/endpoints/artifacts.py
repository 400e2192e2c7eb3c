"""The calls about artifacts: what jobs have uploaded. https://buildkite.com/docs/apis/rest-api/artifacts"""

from __future__ import annotations

from collections.abc import AsyncGenerator

from bot.buildkite import downloads
from bot.buildkite.models import Vendor
from bot.buildkite.transport import Ask, Calls, body
from bot.errors import Unavailable

_FOUND = 302


class Artifact(Vendor):
    """A file of a job: `state` is new, error, finished, deleted or expired; `file_size` in bytes.

    https://buildkite.com/docs/apis/rest-api/artifacts#artifact-data-model
    """

    id: str
    job_id: str = ""
    url: str = ""
    download_url: str = ""
    state: str = "finished"
    path: str = ""
    filename: str = ""
    mime_type: str | None = None
    file_size: int | None = None
    sha1sum: str | None = None


class ArtifactCalls(Calls):
    """Lists and deletes artifacts, and leads to their bytes."""

    def artifacts(
        self,
        pipeline: str,
        number: int,
        *,
        job: str | None = None,
        path: str | None = None,
        state: str | None = None,
        limit: int | None = None,
    ) -> AsyncGenerator[Artifact, None]:
        """The artifacts of a build, or of one `job` (UUID) of it; `path` is exact or has `*` for any characters.

        Raises Conflict for a `state` that there is none of.
        https://buildkite.com/docs/apis/rest-api/artifacts#list-artifacts-for-a-build
        """
        of_job = ("jobs", job) if job else ()
        where = self.path("pipelines", pipeline, "builds", number, *of_job, "artifacts")
        params = [(name, value) for name, value in (("path", path), ("state", state)) if value]
        return self.paged(where, f"build {pipeline}#{number}", Artifact, params, limit)

    async def artifact(self, pipeline: str, number: int, job: str, artifact: str) -> Artifact:
        """One artifact, by the UUIDs of its job and its own.

        https://buildkite.com/docs/apis/rest-api/artifacts#get-an-artifact
        """
        where = self._artifact(pipeline, number, job, artifact)
        return await self.get(where, f"artifact {artifact}", Artifact)

    async def artifact_link(self, pipeline: str, number: int, job: str, artifact: str) -> str:
        """A link to the bytes that needs no token and dies after about a minute: hand it on at once.

        https://buildkite.com/docs/apis/rest-api/artifacts#download-an-artifact
        """
        where = f"{self._artifact(pipeline, number, job, artifact)}/download"
        ask = Ask("GET", where, f"artifact {artifact}", accept=frozenset({_FOUND}))
        response = await self.requests.send(ask)
        link = response.headers.get("Location") or _named(body(response))
        if not link.startswith(("https://", "http://")):
            raise Unavailable("Buildkite gave no link to that file.", "Try again in a moment.")
        return str(link)

    async def artifact_bytes(self, pipeline: str, number: int, job: str, artifact: str, *, most: int) -> bytes:
        """The file itself, without the token going where it is stored. Raises Conflict above `most` bytes.

        See `storage.fetch` for where it is not looked for.
        """
        link = await self.artifact_link(pipeline, number, job, artifact)
        return await downloads.fetch(self.requests.http, link, most)

    async def delete_artifact(self, pipeline: str, number: int, job: str, artifact: str) -> None:
        """Delete it; files in storage of one's own stay there.

        https://buildkite.com/docs/apis/rest-api/artifacts#delete-an-artifact
        """
        where = self._artifact(pipeline, number, job, artifact)
        await self.requests.send(Ask("DELETE", where, f"artifact {artifact}"))

    def _artifact(self, pipeline: str, number: int, job: str, artifact: str) -> str:
        return self.path("pipelines", pipeline, "builds", number, "jobs", job, "artifacts", artifact)


def _named(answer: object) -> str:
    url = answer.get("url") if isinstance(answer, dict) else None
    return url if isinstance(url, str) else ""
