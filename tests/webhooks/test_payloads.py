"""The envelope distinguishes a webhook from anything else."""

import json

import pytest

from webhooks.envelope import Malformed, read_envelope
from webhooks.event_kind import AgentIdentity, BuildIdentity, JobIdentity
from webhooks.events import EVENTS

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
    """A body that isn't a JSON object with a plain event name isn't a webhook."""
    with pytest.raises(Malformed):
        read_envelope(body)


@pytest.mark.parametrize("event", sorted(event for event, kind in EVENTS.items() if kind.subject))
def test_a_known_event_has_a_subject(event):
    """A known event whose object or identity is missing, null or of another type is malformed."""
    subject = EVENTS[event].subject
    assert subject is not None
    noun = subject.noun
    whole = {"build": BUILD, "job": {"id": "j"}, "agent": {"id": "a"}}[noun]
    assert read_envelope(json.dumps({"event": event, noun: whole}).encode()).identity is not None
    partial = [{name: value for name, value in whole.items() if name != left} for left in whole]
    typed = [{**whole, name: wrong} for name in whole for wrong in (None, [], True, "")]
    for broken in [None, [], "x", *partial, *typed]:
        with pytest.raises(Malformed):
            read_envelope(json.dumps({"event": event, noun: broken}).encode())
    with pytest.raises(Malformed):
        read_envelope(json.dumps({"event": event}).encode())


@pytest.mark.parametrize("number", [0, -1, 1.5, 2**31, "7", 10**30])
def test_a_build_number_is_a_small_whole_number(number):
    """A number that doesn't fit a database column or a URL is malformed."""
    with pytest.raises(Malformed):
        read_envelope(json.dumps({"event": "build.running", "build": {**BUILD, "number": number}}).encode())


def test_an_unknown_event_passes():
    """Unknown events are accepted, whatever they contain."""
    found = read_envelope(b'{"event": "build.teleported", "build": 3, "job": [], "agent": null}')
    assert (found.event, found.known, found.identity) == ("build.teleported", False, None)


def test_every_recorded_payload_is_recognised(payloads):
    """All recorded deliveries pass; events of other products are unknown."""
    unknown = {name for name, body in payloads.items() if not read_envelope(body).known}
    assert unknown == {"package.created.json", "test_engine.workflow.alarm.json"}


def test_identities_match_the_keys_of_rows(payloads):
    """A build is identified by number, state and url, a job by id and perhaps state, an agent by id."""
    found = read_envelope(payloads["captured.build.finished.blocked.json"]).identity
    where = "https://api.buildkite.com/v2/organizations/acme-inc/pipelines/infusion/builds/302"
    assert found == BuildIdentity(number=302, state="passed", url=where)
    job = read_envelope(payloads["job.finished.json"]).identity
    assert job == JobIdentity(id="0198d108-a532-4a62-9bd7-b2e744bf5c02", state="failed")
    waiter = b'{"event": "job.finished", "job": {"id": "w", "graphql_id": "d", "type": "waiter"}}'
    assert read_envelope(waiter).identity == JobIdentity(id="w")
    agent = read_envelope(payloads["agent.lost.json"]).identity
    assert agent == AgentIdentity(id="0b461f65-e7be-4c80-888a-ef11d81fd971")
