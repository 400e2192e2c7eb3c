# Everything a person or a CI job does here. Needs Python 3.11 or newer with pip; makes its own .venv.
PYTHON ?= python3
# As many tests at once as there are cores.
JOBS ?= auto
# Which benchmark, and how; all of them in turn.
B ?= all
VENV := .venv
PY := $(VENV)/bin/python
# A Python without ensurepip (Debian's, unless python3-venv is there) lends its own pip to the .venv.
PIP = $$($(PY) -m pip --version >/dev/null 2>&1 && echo $(PY) -m pip || echo $(PYTHON) -m pip --python $(PY))
INSTALL = $(PIP) install --quiet --disable-pip-version-check --require-hashes -r

COMPILE = $(VENV)/bin/uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes \
	--no-header --no-emit-index-url --no-emit-find-links

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help demo serve test check docs bench lock clean

help: ## Say what can be made
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-6s  %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: $(VENV)/.run ## Run Kitestring against a made-up Slack and Buildkite, in the browser (PORT=3000)
	@$(PY) -m bot demo

serve: $(VENV)/.run ## Run Kitestring with the settings of the environment and .env
	@$(PY) -m bot serve

test: $(VENV)/.test ## Run the tests; says at the end which were skipped (T="tests/core -k name" picks some, JOBS=1 one by one)
	@$(PY) -m pytest --numprocesses $(JOBS) --dist worksteal $(T)

check: $(VENV)/.check ## Lint, format, types, import contracts, documents in step with the code, vulnerable dependencies
	$(VENV)/bin/ruff check
	$(VENV)/bin/ruff format --check
	$(VENV)/bin/mypy
	$(VENV)/bin/lint-imports
	$(PY) -m bot docs --check
	$(PY) requirements/audit.py $(AUDIT_FLAGS)

docs: $(VENV)/.run ## Write the generated tables of README.md, and docs/coverage.md, anew
	@$(PY) -m bot docs

bench: $(VENV)/.test ## Measure everything beside its baseline, an hour in all (B="fold --rounds 3" picks one; B= lists them)
	@$(PY) -m bench $(B)

lock: $(VENV)/.lock ## Pin requirements/*.in anew, with hashes, into requirements/*.txt
	$(COMPILE) requirements/run.in --output-file requirements/run.txt
	$(COMPILE) requirements/test.in --constraint requirements/run.txt --output-file requirements/test.txt
	$(COMPILE) requirements/check.in --constraint requirements/test.txt --output-file requirements/check.txt
	$(COMPILE) requirements/peers.in --output-file requirements/peers.txt

clean: ## Remove what was built; leaves databases, keys and .env alone
	rm -rf $(VENV) build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "Kitestring needs Python 3.11 or newer; name one with: make PYTHON=/path/to/python3.11" >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV) >/dev/null 2>&1 || $(PYTHON) -m venv --clear --without-pip $(VENV)

$(VENV)/.run: requirements/run.txt | $(VENV)/bin/python
	@echo "Installing what Kitestring runs on (once) …"
	@$(INSTALL) $< && touch $@

$(VENV)/.test: requirements/test.txt | $(VENV)/bin/python
	@echo "Installing what the tests need (once) …"
	@$(INSTALL) $< && touch $@ $(VENV)/.run

$(VENV)/.check: requirements/check.txt | $(VENV)/bin/python
	@echo "Installing what the checks need (once) …"
	@$(INSTALL) $< && touch $@ $(VENV)/.test $(VENV)/.run

$(VENV)/.lock: | $(VENV)/bin/python
	@$(PIP) install --quiet --disable-pip-version-check uv && touch $@
