"""Checks that the linters lack, of names, imports and private parts: `python -m checks`, part of `make check`."""
