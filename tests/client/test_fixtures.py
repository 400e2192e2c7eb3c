"""Every documented object is read into a model and drawn, so that people can read it."""

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
from bot.buildkite.models import AccessToken, Agent, Build, Job, NotificationService, Person, Pipeline, Queue
from bot.buildkite.resources import Cluster, Member, Meta, Organization
from bot.buildkite.responses import parse_error
from bot.buildkite.transport import read_next_query
from bot.builds.cards.render import render_card
from bot.builds.fold.merge import apply_webhook
from bot.builds.links.render import render_pipeline_preview
from bot.builds.model import JobSummary
from bot.cli.api_get import render_outline
from tests.core.drawn import seen
from tests.core.facts_of_builds import NOW

FIXTURES = Path(__file__).parents[1] / "fixtures" / "rest"
NAMES = sorted(path.stem for path in FIXTURES.glob("*.json"))
# The first that fits. What no call of its own reads is a Document: `kitestring api PATH` shows it.
MODELS: tuple[tuple[str, type[BaseModel]], ...] = (
    (r"build_.*|builds_.*", Build),
    (r"job_(log|env|ssh_session|vnc_session)", RawObject),  # text, names and credentials: never an object
    (r"job_.*|jobs_.*", Job),
    (r"agent_token.*", AgentToken),
    (r"agent.*", Agent),
    (r"pipeline_(created|archived|updated)|pipeline|pipelines_list", Pipeline),
    (r"pipeline_templates?(_list)?", PipelineTemplate),
    (r"annotation.*", Annotation),
    (r"artifact_download", RawObject),  # a link that dies
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


def model(name: str) -> type[BaseModel]:
    """What a fixture is read into."""
    return next(kind for pattern, kind in MODELS if re.fullmatch(pattern, name))


def drawn(name: str) -> str:
    """What people see of a fixture."""
    content = json.loads((FIXTURES / f"{name}.json").read_text())
    if name.startswith("error_"):
        return _refusal(content)
    if name == "pagination_headers":
        return f"the next page: {dict(read_next_query(httpx.Response(200, json=[], headers=content['headers'])))}"
    listed = content.get("items", content) if isinstance(content, dict) else content
    several = listed if isinstance(listed, list) else [listed]
    return "\n\n".join("\n".join(_shown(model(name).model_validate(item))) for item in several)


def _refusal(content: Any) -> str:
    found = parse_error(
        httpx.Response(content["status"], headers=content["headers"], json=content["body"]), "build web#1", False
    )
    assert found is not None
    return f"{type(found).__name__}: {found}"


def _shown(read: BaseModel) -> list[str]:
    if isinstance(read, Build):
        known = apply_webhook(None, read, NOW)
        return seen(render_card(known, JobSummary(), card_id="c", asked_by="U1", now=NOW))
    if isinstance(read, Pipeline):
        return seen(render_pipeline_preview(read, [], read.web_url))
    if isinstance(read, RawObject):
        return list(render_outline(read.fields))
    return [type(read).__name__, *render_outline(read.model_dump(mode="json"))]


@pytest.mark.parametrize("name", NAMES)
def test_a_documented_object_is_read_and_drawn(name: str) -> None:
    """The object is read without loss of what matters, and what is drawn of it stays as it is."""
    assert drawn(name) == external_file(f"rendered/{name}.txt")


def test_no_secret_is_drawn() -> None:
    """Tokens, signed links and the values of environments are in the documented objects, and in no drawing."""
    secrets = ("xxx-yyy-zzz", "AWSAccessKeyId", "ctNO5rPR9DRPBiSVwDtM", "bkct_")
    everything = "\n".join(drawn(name) for name in NAMES)
    assert [secret for secret in secrets if secret in everything] == []


def test_what_has_a_model_is_not_read_as_just_anything() -> None:
    """Most kinds have a model of their own; those left are shown as they come."""
    assert sum(model(name) is not RawObject for name in NAMES if not name.startswith("error_")) > 60
