"""The image is built as orchestrators and linters expect."""

from __future__ import annotations

import re
from itertools import pairwise
from pathlib import Path

TEXT = (Path(__file__).parents[2] / "Dockerfile").read_text(encoding="utf-8").replace("\\\n", " ")
INSTRUCTIONS = re.findall(r"^([A-Z]+) (.*)", TEXT, re.MULTILINE)


def test_the_user_is_a_number() -> None:
    """Kubernetes' `runAsNonRoot` can't check a user by name."""
    (user,) = [value for name, value in INSTRUCTIONS if name == "USER"]
    assert int(user) > 0
    assert any(f"--uid {user} " in value for name, value in INSTRUCTIONS if name == "RUN")


def test_layers_are_not_split() -> None:
    """No RUN follows another directly: each is a layer."""
    names = [name for name, _ in INSTRUCTIONS]
    assert ("RUN", "RUN") not in set(pairwise(names))
