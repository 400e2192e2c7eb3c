"""Makes a start short: what it can do beside the rest, and what it need not do."""

from __future__ import annotations

import asyncio
import gc
import importlib
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

# Reads the certificate authorities while it is imported, which needs no interpreter lock: a tenth of a second.
_IMPORT_IN_BACKGROUND = "aiohttp.connector"
# Objects made between two looks at the young ones (Python: 700), and so on.
_GC_THRESHOLDS = (20_000, 10, 20)


def speed_up_startup() -> None:
    """Import what can be imported beside the rest; nothing is garbage yet, so that nobody looks for any."""
    gc.disable()
    # Pydantic would read the metadata of everything that is installed, for plugins of which there are none.
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
    executor = ThreadPoolExecutor(1, "imports")
    executor.submit(importlib.import_module, _IMPORT_IN_BACKGROUND)
    executor.shutdown(wait=False)


def tune_collector(_address: str = "") -> None:
    """What the start made stays until the end: the collector passes over it from now on.

    What is made later is looked over less often: next to none of it is in circles.
    """
    gc.freeze()
    gc.set_threshold(*_GC_THRESHOLDS)
    gc.enable()


def find_loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """The quick event loop where it is installed; for Windows there is none, and asyncio's own does."""
    try:
        import uvloop
    except ImportError:
        return None
    made: Callable[[], asyncio.AbstractEventLoop] = uvloop.new_event_loop
    return made
