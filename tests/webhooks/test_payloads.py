"""A look at the envelope tells a webhook from something else."""

import json

import pytest

from webhooks.envelope import ABOUT, AgentIdentity, BuildIdentity, JobIdentity, Malformed, envelope

BUILD = {
    "number": 7,
    "state": "passed",
    "url": "https://api.buildkite.com/v2/organizations/a/pipelines/b/builds/7",
}


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[]",
        b'"build.finished"',
        b"{}",
        b'{"event": null}',
        b'{"event": 3}',
        b'{"event": ""}',
        b'{"event": "a b"}',
        b'{"event": "\\u0000"}',
        b'{"event": "' + b"x" * 101 + b'"}',
        b'{"event": "ping"} {}',
        b'{"event": "ping", "a": "\xff"}',
        b'{"event": "ping", "a": NaN}',
        b'{"event": "ping", "a": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        b'\xef\xbb\xbf{"event": "ping"}',
    ],
)
def test_what_is_not_an_object_with_an_event_is_malformed(body):
    """Bytes that are no JSON object, or whose event is no plain name, are not a webhook."""
    with pytest.raises(Malformed):
        envelope(body)


@pytest.mark.parametrize("event", sorted(event for event, noun in ABOUT.items() if noun))
def test_a_known_event_says_what_it_is_about(event):
    """Without the object, or with its identity missing, null or of another type, a known event is malformed."""
    noun = ABOUT[event]
    whole = {"build": BUILD, "job": {"id": "j", "state": "running"}, "agent": {"id": "a"}}[noun]
    assert envelope(json.dumps({"event": event, noun: whole}).encode()).identity is not None
    partial = [{name: value for name, value in whole.items() if name != left} for left in whole]
    typed = [{**whole, name: wrong} for name in whole for wrong in (None, [], True, "")]
    for broken in [None, [], "x", *partial, *typed]:
        with pytest.raises(Malformed):
            envelope(json.dumps({"event": event, noun: broken}).encode())
    with pytest.raises(Malformed):
        envelope(json.dumps({"event": event}).encode())


@pytest.mark.parametrize("number", [0, -1, 1.5, 2**31, "7", 10**30])
def test_a_build_number_is_a_small_whole_number(number):
    """What no database column or address can hold is malformed."""
    with pytest.raises(Malformed):
        envelope(json.dumps({"event": "build.running", "build": {**BUILD, "number": number}}).encode())


def test_an_event_that_nobody_told_us_of_passes():
    """Tomorrow's events are let in whatever stands in them."""
    found = envelope(b'{"event": "build.teleported", "build": 3, "job": [], "agent": null}')
    assert (found.event, found.known, found.identity) == ("build.teleported", False, None)


def test_every_recorded_payload_is_recognised(payloads):
    """All recorded deliveries pass; those of other products are unknown."""
    unknown = {name for name, body in payloads.items() if not envelope(body).known}
    assert unknown == {"package.created.json", "test_engine.workflow.alarm.json"}


def test_identities_are_the_ones_that_rows_are_found_by(payloads):
    """A build is known by number, state and url, a job by id and state, an agent by id."""
    found = envelope(payloads["captured.build.finished.blocked.json"]).identity
    where = "https://api.buildkite.com/v2/organizations/acme-inc/pipelines/infusion/builds/302"
    assert found == BuildIdentity(number=302, state="passed", url=where)
    job = envelope(payloads["job.finished.json"]).identity
    assert job == JobIdentity(id="0198d108-a532-4a62-9bd7-b2e744bf5c02", state="failed")
    agent = envelope(payloads["agent.lost.json"]).identity
    assert agent == AgentIdentity(id="0b461f65-e7be-4c80-888a-ef11d81fd971")
