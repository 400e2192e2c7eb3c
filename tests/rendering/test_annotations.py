"""Annotations as plain text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from inline_snapshot import snapshot

from bot.builds.failures.annotation_text import SHOWN, extract_text

JUNIT = """\
<p><strong>2 of 214 tests failed</strong> in <code>web</code></p>
<ul><li>checkout &rsaquo; ships to islands</li><li>checkout &rsaquo; rounds   prices</li></ul>
<table><tr><th>Suite</th><th>Failed</th></tr><tr><td>shipping</td><td>2</td></tr></table>
<details><summary>Trace</summary><pre>expected 12.50
received 9.90</pre></details>
"""


def test_blocks_and_rows_become_lines() -> None:
    """Lines that a reader sees stay lines; markup is removed."""
    assert extract_text(JUNIT) == snapshot(
        """\
2 of 214 tests failed in web
checkout › ships to islands
checkout › rounds prices
Suite Failed
shipping 2
Trace
expected 12.50
received 9.90\
"""
    )


@pytest.mark.parametrize(
    ("html", "seen"),
    [
        ("<script>alert('x')</script>Boom", "Boom"),
        ("<style>p{}</style><p>Boom</p>", "Boom"),
        ('<img src=x onerror="alert(1)">Boom', "Boom"),
        ('<a href="javascript:alert(1)">Boom</a>', "Boom"),
        ("<svg><title>hidden</title></svg>Boom", "Boom"),
        ("<p>Boom <b", "Boom"),
        ("&lt;!channel&gt; Boom", "<!channel> Boom"),
        ("<!-- <p>hidden</p> -->Boom", "Boom"),
        ("<script>never ends", ""),
        ("TOKEN=hunter2secret Boom", "TOKEN=••• Boom"),
        ("ghp_<b>0123456789abcdef0123456789abcdef</b>", "•••"),
    ],
)
def test_only_text_is_left(html: str, seen: str) -> None:
    """No script, attribute or link target is left; a token is masked even if markup splits it."""
    assert extract_text(html) == seen


@given(st.text(alphabet=st.sampled_from("<>/&;#!-abps'\" =x\n"), max_size=200))
def test_any_html_is_read_within_bounds(html: str) -> None:
    """Any HTML is read to its end, and the result keeps within the limits."""
    assert len(extract_text(html)) <= SHOWN
    assert len(extract_text("<p>more" * 1_000 + html)) <= SHOWN
