"""The webhook event read from each kind of delivery."""

import json
from datetime import UTC, datetime

import pytest
from inline_snapshot import snapshot

from bot.builds.webhook_event import Undecodable, WebhookEvent
from webhooks.events import EVENTS
from webhooks.fast_decoding import decode_fast
from webhooks.router import read_event


def summarize(facts: WebhookEvent) -> str:
    """Return the facts that cards, replies and answers need, in one line."""
    if not facts.known:
        return "says nothing"
    reply = []
    if facts.build:
        reply.append(f"{facts.build.ref} {facts.build.phase}")
    reply += [f"{job.type} {job.title!r} {job.state}" + " for good" * job.failed for job in facts.jobs]
    if facts.agent:
        reply.append(f"{facts.agent.name} {facts.agent.connection_state}")
    reply += [f"refused {facts.blocked_ip}"] * bool(facts.blocked_ip)
    return ", ".join(reply) or f"ping={facts.ping}"


def test_every_recorded_delivery_is_read(payloads):
    """Each recorded payload becomes its build, job or agent; a blocked build is blocked, not passed."""
    found = {
        name.removesuffix(".json"): summarize(read_event(json.loads(body)["event"], body))
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
    """Buildkite's eighteen kinds of event are all read, each from a recorded payload."""
    recorded = {json.loads(body)["event"] for body in payloads.values()}
    assert len(EVENTS) == 18
    assert set(EVENTS) <= recorded


def test_both_of_buildkites_time_formats_are_read(payloads):
    """`2018-07-01 20:14:39 UTC` and ISO 8601 are read as the same kind of time."""
    captured = read_event("build.finished", payloads["captured.build.finished.blocked.json"]).build
    assert captured.finished_at == datetime(2018, 7, 1, 20, 14, 39, tzinfo=UTC)
    iso = payloads["build.finished.json"].replace(b"2026-08-21 02:06:41 UTC", b"2026-08-21T02:06:41.5Z")
    assert read_event("build.finished", iso).build.finished_at == datetime(
        2026, 8, 21, 2, 6, 41, 500000, tzinfo=UTC
    )


def test_a_retry_names_the_job_that_it_repeats(payloads):
    """A retried job names the previous attempt and whether a person requested it."""
    by_hand = read_event("job.finished", payloads["job.finished.manual_retry.json"]).jobs[0].retry_source
    by_rule = read_event("job.finished", payloads["job.finished.automatic_retry.json"]).jobs[0].retry_source
    assert (by_hand.retry_type, by_rule.retry_type) == ("manual", "automatic")
    assert by_hand.job_id
    assert by_rule.job_id


def test_an_unblocked_step_names_the_person(payloads):
    """The person who unblocked a step is in the job, not in the sender."""
    job = read_event("job.activated", payloads["job.activated.json"]).jobs[0]
    assert job.unblocked_by.name == snapshot("Sam Kim")


def test_a_build_names_its_organization_and_pipeline(payloads):
    """The organization is only in the url; the pipeline beside a build is put inside."""
    facts = read_event("build.running", payloads["build.running.json"])
    assert (facts.build.ref.org, facts.build.ref.pipeline) == ("acme-inc", "deploy-prod")
    assert (facts.build.pipeline.slug, facts.build.pipeline.default_branch) == ("deploy-prod", "main")


def test_without_a_pipeline_object_the_url_names_it(payloads):
    """A minimal payload without a pipeline object still identifies the pipeline."""
    facts = read_event("build.scheduled", payloads["build.scheduled.minimal.json"])
    assert (facts.build.ref.pipeline, facts.build.pipeline) == ("greenpipe", None)


@pytest.mark.parametrize("noun", ["build", "job", "agent"])
def test_nulls_count_as_absent(payloads, noun):
    """Every optional field may be null; only the identity is required."""
    event, needed = {
        "build": ("build.finished", {"id", "number", "state", "url"}),
        "job": ("job.finished", {"id", "state"}),
        "agent": ("agent.lost", {"id", "name"}),
    }[noun]
    payload = json.loads(payloads[f"{event}.json"])
    payload[noun] = {name: value if name in needed else None for name, value in payload[noun].items()}
    assert summarize(read_event(event, json.dumps(payload).encode()))


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
    """The reason is one sentence that contains no value of the payload."""
    payload = json.loads(payloads["job.finished.json"])
    payload[noun] = {**payload[noun], **change} if isinstance(change, dict) else change
    with pytest.raises(Undecodable) as caught:
        read_event("job.finished", json.dumps(payload).encode())
    assert noun in str(caught.value)
    assert str(caught.value).count("\n") == 0
    assert "yesterday" not in str(caught.value)


@pytest.mark.parametrize("body", [b"", b"[]", b"\xff", b'{"build": "\\ud800"}', b"[" * 100_000])
def test_a_body_that_is_not_an_object_is_undecodable(body):
    """A body that isn't a payload is undecodable and doesn't crash the reader."""
    with pytest.raises(Undecodable):
        read_event("build.finished", body)


def test_an_event_without_a_route_is_unknown():
    """An unknown event isn't decoded at all."""
    assert read_event("build.teleported", b"\xff") == WebhookEvent("build.teleported", known=False)


def test_fast_decoding_equals_full_decoding(payloads):
    """A build or job is the same whether it is decoded fast or fully."""
    seen = 0
    for body in payloads.values():
        event = json.loads(body)["event"]
        at_once = decode_fast(body, {})
        if at_once and event.startswith(("build.", "job.")) and event in EVENTS:
            facts = EVENTS[event].read(event, json.loads(body))
            assert (facts.build, *facts.jobs) == tuple(item for item in at_once if item)
            seen += 1
    assert seen == 19


def test_an_identical_build_is_decoded_once(payloads):
    """Webhooks about jobs of a build share the build until it or its pipeline changes."""
    started, finished = payloads["job.started.json"], payloads["job.finished.json"]
    other = finished.replace(b"Bump version", b"Bump versions").replace(b'"default_branch": "main"', b'"x": 1')
    read = {}
    first, again = (read_event("job.started", body, read) for body in (started, finished))
    assert again.build is first.build
    assert again.jobs != first.jobs
    assert len(read) == 1
    changed = read_event("job.finished", other, read)
    assert changed == read_event("job.finished", other)
    assert changed.build != first.build
    assert len(read) == 2


def test_unusual_payloads_are_fully_decoded(payloads):
    """A payload that fast decoding can't read is decoded fully."""
    reply = json.loads(payloads["build.finished.json"])
    reply["build"] |= {"blocked": None, "meta_data": None}
    odd = json.dumps(reply | {"pipeline": "deploy-prod"}).encode()
    assert decode_fast(odd, {}) is None
    assert summarize(read_event("build.finished", odd)) == "deploy-prod#143 failed"
