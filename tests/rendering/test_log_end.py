"""The last lines of a log, as a card shows them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from inline_snapshot import snapshot

from bot.builds.failures.model import LOG_LINES, LOG_SHOWN, extract_log_end

AGENT = """\
~~~ Running commands
\x1b_bk;t=1700000000000\x07$ bin/test
\x1b[32m✓\x1b[0m adds up a basket

\x1b[31m✕ ships to islands\x1b[0m
    expected 12.50, received 9.90
^^^ +++
\x1b_bk;t=1700000000001\x07\x1b[31m🚨 Error: The command exited with status 1\x1b[0m
~~~ Running global pre-exit hook
$ /etc/buildkite-agent/hooks/pre-exit
"""


def test_the_last_lines_of_the_command() -> None:
    """Colours, times, empty lines and the agent's own lines are removed."""
    assert extract_log_end(AGENT, whole=True) == snapshot(
        """\
▸ Running commands
$ bin/test
✓ adds up a basket
✕ ships to islands
    expected 12.50, received 9.90\
"""
    )


@pytest.mark.parametrize(
    ("raw", "whole", "shown"),
    [
        ("", True, ""),
        ("half a line of a log", False, ""),
        ("half a line\nBoom", False, "Boom"),
        ("\n".join(map(str, range(20))), True, "12\n13\n14\n15\n16\n17\n18\n19"),
        ("x" * 5000, True, "x" * 599 + "…"),
        ("y" * 500 + "\n" + "z" * 200, True, "z" * 200),
        ("export API_TOKEN=s3cr3t-value\nBoom", True, "export API_TOKEN=•••\nBoom"),
        ("pushed with bkua_0123456789abcdef0123456789", True, "pushed with •••"),
    ],
)
def test_bounds_and_secrets(raw: str, whole: bool, shown: str) -> None:
    """At most eight lines and 600 characters, whole lines if possible; a cut first line is dropped."""
    assert extract_log_end(raw, whole=whole) == shown


@given(st.text(max_size=3000), st.booleans())
def test_any_log_keeps_within_bounds(raw: str, whole: bool) -> None:
    """The bounds hold for any log."""
    end = extract_log_end(raw, whole=whole)
    assert len(end) <= LOG_SHOWN
    assert end.count("\n") < LOG_LINES
