"""Serves artifact contents from expiring links, as the separate storage host does."""

import hashlib
from urllib.parse import quote, urlencode

from simulators.buildkite.http_types import ApiRequest, ApiResponse, Operation
from simulators.buildkite.server_state import ServerState

ALIVE = 60
_XML = "application/xml"


def link(sim: ServerState, artifact: str, filename: str) -> str:
    """Return a signed link to that file, valid for a minute."""
    own = sim.storage.elsewhere.get(artifact)
    if own is not None:
        return own
    expires = str(int(sim.now()) + ALIVE)
    query = urlencode({"Expires": expires, "Signature": _signature(artifact, expires)})
    return f"{sim.base_url}/storage/{artifact}/{quote(filename, safe='')}?{query}"


def _signature(artifact: str, expires: str) -> str:
    return hashlib.sha256(f"{artifact} {expires} storage".encode()).hexdigest()


def serve(sim: ServerState, request: ApiRequest) -> ApiResponse:
    """Serve a file like S3, which refuses a signed link that comes with an Authorization header.

    https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
    """
    if "authorization" in request.headers:
        return _error(400, "InvalidArgument")
    artifact, expires = request.params["artifact"], request.query.get("Expires", "0")
    signed = request.query.get("Signature") == _signature(artifact, expires)
    if not signed or not expires.isdigit() or sim.now() >= int(expires):
        return _error(403, "AccessDenied")
    content = sim.storage.contents.get(artifact)
    if content is None:
        return _error(404, "NoSuchKey")
    return ApiResponse(200, text=content, media_type="application/octet-stream")


def _error(status: int, code: str) -> ApiResponse:
    return ApiResponse(status, text=f"<Error><Code>{code}</Code></Error>".encode(), media_type=_XML)


OPERATIONS = (Operation("GET", "/storage/{artifact}/{filename}", None, serve, public=True),)
