"""The one order of a build's buttons, wherever they are: on cards, in replies, views, previews and App Home."""

from __future__ import annotations

# Ways to act on what is happening come first, then ways to repeat it, then ways to read about it.
_ORDER = (
    "job unblock",
    "build cancel",
    "job cancel",
    "build retry",
    "job retry",
    "build rebuild",
    "job log",
    "build artifacts",
    "build annotations",
    "build watch",
    "mute build",
    "open",
)


def rank_button(operation: str) -> int:
    """Return the place of the button of an operation; unknown ones come last."""
    return _ORDER.index(operation) if operation in _ORDER else len(_ORDER)
