"""Models of pipelines, agents, organizations, clusters and notification services, and the body of a new build."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import NamedTuple

from pydantic import Field, model_validator

from bot.buildkite.models import AnyPerson, Job, Moment, Person, Vendor

# Keys of a build's meta-data: which bot started it, and for which invocation.
INSTANCE_KEY = "kitestring"
MARK_KEY = "kitestring:invocation"


class Pipeline(Vendor):
    """A pipeline. https://buildkite.com/docs/apis/rest-api/pipelines"""

    id: str
    slug: str
    name: str
    url: str = ""
    web_url: str = ""
    description: str | None = None
    repository: str | None = None
    default_branch: str | None = None
    configuration: str | None = None
    cluster_id: str | None = None
    pipeline_template_uuid: str | None = None
    visibility: str = "private"
    tags: tuple[str, ...] | None = None
    provider: dict[str, object] = Field(default_factory=dict)
    branch_configuration: str | None = None
    skip_queued_branch_builds: bool | None = None
    skip_queued_branch_builds_filter: str | None = None
    cancel_running_branch_builds: bool | None = None
    cancel_running_branch_builds_filter: str | None = None
    allow_rebuilds: bool | None = None
    default_command_step_timeout: int | None = None
    maximum_command_step_timeout: int | None = None
    emoji: str | None = None
    color: str | None = None
    created_at: Moment | None = None
    archived_at: Moment | None = None
    running_builds_count: int = 0
    scheduled_builds_count: int = 0


class Agent(Vendor):
    """An agent. https://buildkite.com/docs/apis/rest-api/agents"""

    id: str
    name: str
    connection_state: str = "connected"
    web_url: str = ""
    hostname: str | None = None
    ip_address: str | None = None
    version: str | None = None
    queue: str | None = None
    meta_data: tuple[str, ...] = ()
    paused: bool = False
    paused_at: Moment | None = None
    paused_by: AnyPerson = None
    paused_note: str | None = None
    paused_timeout_in_minutes: int | None = None
    created_at: Moment | None = None
    connected_at: Moment | None = None
    disconnected_at: Moment | None = None
    lost_at: Moment | None = None
    stopped_at: Moment | None = None
    job: Job | None = None

    @model_validator(mode="before")
    @classmethod
    def _fill_absent_fields(cls, value: object) -> object:
        """Fill in fields that older API versions lack: they give the queue only as a tag, and no pauses.

        https://buildkite.com/docs/apis/rest-api/agents
        """
        if not isinstance(value, dict):
            return value
        tags = value.get("meta_data") or ()
        if not isinstance(tags, list | tuple):
            return value  # reported as a wrong type when the fields are validated
        tagged = (tag.partition("=")[2] for tag in tags if isinstance(tag, str) and tag.startswith("queue="))
        queue = value.get("queue") or next(tagged, None)
        return {**value, "queue": queue, "meta_data": tags, "paused": bool(value.get("paused"))}

    @property
    def resumes_at(self) -> datetime | None:
        """Time at which a paused agent resumes automatically; None if it doesn't."""
        if not self.paused or self.paused_at is None or self.paused_timeout_in_minutes is None:
            return None
        return self.paused_at + timedelta(minutes=self.paused_timeout_in_minutes)

    @property
    def activity(self) -> str:
        """The agent's activity in one word: paused, running, idle, or its connection state."""
        if self.connection_state != "connected":
            return self.connection_state
        if self.paused:
            return "paused"
        return "running" if self.job else "idle"


class Queue(Vendor):
    """A queue of a cluster. https://buildkite.com/docs/apis/rest-api/clusters/queues"""

    id: str
    key: str
    description: str | None = None
    web_url: str = ""
    dispatch_paused: bool = False
    dispatch_paused_by: AnyPerson = None
    dispatch_paused_at: Moment | None = None
    dispatch_paused_note: str | None = None
    hosted_agents: dict[str, object] | None = None

    @property
    def shape(self) -> str:
        """Machine type of a Buildkite hosted queue, such as `LINUX_AMD64_2X4`; empty for self-hosted queues."""
        shape = (self.hosted_agents or {}).get("instance_shape")
        return str(shape.get("name") or "") if isinstance(shape, dict) else ""


class AccessToken(Vendor):
    """An API access token, without its value. https://buildkite.com/docs/apis/rest-api/access-token"""

    uuid: str
    scopes: tuple[str, ...] = ()
    description: str | None = None
    user: Person | None = None
    created_at: Moment | None = None
    expires_at: Moment | None = None


class NotificationService(Vendor):
    """A notification service such as an outgoing webhook.

    Buildkite returns the webhook's token in full, so `settings` must never be displayed or logged.
    """

    id: str
    enabled: bool = True
    description: str | None = None
    provider: dict[str, object] = Field(default_factory=dict)
    settings: dict[str, object] = Field(default_factory=dict, repr=False)

    @property
    def webhook_url(self) -> str:
        """The URL that a webhook sends to; empty for other services."""
        return str(self.settings.get("url") or "") if self.provider.get("id") == "webhook" else ""


class Organization(Vendor):
    """An organization. https://buildkite.com/docs/apis/rest-api/organizations"""

    id: str
    slug: str
    name: str = ""
    web_url: str = ""
    created_at: Moment | None = None


class Member(Person):
    """A member of the organization. https://buildkite.com/docs/apis/rest-api/organizations/members"""

    role: str = "member"


class Meta(Vendor):
    """Addresses and CIDR blocks that webhooks come from. https://buildkite.com/docs/apis/rest-api/meta"""

    webhook_ips: tuple[str, ...] = ()


class MaintainerActor(Vendor):
    """A user or team that maintains a cluster."""

    name: str | None = None


class Maintainer(Vendor):
    """A maintainer's entry in the list of a cluster."""

    actor: MaintainerActor = MaintainerActor()


class Maintainers(Vendor):
    """Users and teams that maintain a cluster."""

    users: tuple[Maintainer, ...] = ()
    teams: tuple[Maintainer, ...] = ()


class Cluster(Vendor):
    """A cluster; `emoji` is a name in colons, `color` a hex triplet.

    https://buildkite.com/docs/apis/rest-api/clusters#cluster-data-model
    """

    id: str
    name: str
    description: str | None = None
    emoji: str | None = None
    color: str | None = None
    web_url: str = ""
    default_queue_id: str | None = None
    maintainers: Maintainers = Maintainers()
    created_at: Moment | None = None
    created_by: AnyPerson = None


class PlacedQueue(NamedTuple):
    """A queue and the cluster it belongs to."""

    cluster: Cluster
    queue: Queue


@dataclass(frozen=True)
class NewBuild:
    """A build to create; sent exactly as requested, without defaults of ours.

    https://buildkite.com/docs/apis/rest-api/builds#create-a-build
    """

    branch: str
    commit: str = "HEAD"
    message: str | None = None
    author: Person | None = None
    env: dict[str, str] = field(default_factory=dict, repr=False)
    meta_data: dict[str, str] = field(default_factory=dict)
    ignore_branch_filters: bool = False

    def to_json(self) -> dict[str, object]:
        """Return the JSON of the request, without empty fields."""
        author = self.author.model_dump(include={"name", "email"}, exclude_none=True) if self.author else {}
        optional = {
            "message": self.message,
            "author": author,
            "env": self.env,
            "meta_data": self.meta_data,
            "ignore_pipeline_branch_filters": self.ignore_branch_filters,
        }
        given = {key: value for key, value in optional.items() if value}
        return {"commit": self.commit, "branch": self.branch, **given}
