"""`python -m bench NAME` runs a benchmark, `all` runs them in turn; without a name they are listed."""

from __future__ import annotations

import importlib
import pkgutil
import sys
from pathlib import Path


def list_benchmarks() -> list[str]:
    """Return the names of the benchmarks."""
    modules = pkgutil.iter_modules([str(Path(__file__).parent)])
    return sorted(module.name for module in modules if not module.ispkg and module.name != "__main__")


def main(arguments: list[str]) -> int:
    """Run the named benchmark; return 2 for an unknown name."""
    if not arguments:
        for name in list_benchmarks():
            summary = (importlib.import_module(f"bench.{name}").__doc__ or "").splitlines()[0]
            print(f"{name:16} {summary}")
        return 0
    if arguments[0] not in ("all", *list_benchmarks()):
        print(f"There is no benchmark {arguments[0]}: {', '.join(list_benchmarks())}, or all.", file=sys.stderr)
        return 2
    for name in list_benchmarks() if arguments[0] == "all" else arguments[:1]:
        print(f"## {name}\n", flush=True)
        importlib.import_module(f"bench.{name}").main(arguments[1:])
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
