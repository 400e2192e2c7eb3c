"""Every documented object is parsed into a model and rendered for people."""

import json
import re
from pathlib import Path
from typing import Any

import httpx
import pytest
from inline_snapshot import external_file
from pydantic import BaseModel

from bot.buildkite.endpoints.annotations import Annotation
from bot.buildkite.endpoints.artifacts import Artifact
from bot.buildkite.endpoints.clusters import AgentToken
from bot.buildkite.endpoints.organization import Emoji, PipelineTemplate, Rule, Team
from bot.buildkite.endpoints.raw import RawObject
from bot.buildkite.error_responses import parse_error
from bot.buildkite.models import Build, Job, Person
from bot.buildkite.resources import (
    AccessToken,
    Agent,
    Cluster,
    Member,
    Meta,
    NotificationService,
    Organization,
    Pipeline,
    Queue,
)
from bot.buildkite.response_parsing import read_next_query
from bot.builds.cards.model import CardReaders
from bot.builds.cards.render import render_card
from bot.builds.fold.merge import apply_webhook
from bot.builds.links.render import render_pipeline_preview
from bot.builds.model import JobSummary
from bot.cli.api_get import render_outline
from tests.rendering.message_checks import describe_message
from tests.rendering.sample_builds import NOW

FIXTURES = Path(__file__).parents[1] / "fixtures" / "rest"
NAMES = sorted(path.stem for path in FIXTURES.glob("*.json"))
# The first match counts. Objects without a call of their own are RawObjects, shown by `kitestring api PATH`.
MODELS: tuple[tuple[str, type[BaseModel]], ...] = (
    (r"build_.*|builds_.*", Build),
    (r"job_(log|env|ssh_session|vnc_session)", RawObject),  # text, names and credentials rather than objects
    (r"job_.*|jobs_.*", Job),
    (r"agent_token.*", AgentToken),
    (r"agent.*", Agent),
    (r"pipeline_(created|archived|updated)|pipeline|pipelines_list", Pipeline),
    (r"pipeline_templates?(_list)?", PipelineTemplate),
    (r"annotation.*", Annotation),
    (r"artifact_download", RawObject),  # a link that expires
    (r"artifacts?(_list)?", Artifact),
    (r"clusters?(_list|_created)?", Cluster),
    (r"queues?(_list|_paused|_hosted)?", Queue),
    (r"teams?(_list)?", Team),
    (r"rules?(_list)?", Rule),
    (r"emojis_list", Emoji),
    (r"organizations?(_list)?", Organization),
    (r"organization_members_list", Member),
    (r"notification_service.*", NotificationService),
    (r"access_token", AccessToken),
    (r"user", Person),
    (r"meta", Meta),
    (r".*", RawObject),
)


def find_model(name: str) -> type[BaseModel]:
    """Return the model that a fixture is parsed into."""
    return next(kind for pattern, kind in MODELS if re.fullmatch(pattern, name))


def render_fixture(name: str) -> str:
    """Return what people see of a fixture."""
    content = json.loads((FIXTURES / f"{name}.json").read_text())
    if name.startswith("error_"):
        return _render_error(content)
    if name == "pagination_headers":
        return f"the next page: {dict(read_next_query(httpx.Response(200, json=[], headers=content['headers'])))}"
    items = content.get("items", content) if isinstance(content, dict) else content
    values = items if isinstance(items, list) else [items]
    return "\n\n".join("\n".join(_render_object(find_model(name).model_validate(value))) for value in values)


def _render_error(content: Any) -> str:
    error = parse_error(
        httpx.Response(content["status"], headers=content["headers"], json=content["body"]), "build web#1", False
    )
    assert error is not None
    return f"{type(error).__name__}: {error}"


def _render_object(read: BaseModel) -> list[str]:
    if isinstance(read, Build):
        known = apply_webhook(None, read, NOW)
        return describe_message(render_card(known, JobSummary(), card_id="c", readers=CardReaders("U1"), now=NOW))
    if isinstance(read, Pipeline):
        return describe_message(render_pipeline_preview(read, [], read.web_url))
    if isinstance(read, RawObject):
        return list(render_outline(read.fields))
    return [type(read).__name__, *render_outline(read.model_dump(mode="json"))]


@pytest.mark.parametrize("name", NAMES)
def test_a_documented_object_is_parsed_and_rendered(name: str) -> None:
    """Each object is parsed, and its rendering matches the stored one."""
    assert render_fixture(name) == external_file(f"rendered/{name}.txt")


def test_no_secret_is_rendered() -> None:
    """Tokens, signed links and values of environments in the documented objects aren't rendered."""
    secrets = ("xxx-yyy-zzz", "AWSAccessKeyId", "ctNO5rPR9DRPBiSVwDtM", "bkct_")
    everything = "\n".join(render_fixture(name) for name in NAMES)
    assert [secret for secret in secrets if secret in everything] == []


def test_most_objects_have_a_model() -> None:
    """More than 60 documented objects have a model of their own."""
    assert sum(find_model(name) is not RawObject for name in NAMES if not name.startswith("error_")) > 60
