"""Calls for artifacts, the files that jobs upload. https://buildkite.com/docs/apis/rest-api/artifacts"""

from __future__ import annotations

from collections.abc import AsyncGenerator

from bot.buildkite import downloads
from bot.buildkite.models import Vendor
from bot.buildkite.response_parsing import read_json
from bot.buildkite.transport import ApiRequest, Calls
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
    """Lists, downloads and deletes artifacts."""

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
        """Yield the artifacts of a build, or of one `job` (UUID); `path` is exact or has `*` for any characters.

        Raise Conflict if `state` isn't a state of artifacts.
        https://buildkite.com/docs/apis/rest-api/artifacts#list-artifacts-for-a-build
        """
        of_job = ("jobs", job) if job else ()
        list_path = self.format_path("pipelines", pipeline, "builds", number, *of_job, "artifacts")
        params = [(name, value) for name, value in (("path", path), ("state", state)) if value]
        return self.read_all(list_path, f"build {pipeline}#{number}", Artifact, params, limit)

    async def artifact(self, pipeline: str, number: int, job: str, artifact: str) -> Artifact:
        """Read one artifact by the UUIDs of its job and its own.

        https://buildkite.com/docs/apis/rest-api/artifacts#get-an-artifact
        """
        path = self._artifact_path(pipeline, number, job, artifact)
        return await self.read_object(path, f"artifact {artifact}", Artifact)

    async def artifact_link(self, pipeline: str, number: int, job: str, artifact: str) -> str:
        """Return a download link that needs no token and expires after about a minute, so use it at once.

        https://buildkite.com/docs/apis/rest-api/artifacts#download-an-artifact
        """
        path = f"{self._artifact_path(pipeline, number, job, artifact)}/download"
        request = ApiRequest("GET", path, f"artifact {artifact}", accept=frozenset({_FOUND}))
        response = await self.requests.send(request)
        link = response.headers.get("Location") or _read_link(read_json(response))
        if not link.startswith(("https://", "http://")):
            raise Unavailable("Buildkite didn't return a link to that file.", "Try again in a moment.")
        return str(link)

    async def artifact_bytes(
        self, pipeline: str, number: int, job: str, artifact: str, *, max_bytes: int
    ) -> bytes:
        """Return the file's content, without sending the token to its storage. Raise Conflict above `max_bytes`.

        See `downloads.fetch` for the hosts it won't download from.
        """
        link = await self.artifact_link(pipeline, number, job, artifact)
        return await downloads.fetch(self.requests.http, link, max_bytes)

    async def delete_artifact(self, pipeline: str, number: int, job: str, artifact: str) -> None:
        """Delete an artifact; files in an organization's own storage stay there.

        https://buildkite.com/docs/apis/rest-api/artifacts#delete-an-artifact
        """
        path = self._artifact_path(pipeline, number, job, artifact)
        await self.requests.send(ApiRequest("DELETE", path, f"artifact {artifact}"))

    def _artifact_path(self, pipeline: str, number: int, job: str, artifact: str) -> str:
        return self.format_path("pipelines", pipeline, "builds", number, "jobs", job, "artifacts", artifact)


def _read_link(answer: object) -> str:
    url = answer.get("url") if isinstance(answer, dict) else None
    return url if isinstance(url, str) else ""
