"""The simulated organization, behind a real HTTP interface."""

import time
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

from simulators.buildkite import agents, autoplay, builds, jobs
from simulators.buildkite.middleware import ApiApp
from simulators.buildkite.models import Agent, Build, Job, User
from simulators.buildkite.operations import OPERATIONS
from simulators.buildkite.rest import annotations_artifacts
from simulators.buildkite.scopes import ALL_SCOPES
from simulators.buildkite.server_state import AGENT_TOKEN, TOKEN, ServerState
from simulators.buildkite.snapshot import snapshot
from simulators.buildkite.tokens import Token
from simulators.buildkite.webhooks import Delivery, Mode, Network, Webhook


class BuildkiteSim(ServerState):
    """A Buildkite organization. `app` answers REST at /v2 and the Agent API at /v3.

    Acts raise `Refusal` where Buildkite would refuse. The server of `app` sets `base_url`.
    """

    def __init__(
        self,
        org: str = "acme-inc",
        token: str = TOKEN,
        agent_token: str = AGENT_TOKEN,
        now: Callable[[], float] = time.time,
        seed: int = 0,
    ) -> None:
        super().__init__(org, token, agent_token, now, seed)
        self.listeners += [self._fire, self.hooks.enqueue_event]
        self.app = ApiApp(self, OPERATIONS)

    @property
    def scopes(self) -> set[str]:
        """Return the scopes of the bot's own token."""
        return self.own.scopes

    @scopes.setter
    def scopes(self, scopes: set[str]) -> None:
        self.own.scopes = scopes

    @property
    def revoked(self) -> bool:
        """Tell whether the bot's own token was revoked."""
        return self.own.revoked

    @revoked.setter
    def revoked(self, revoked: bool) -> None:
        self.own.revoked = revoked

    def personal_token(
        self,
        name: str,
        secret: str,
        *,
        without: Collection[str] = (),
        pipelines: Collection[str] | None = None,
        member: bool = True,
    ) -> Token:
        """Add a token of another user, with every scope but `without`; see `Token` for the rest."""
        scopes = set(ALL_SCOPES) - set(without)
        made = Token(secret, self.new_id(), self.person(name), scopes, self.now(), pipelines, member)
        self.tokens[secret] = made
        return made

    def _fire(self, event: str, subject: Any) -> None:
        if event == "trigger.reached":
            jobs.fire_trigger(self, subject)

    # Events in the organization.

    def agent(self, name: str, *, queue: str = "default", tags: tuple[str, ...] = (), **more: Any) -> Agent:
        """Add an agent, connected unless `connection_state` says otherwise."""
        return agents.add(self, name, queue=queue, tags=tags, **more)

    def create_build(self, pipeline: str, branch: str = "main", **more: Any) -> Build:
        """Create a build as the token's user does over the API."""
        more.setdefault("creator", self.user)
        more.setdefault("author", dict(self.author(self.user)))
        return builds.create(self, self.find_pipeline(pipeline), branch=branch, **more)

    def create_build_elsewhere(
        self,
        pipeline: str,
        branch: str = "main",
        message: str | None = None,
        creator: str | User | None = None,
        source: str = "ui",
        **more: Any,
    ) -> Build:
        """Create a build as a person does on the web, or as a push does. `creator` is a user or a name."""
        user = self.person(creator) if isinstance(creator, str) else creator
        more.setdefault("author", dict(self.author(user)) if user else None)
        more |= {"message": message, "creator": user, "source": source}
        return builds.create(self, self.find_pipeline(pipeline), branch=branch, **more)

    def start_job(self, job: str, agent: Agent | str | None = None) -> None:
        """Start a job on `agent`, else on a free agent, else without one."""
        found = self.find_job(job)
        chosen = self.find_agent(agent) if isinstance(agent, str) else agent
        jobs.start(self, found, chosen or autoplay.find_free_agent(self, found))

    def finish_job(
        self, job: str, exit_status: int = 0, soft: bool = False, signal_reason: str | None = None
    ) -> None:
        jobs.finish(self, self.find_job(job), exit_status, soft=soft, signal_reason=signal_reason)

    def retry_job(self, job: str, by: User | None = None) -> Job:
        return jobs.retry(self, self.find_job(job), by or self.user)

    def unblock(self, job: str, fields: Mapping[str, Any] | None = None, by: User | None = None) -> None:
        jobs.unblock(self, self.find_job(job), by or self.user, fields)

    def cancel_build(self, build: Build, reason: str | None = None) -> None:
        builds.cancel(self, build, reason)

    def rebuild(self, build: Build, by: User | None = None) -> Build:
        return builds.rebuild(self, build, by or self.user)

    def cancel_job(self, job: str) -> None:
        jobs.cancel(self, self.find_job(job))

    def log(self, job: str, text: str) -> None:
        jobs.append_log(self, self.find_job(job), text)

    def advance(self, build: Build, fail: Collection[str] = ()) -> bool:
        """Take one step of the build; return False if it can't advance without a person."""
        return autoplay.advance(self, build, fail)

    def run_build(self, build: Build, fail: Collection[str] = ()) -> None:
        """Run the build to its end or to a block step; jobs in `fail` (by name or step key) fail."""
        autoplay.run(self, build, fail)

    def lose_agent(self, agent: str) -> None:
        agents.lose(self, self.find_agent(agent))

    def disconnect_agent(self, agent: str) -> None:
        agents.disconnect(self, self.find_agent(agent))

    def connect_agent(self, agent: str) -> None:
        agents.connect(self, self.find_agent(agent))

    def block_agent(self, agent: str) -> None:
        """Shut out an agent whose address left the token's allowed list."""
        agents.block(self, self.find_agent(agent))

    def agent_pause(
        self, agent: Agent, note: str | None = None, timeout: int | None = None, by: User | None = None
    ) -> None:
        agents.pause(self, agent, by or self.user, note, timeout)

    def agent_resume(self, agent: Agent) -> None:
        agents.resume(self, agent)

    def agent_stop(self, agent: Agent, force: bool = True) -> None:
        agents.stop(self, agent, force)

    def tick(self) -> None:
        """Apply what happens as time passes: paused agents resume."""
        autoplay.tick(self)

    def annotate(self, build: Build, body: str, **more: Any) -> dict[str, Any]:
        """Annotate a build; `more`: style, priority, context, append, markup."""
        return annotations_artifacts.annotate(self, build, body, **more)

    def artifact(self, job: str, path: str, content: bytes = b"") -> dict[str, Any]:
        """Upload a file of that job."""
        return annotations_artifacts.add_artifact(self, self.find_job(job), path, content)

    # Webhooks.

    def add_webhook(
        self, url: str, token: str, mode: Mode = "signature", events: Sequence[str] | None = None
    ) -> Webhook:
        return self.hooks.add(url, token, mode, events)

    async def deliver(self) -> list[tuple[str, int]]:
        """Send every due delivery; return event and HTTP status of each, 0 for no answer."""
        return await self.hooks.deliver()

    @property
    def outbox(self) -> list[Delivery]:
        return self.hooks.outbox

    @property
    def network(self) -> Network:
        return self.hooks.network

    @property
    def webhooks_off(self) -> bool:
        return self.hooks.off

    @webhooks_off.setter
    def webhooks_off(self, off: bool) -> None:
        self.hooks.off = off

    @property
    def time_style(self) -> str:
        return self.hooks.time_style

    @time_style.setter
    def time_style(self, style: str) -> None:
        self.hooks.time_style = style

    @property
    def render_at_dispatch(self) -> bool:
        return self.hooks.at_dispatch

    @render_at_dispatch.setter
    def render_at_dispatch(self, late: bool) -> None:
        self.hooks.at_dispatch = late

    def snapshot(self) -> dict[str, Any]:
        """Return the organization as plain JSON values, for a page."""
        return snapshot(self, self.hooks)
