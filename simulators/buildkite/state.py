"""The state of one simulated Buildkite organization, with lookups."""

import asyncio
import random
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from simulators.buildkite import steps
from simulators.buildkite.models import Agent, Build, Cluster, Job, Pipeline, Queue, User
from simulators.buildkite.steps import read_configuration, write_configuration
from simulators.buildkite.values import new_uuid, refuse_missing

Listener = Callable[[str, Any], None]
DEFAULT_STEPS: tuple[steps.StepSource, ...] = ({"label": "Test", "command": "make test", "key": "test"},)


class World:
    """An organization's state. `now` returns seconds since the epoch.

    `other_organizations` are slugs of empty organizations that the token also sees. `clustered`: a pipeline has to
    name its cluster, which only organizations older than clusters don't require.
    """

    def __init__(self, org: str, now: Callable[[], float] = time.time, seed: int = 0) -> None:
        self.org = org
        self.other_organizations: list[str] = []
        self.clustered = True
        self.now = now
        self.rng = random.Random(seed)
        self.base_url = "http://buildkite.test"
        self.users: list[User] = []
        self.pipelines: dict[str, Pipeline] = {}
        self.builds: list[Build] = []
        self.jobs: dict[str, Job] = {}
        self.agents: dict[str, Agent] = {}
        self.clusters: list[Cluster] = []
        self.unreachable: set[str] = set()
        self.documents: dict[str, list[dict[str, Any]]] = {}
        self.listeners: list[Listener] = []
        self._watchers: list[asyncio.Queue[dict[str, Any]]] = []
        self.id = self.new_id()
        self.created_at = now()
        self.user = self.person("Sam Kim", "sam@example.com", role="admin")
        self.cluster = self._first_cluster()

    def new_id(self) -> str:
        return new_uuid(self.rng)

    def _first_cluster(self) -> Cluster:
        cluster = Cluster(self.new_id(), "Open Source", "Where our builds run", self.now(), self.user)
        self.clusters.append(cluster)
        for key, description in (("default", "Linux, 4 cores"), ("deploy", "May reach production")):
            cluster.queues.append(Queue(self.new_id(), key, description, self.now()))
        return cluster

    def emit(self, event: str, subject: Any) -> None:
        """Notify every listener and watcher that `event` happened to `subject`."""
        for listener in self.listeners:
            listener(event, subject)
        notice = {"event": event, "id": getattr(subject, "id", None)}
        for watcher in self._watchers:
            if not watcher.full():
                watcher.put_nowait(notice)

    def subscribe(self) -> asyncio.Queue[dict[str, Any]]:
        """Return a queue that receives `{"event", "id"}` for each change; a full queue misses some."""
        watcher: asyncio.Queue[dict[str, Any]] = asyncio.Queue(maxsize=1000)
        self._watchers.append(watcher)
        return watcher

    def unsubscribe(self, watcher: asyncio.Queue[dict[str, Any]]) -> None:
        if watcher in self._watchers:
            self._watchers.remove(watcher)

    def person(self, name: str, email: str | None = None, role: str = "member") -> User:
        """Return the member of that name, created if new."""
        known = next((user for user in self.users if user.name == name), None)
        if known:
            return known
        address = email or f"{name.split()[0].lower()}@example.com"
        user = User(self.new_id(), name, address, self.now(), role)
        self.users.append(user)
        return user

    def pipeline(
        self,
        slug: str,
        *,
        name: str | None = None,
        repository: str | None = None,
        default_branch: str = "main",
        steps: Iterable[steps.StepSource] = DEFAULT_STEPS,
        configuration: str | None = None,
        description: str | None = None,
        **options: Any,
    ) -> Pipeline:
        """Create a pipeline. `steps` have the shape of Buildkite's YAML; `options` are keys of a create body."""
        text = configuration if configuration is not None else write_configuration(steps)
        made = Pipeline(
            id=self.new_id(),
            slug=slug,
            name=name or slug,
            repository=repository or f"git@github.com:{self.org}/{slug}.git",
            default_branch=default_branch,
            configuration=text,
            steps=read_configuration(text, self.new_id),
            created_at=self.now(),
            created_by=self.user,
            cluster_id=options.pop("cluster_id", self.cluster.id),
            description=description,
            options=options,
        )
        self.pipelines[slug] = made
        self.emit("pipeline.created", made)
        return made

    def find_user(self, ident: object) -> User | None:
        return next((user for user in self.users if user.id == ident), None)

    def find_pipeline(self, slug: str) -> Pipeline:
        if slug not in self.pipelines:
            raise refuse_missing("pipeline")
        return self.pipelines[slug]

    def archive(self, pipeline: str) -> Pipeline:
        """Archive the pipeline of that slug."""
        found = self.find_pipeline(pipeline)
        found.archived_at = self.now()
        return found

    def find_build(self, slug: str, number: int) -> Build:
        pipeline = self.find_pipeline(slug)
        for build in self.builds:
            if build.pipeline is pipeline and build.number == number:
                return build
        raise refuse_missing("build")

    def find_job(self, ident: str) -> Job:
        if ident not in self.jobs:
            raise refuse_missing("job")
        return self.jobs[ident]

    def find_agent(self, ident: str) -> Agent:
        """Find an agent by id or name. Raise Refusal 404."""
        for agent in self.agents.values():
            if ident in (agent.id, agent.name):
                return agent
        raise refuse_missing("agent")

    def find_queue(self, key: str) -> Queue | None:
        return next((q for cluster in self.clusters for q in cluster.queues if key in (q.key, q.id)), None)

    def documents_of(self, kind: str) -> list[dict[str, Any]]:
        """Return the documents of a kind without behavior: teams, templates, rules, emojis."""
        return self.documents.setdefault(kind, [])

    def author(self, user: User) -> Mapping[str, Any]:
        return {"username": None, "name": user.name, "email": user.email}
