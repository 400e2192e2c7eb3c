"""Bodies of webhooks as they are kept: packed as an LZ4 frame, which says of itself that it is one."""

from __future__ import annotations

from lz4.frame import compress, decompress

# https://github.com/lz4/lz4/blob/dev/doc/lz4_Frame_format.md#general-structure-of-lz4-frame-format
_MAGIC = b"\x04\x22\x4d\x18"
# A smaller body is kept as it came: a frame around it would save nothing.
_SMALL = 256


def packed(body: bytes) -> bytes:
    """Fewer bytes for the disk than came, which takes a fraction of the time of writing them."""
    return body if len(body) < _SMALL else compress(body)


def unpacked(kept: bytes) -> bytes:
    """The body as it came, also where it was not packed: no JSON begins with these bytes.

    A damaged frame is left as it is: whoever reads it says that it is no JSON.
    """
    if not kept.startswith(_MAGIC):
        return kept
    try:
        return bytes(decompress(kept))
    except RuntimeError:
        return kept
