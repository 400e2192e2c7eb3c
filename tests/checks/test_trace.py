"""The ways through the code stay as short as docs/design.md says."""

from __future__ import annotations

import re

from tests.trace import ROOT, Trace, run, trace_command, trace_webhook

_ROW = re.compile(r"^\| (`build create`|a webhook) \| (\d+) \| (\d+) \| (\d+) \|$", re.MULTILINE)


def _count(trace: Trace) -> tuple[int, int, int]:
    return len(trace.hops), len(trace.files), trace.returns


async def test_the_design_states_how_long_the_ways_are() -> None:
    """The figures in the design document are those of the traces, and within their limits."""
    command, webhook = _count(await run(trace_command)), _count(await run(trace_webhook))
    rows = _ROW.findall((ROOT / "docs/design.md").read_text("utf-8"))
    stated = {way: tuple(map(int, figures)) for way, *figures in rows}
    assert stated == {"`build create`": command, "a webhook": webhook}
    for found, limits in ((command, (20, 15, 10)), (webhook, (15, 15, 10))):
        assert all(figure <= limit for figure, limit in zip(found, limits, strict=True))
