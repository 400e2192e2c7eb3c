# Needs Python 3.11 or newer with pip; every target sets up the .venv it needs.
PYTHON ?= python3
# Tests run in parallel, one process a core.
JOBS ?= auto
# The benchmark to run, with its arguments.
B ?= all
VENV := .venv
PY := $(VENV)/bin/python
# Debian's Python lacks ensurepip unless python3-venv is installed. Its own pip can install into the .venv instead.
PIP = $$($(PY) -m pip --version >/dev/null 2>&1 && echo $(PY) -m pip || echo $(PYTHON) -m pip --python $(PY))
INSTALL = $(PYTHON) requirements/install.py $< $(PIP)

COMPILE = $(VENV)/bin/uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes \
	--no-header --no-emit-index-url --no-emit-find-links

# Compiled modules are kept, because tests start many processes.
TEST = PYTHONDONTWRITEBYTECODE= $(PY) -m pytest --numprocesses $(JOBS) --dist worksteal

# The suite that tests the MCP endpoint, with the Node that it needs; both come from npm's registry.
CONFORMANCE := @modelcontextprotocol/conformance@0.2.0-alpha.12
NODE_VERSION := 22.23.5

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help install demo serve test test-all check docs bench lock shapes conformance clean

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-11s  %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

install: $(VENV)/.run ## Set up .venv with the dependencies; start nothing
	@echo "Kitestring is set up. Run it with $(PY) -m bot (see README.md)."

demo: $(VENV)/.run ## Run Kitestring in the browser, against a simulated Slack and Buildkite (PORT=3000)
	@$(PY) -m bot demo

serve: $(VENV)/.run ## Run Kitestring with the settings in the environment and .env
	@$(PY) -m bot serve

test: $(VENV)/.test ## Run the tests, enumerations by a sample (T="tests/operations -k name" selects, JOBS=1 runs one at a time)
	@$(TEST) $(T)

test-all: $(VENV)/.test ## Run the tests with everything they enumerate, as CI does: every crash point, long runs of random input
	@! command -v npm >/dev/null || $(MAKE) --no-print-directory .conformance/.ready || echo "Going on without it."
	@$(TEST) --all $(T)

check: $(VENV)/.check ## Check lint, format, types, imports, names, generated docs and dependencies with known vulnerabilities
	$(VENV)/bin/ruff check
	$(VENV)/bin/ruff format --check
	$(VENV)/bin/mypy
	$(VENV)/bin/lint-imports
	$(PY) -m checks
	$(PY) -m bot docs --check
	$(PY) requirements/audit.py $(AUDIT_FLAGS)

docs: $(VENV)/.run ## Generate the tables of commands, settings and metrics and docs/coverage.md from the code
	@$(PY) -m bot docs

bench: $(VENV)/.test ## Run all benchmarks against their baselines, about an hour (B="fold --rounds 3" runs one; B= lists them)
	@$(PY) -m bench $(B)

lock: $(VENV)/.lock ## Upgrade and pin the dependencies in requirements/*.in, with hashes
	$(COMPILE) requirements/run.in --output-file requirements/run.txt
	$(COMPILE) requirements/test.in --constraint requirements/run.txt --output-file requirements/test.txt
	$(COMPILE) requirements/check.in --constraint requirements/test.txt --output-file requirements/check.txt
	$(COMPILE) requirements/peers.in --output-file requirements/peers.txt

shapes: $(VENV)/.run ## Read the shapes of Slack's blocks and views again, from the newest release of @slack/types (needs npm)
	@folder=$$(mktemp -d) && (cd $$folder && npm pack --silent @slack/types >/dev/null && tar -xzf *.tgz) && \
		$(PY) -m simulators.slack.validation.read_types $$folder/package >$$folder/shapes.json && \
		mv $$folder/shapes.json simulators/slack/validation/shapes.json; status=$$?; rm -rf $$folder; exit $$status

conformance: .conformance/.ready ## Install the suite that tests the MCP endpoint, which `make test` then runs (needs npm)

clean: ## Remove .venv, caches and build output; keep databases, keys and .env
	rm -rf $(VENV) .conformance build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "Kitestring needs Python 3.11 or newer; name one with: make PYTHON=/path/to/python3.11" >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV) >/dev/null 2>&1 || $(PYTHON) -m venv --clear --without-pip $(VENV)

$(VENV)/.run: requirements/run.txt | $(VENV)/bin/python
	@echo "Installing Kitestring's dependencies (once, about a minute) …"
	@$(INSTALL) && touch $@

$(VENV)/.test: requirements/test.txt | $(VENV)/bin/python
	@echo "Installing the dependencies of the tests (once, about a minute) …"
	@$(INSTALL) && touch $@ $(VENV)/.run

$(VENV)/.check: requirements/check.txt | $(VENV)/bin/python
	@echo "Installing the dependencies of the checks (once, about a minute) …"
	@$(INSTALL) && touch $@ $(VENV)/.test $(VENV)/.run

.conformance/.ready:
	@echo "Installing the MCP conformance suite (once, about a minute) …"
	@npm install --silent --no-save --no-package-lock --no-audit --no-fund --fetch-retries=1 --fetch-timeout=60000 --prefix .conformance $(CONFORMANCE) \
		node-$$(node -p 'process.platform + "-" + process.arch')@$(NODE_VERSION) && touch $@

$(VENV)/.lock: | $(VENV)/bin/python
	@$(PIP) install --quiet --disable-pip-version-check uv && touch $@
