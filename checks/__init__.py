"""Checks of names and imports that the linters don't know: `python -m checks`, part of `make check`."""
