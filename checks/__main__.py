"""Runs every check and prints the problems and the import graph's figures; status 1 means a problem."""

from __future__ import annotations

import sys
from pathlib import Path

from checks import imports, names, private_parts
from checks.source import parse_modules

ROOT = Path(__file__).parents[1]
PRODUCT = ("bot", "commands", "webhooks")
EVERYTHING = (*PRODUCT, "simulators", "bench", "tests", "checks")


def main() -> int:
    """Print one sentence for each problem; return the exit status."""
    product = parse_modules(ROOT, PRODUCT)
    problems = [
        *names.find_banned_names(parse_modules(ROOT, EVERYTHING)),
        *names.find_repeated_module_names(product),
        *names.find_repeated_types(product),
        *private_parts.find_private_uses(product),
    ]
    figures = imports.measure(PRODUCT, product)
    problems += imports.find_excesses(figures)
    print(imports.render_table(figures))
    for problem in problems:
        print(problem, file=sys.stderr)
    if problems:
        print(f"{len(problems)} problems. docs/style.md has the rules.", file=sys.stderr)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
