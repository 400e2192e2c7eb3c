"""What each kind of delivery says, in our words."""

import json
from datetime import UTC, datetime

import pytest
from inline_snapshot import snapshot

from bot.builds.webhook_event import Undecodable, WebhookEvent
from webhooks.envelope import ABOUT
from webhooks.fast_decoding import read_at_once
from webhooks.router import ROUTES, observe


def essence(facts: WebhookEvent) -> str:
    """The facts that cards, notices and answers are made of, in one line."""
    if not facts.known:
        return "says nothing"
    said = []
    if facts.build:
        said.append(f"{facts.build.ref} {facts.build.phase}")
    said += [f"{job.type} {job.title!r} {job.state}" + " for good" * job.failed for job in facts.jobs]
    if facts.agent:
        said.append(f"{facts.agent.name} {facts.agent.connection_state}")
    said += [f"refused {facts.blocked_ip}"] * bool(facts.blocked_ip)
    return ", ".join(said) or f"ping={facts.ping}"


def test_every_recorded_delivery_says_what_happened(payloads):
    """Each recorded payload turns into its build, job or agent; a blocked build says blocked, not passed."""
    found = {
        name.removesuffix(".json"): essence(observe(json.loads(body)["event"], body))
        for name, body in payloads.items()
    }
    assert found == snapshot(
        {
            "agent.blocked": "my-agent connected, refused 202.188.43.20",
            "agent.connected": "my-agent connected",
            "agent.disconnected": "my-agent disconnected",
            "agent.lost": "my-agent lost",
            "agent.stopped": "my-agent stopped",
            "agent.stopping": "my-agent stopping",
            "build.failing": "deploy-prod#142 failing",
            "build.finished.blocked": "deploy-prod#144 blocked",
            "build.finished.canceled": "deploy-prod#147 canceled",
            "build.finished": "deploy-prod#143 failed",
            "build.finished.passed": "deploy-prod#151 passed",
            "build.finished.trigger_step": "deploy-prod#152 passed",
            "build.running": "deploy-prod#141 running",
            "build.scheduled": "deploy-prod#140 scheduled",
            "build.scheduled.minimal": "greenpipe#1 scheduled",
            "build.skipped": "deploy-prod#148 skipped",
            "captured.build.finished.blocked": "infusion#302 blocked",
            "cluster_token.registration_blocked": "refused 202.188.43.20",
            "job.activated": "deploy-prod#144 running, manual ':rocket: Deploy to production?' unblocked",
            "job.finished.automatic_retry": "deploy-prod#141 running, script ':hammer: Build' passed",
            "job.finished": "deploy-prod#141 running, script ':rspec: Test' failed for good",
            "job.finished.manual_retry": "deploy-prod#141 running, script ':hammer: Build' passed",
            "job.finished.trigger": "deploy-prod#141 running, trigger 'Deploy to production' passed",
            "job.promised_exit_status": "deploy-prod#142 failing, script ':rspec: Test' running",
            "job.scheduled": "deploy-prod#141 running, script ':rspec: Test' scheduled",
            "job.started": "deploy-prod#141 running, script ':rspec: Test' running",
            "package.created": "says nothing",
            "ping": "ping=True",
            "test_engine.workflow.alarm": "says nothing",
        }
    )


def test_every_kind_of_event_has_a_route_and_a_recording(payloads):
    """The eighteen kinds that Buildkite has are all understood, and each is tried with a recorded payload."""
    recorded = {json.loads(body)["event"] for body in payloads.values()}
    assert len(ABOUT) == 18
    assert set(ROUTES) == set(ABOUT)
    assert set(ABOUT) <= recorded


def test_both_of_buildkites_clocks_are_read(payloads):
    """`2018-07-01 20:14:39 UTC` and ISO 8601 are the same kind of moment."""
    captured = observe("build.finished", payloads["captured.build.finished.blocked.json"]).build
    assert captured.finished_at == datetime(2018, 7, 1, 20, 14, 39, tzinfo=UTC)
    iso = payloads["build.finished.json"].replace(b"2026-08-21 02:06:41 UTC", b"2026-08-21T02:06:41.5Z")
    assert observe("build.finished", iso).build.finished_at == datetime(2026, 8, 21, 2, 6, 41, 500000, tzinfo=UTC)


def test_a_retry_names_the_job_that_it_repeats(payloads):
    """A job that was retried says which attempt came before and whether a person asked."""
    by_hand = observe("job.finished", payloads["job.finished.manual_retry.json"]).jobs[0].retry_source
    by_rule = observe("job.finished", payloads["job.finished.automatic_retry.json"]).jobs[0].retry_source
    assert (by_hand.retry_type, by_rule.retry_type) == ("manual", "automatic")
    assert by_hand.job_id
    assert by_rule.job_id


def test_an_unblocked_gate_says_who_opened_it(payloads):
    """The person who unblocked a step stands in the job, not in the sender."""
    job = observe("job.activated", payloads["job.activated.json"]).jobs[0]
    assert job.unblocked_by.name == snapshot("Sam Kim")


def test_a_build_says_where_it_belongs(payloads):
    """The organization stands only in the url; the pipeline that comes beside a build is put inside."""
    facts = observe("build.running", payloads["build.running.json"])
    assert (facts.build.ref.org, facts.build.ref.pipeline) == ("acme-inc", "deploy-prod")
    assert (facts.build.pipeline.slug, facts.build.pipeline.default_branch) == ("deploy-prod", "main")


def test_the_pipeline_is_the_one_of_the_url_when_none_stands_beside(payloads):
    """A minimal payload without a pipeline object still says which pipeline it is."""
    facts = observe("build.scheduled", payloads["build.scheduled.minimal.json"])
    assert (facts.build.ref.pipeline, facts.build.pipeline) == ("greenpipe", None)


@pytest.mark.parametrize("noun", ["build", "job", "agent"])
def test_nulls_are_the_same_as_nothing(payloads, noun):
    """All that may be absent may be null: only the identity is needed."""
    event, needed = {
        "build": ("build.finished", {"id", "number", "state", "url"}),
        "job": ("job.finished", {"id", "state"}),
        "agent": ("agent.lost", {"id", "name"}),
    }[noun]
    payload = json.loads(payloads[f"{event}.json"])
    payload[noun] = {name: value if name in needed else None for name, value in payload[noun].items()}
    assert essence(observe(event, json.dumps(payload).encode()))


@pytest.mark.parametrize(
    ("noun", "change"),
    [
        ("build", None),
        ("build", []),
        ("build", {"id": None}),
        ("build", {"number": "many"}),
        ("build", {"number": 144_000}),
        ("build", {"finished_at": "yesterday"}),
        ("build", {"meta_data": []}),
        ("build", {"url": "https://api.buildkite.com/v2/organizations/acme-inc"}),
        ("build", {"url": "https://api.buildkite.com/v2/organizations/a/pipelines/../builds/141"}),
        ("job", None),
        ("job", {"exit_status": "bad"}),
        ("job", {"agent": "me"}),
    ],
)
def test_a_known_event_that_makes_no_sense_is_undecodable(payloads, noun, change):
    """The reason is one sentence, and holds nothing of the payload's values."""
    payload = json.loads(payloads["job.finished.json"])
    payload[noun] = {**payload[noun], **change} if isinstance(change, dict) else change
    with pytest.raises(Undecodable) as caught:
        observe("job.finished", json.dumps(payload).encode())
    assert noun in str(caught.value)
    assert str(caught.value).count("\n") == 0
    assert "yesterday" not in str(caught.value)


@pytest.mark.parametrize("body", [b"", b"[]", b"\xff", b'{"build": "\\ud800"}', b"[" * 100_000])
def test_a_body_that_is_no_object_is_undecodable(body):
    """Whatever a store gave back in place of a payload is set aside, not a crash."""
    with pytest.raises(Undecodable):
        observe("build.finished", body)


def test_an_event_without_a_route_says_nothing():
    """What nobody told us of is not even looked into."""
    assert observe("build.teleported", b"\xff") == WebhookEvent("build.teleported", known=False)


def test_the_short_way_says_the_same_as_the_long_one(payloads):
    """A webhook about a build or job that is read at once says what it says when it is taken apart."""
    seen = 0
    for body in payloads.values():
        event = json.loads(body)["event"]
        at_once = read_at_once(body, {})
        if at_once and ABOUT.get(event) in ("build", "job"):
            facts = ROUTES[event](event, json.loads(body))
            assert (facts.build, *facts.jobs) == tuple(item for item in at_once if item)
            seen += 1
    assert seen == 19


def test_a_build_that_is_repeated_word_by_word_is_read_once(payloads):
    """Webhooks about several jobs of a build share it, until a word of it, or of its pipeline's, is another."""
    started, finished = payloads["job.started.json"], payloads["job.finished.json"]
    other = finished.replace(b"Bump version", b"Bump versions").replace(b'"default_branch": "main"', b'"x": 1')
    read = {}
    first, again = (observe("job.started", body, read) for body in (started, finished))
    assert again.build is first.build
    assert again.jobs != first.jobs
    assert len(read) == 1
    changed = observe("job.finished", other, read)
    assert changed == observe("job.finished", other)
    assert changed.build != first.build
    assert len(read) == 2


def test_nulls_and_odd_pipelines_are_read_the_long_way(payloads):
    """What the short way cannot read is read all the same: a null stands for an absent field."""
    said = json.loads(payloads["build.finished.json"])
    said["build"] |= {"blocked": None, "meta_data": None}
    odd = json.dumps(said | {"pipeline": "deploy-prod"}).encode()
    assert read_at_once(odd, {}) is None
    assert essence(observe("build.finished", odd)) == "deploy-prod#143 failed"
