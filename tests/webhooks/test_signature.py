"""Only Buildkite can make a signature that is accepted."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.errors import BadSignature
from webhooks.signature import verify, verify_token

SIGNED_AT = datetime.fromtimestamp(1787277600, UTC)
HEX = "30740d9bd3a3c60927a2ee3bcc5f7ee05b2e389c7c49dcf6f9fe2a0ee6932f3c"


def test_signatures_from_other_sources_are_accepted(vectors):
    """The vectors of Buildkite's Go client and its documentation verify, UTF-8 bodies included."""
    for each in vectors:
        at = datetime.fromtimestamp(int(each["timestamp"]), UTC)
        verify(each["body"].encode(), each["header"], each["secret"], at)


@pytest.mark.parametrize(
    "header",
    [
        f"signature={HEX},timestamp=1787277600",
        f" timestamp = 1787277600 , signature = {HEX} ",
        f"timestamp=1787277600,signature={HEX},later=addition",
    ],
)
def test_the_order_of_the_parts_is_free(vectors, header):
    """The signature is accepted with its parts swapped, with spaces, or with unknown parts."""
    verify(vectors[1]["body"].encode(), header, vectors[1]["secret"], SIGNED_AT)


@pytest.mark.parametrize(
    "header",
    [
        "",
        "timestamp=1787277600",
        f"signature={HEX}",
        f"timestamp=,signature={HEX}",
        f"timestamp=+1787277600,signature={HEX}",
        f"timestamp=1787277600.0,signature={HEX}",
        f"timestamp={'1' * 5000},signature={HEX}",
        f"timestamp=١٧٨٧٢٧٧٦٠٠,signature={HEX}",
        f"timestamp=1787277600,signature={HEX[:-1]}",
        f"timestamp=1787277600,signature={HEX}0",
        f"timestamp=1787277600,signature={HEX.upper()}",
        f"timestamp=1787277600,signature={HEX[:-1]}é",
        f"timestamp=1787277600,signature={'0' * 64}",
        f"timestamp=1787277601,signature={HEX}",
        f"timestamp=1787277600,signature={HEX},signature={HEX}",
        f"timestamp=1787277600,timestamp=1,signature={HEX}",
        f"timestamp:1787277600;signature:{HEX}",
    ],
)
def test_a_wrong_header_is_rejected(vectors, header):
    """One missing, repeated, malformed or wrong part is enough."""
    with pytest.raises(BadSignature):
        verify(vectors[1]["body"].encode(), header, vectors[1]["secret"], SIGNED_AT)


@pytest.mark.parametrize("seconds", [-300, -299, 0, 300])
def test_five_minutes_of_clock_skew_are_tolerated(vectors, seconds):
    """A signature is valid from 300 seconds before its time until 300 seconds after it."""
    each = vectors[1]
    verify(each["body"].encode(), each["header"], each["secret"], SIGNED_AT + timedelta(seconds=seconds))


@pytest.mark.parametrize("seconds", [-301, -300.5, 300.5, 301, 86400])
def test_a_recorded_delivery_cannot_be_replayed_later(vectors, seconds):
    """Beyond five minutes a true signature is rejected, from the past and from the future."""
    each = vectors[1]
    with pytest.raises(BadSignature):
        verify(each["body"].encode(), each["header"], each["secret"], SIGNED_AT + timedelta(seconds=seconds))


def test_another_secret_another_body_and_no_secret_are_rejected(vectors):
    """The signature depends on the secret and each byte; an empty secret proves nothing."""
    body, header, secret = vectors[1]["body"].encode(), vectors[1]["header"], vectors[1]["secret"]
    for changed, key in [(body, secret + "0"), (body + b" ", secret), (body[1:], secret), (body, "")]:
        with pytest.raises(BadSignature):
            verify(changed, header, key, SIGNED_AT)


@given(body=st.binary(), header=st.text() | st.from_regex(r"(timestamp=\d*,?|signature=[0-9a-f]{60,66},?)*"))
def test_any_header_without_the_secret_is_rejected(body, header):
    """No bytes from someone without the secret are accepted, and none raise another error."""
    with pytest.raises(BadSignature):
        verify(body, header, "secret", SIGNED_AT)


@given(header=st.text(), secret=st.text())
def test_only_the_secret_itself_is_accepted_as_token(header, secret):
    """In token mode exactly the secret's bytes are accepted."""
    sent = secret.encode().decode("latin-1")
    if secret:
        verify_token(sent, secret)
    if header != sent or not secret:
        with pytest.raises(BadSignature):
            verify_token(header, secret)
