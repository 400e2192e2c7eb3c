"""Shortens startup: imports in the background, and keeps the garbage collector out of the way."""

from __future__ import annotations

import asyncio
import gc
import importlib
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

# Loads the certificate authorities on import, 0.1 s of OpenSSL work without the interpreter lock: a thread helps.
_IMPORT_IN_BACKGROUND = "aiohttp.connector"
# Collector thresholds: allocations before the youngest generation is collected (Python's default: 700), then the
# ratios for the older two. Almost nothing here is in reference cycles, so that frequent collections find nothing.
_GC_THRESHOLDS = (20_000, 10, 20)


def speed_up_startup() -> None:
    """Import slow modules in the background, and turn the collector off: during startup nothing is garbage yet."""
    gc.disable()
    # Pydantic would otherwise read the metadata of every installed package in search of plugins.
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
    executor = ThreadPoolExecutor(1, "imports")
    executor.submit(importlib.import_module, _IMPORT_IN_BACKGROUND)
    executor.shutdown(wait=False)


def tune_collector(_address: str = "") -> None:
    """Collect garbage less often, and never what startup created, since it lives as long as the process."""
    gc.freeze()
    gc.set_threshold(*_GC_THRESHOLDS)
    gc.enable()


def find_loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """Return uvloop's factory if it is installed; it isn't on Windows, where None selects asyncio's own loop."""
    try:
        import uvloop
    except ImportError:
        return None
    factory: Callable[[], asyncio.AbstractEventLoop] = uvloop.new_event_loop
    return factory
