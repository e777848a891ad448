# Two commands do everything: `make demo` and `make test`. `make` alone lists the rest.
SHELL := /bin/bash
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
OURS := -e shared -e services/registry -e services/activities -e services/reporting -e deploy/operator
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
MEMBERS := shared services/registry services/activities services/reporting deploy/operator
COMPILE = $(BIN)/uv pip compile --universal --python-version 3.11 --generate-hashes --no-header \
	--no-emit-package simpul-shared --quiet
ARGS ?=
SUITE ?= all

.DEFAULT_GOAL := help

help: ## List the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 16

demo: $(VENV)/.run ## Start everything, load the sample, show the figures and the dashboard's address
	@$(BIN)/simpul demo --up $(ARGS)

up: $(VENV)/.run ## Start the embedded stack and stay
	@$(BIN)/simpul up $(ARGS)

test: $(VENV)/.dev ## Run the tests
	@$(BIN)/python -m pytest -n auto --no-loadscope-reorder $(ARGS)

check: $(VENV)/.dev lint docs-check contracts-check test ## Everything CI checks

lint: $(VENV)/.dev ## Style, types and import directions
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

format: $(VENV)/.dev ## Rewrite the code in the one style
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

docs: $(VENV)/.dev ## Write the generated reference pages
	@$(BIN)/python -m tests.support.reference write

docs-check: $(VENV)/.dev ## Refuse generated reference pages that are out of step
	@$(BIN)/python -m tests.support.reference check

contracts-check: $(VENV)/.dev ## Refuse a change of events that released readers or the ledgers could not bear
	@$(BIN)/python -m tests.contract.released check

contracts-release: $(VENV)/.dev ## Add new event versions, and new optional fields, to the record of what is released
	@$(BIN)/python -m tests.contract.released release

bench: $(VENV)/.bench ## Run the benchmarks (SUITE=relay for one, QUICK=1 to see that they run)
	@$(BIN)/python -m tests.benchmark $(SUITE) $(ARGS)

fault: $(VENV)/.dev ## Strike the whole platform with faults (FAULTS=200 SEEDS=10000 MUTANTS=3)
	@$(BIN)/python -m pytest -q tests/fault/brokers.py
	@$(BIN)/python -m tests.fault

lock: $(VENV)/.dev ## Resolve the dependencies anew into the lock files, keeping the pins there
	$(COMPILE) shared/pyproject.toml services/*/pyproject.toml deploy/operator/pyproject.toml --extra embedded \
		requirements-build.in -o requirements-run.lock
	$(COMPILE) -c requirements-run.lock shared/pyproject.toml services/*/pyproject.toml deploy/operator/pyproject.toml \
		--extra embedded requirements-build.in requirements-dev.in -o requirements.lock
	$(COMPILE) -c requirements.lock requirements-bench.in -o requirements-bench.lock
	for member in services/registry services/activities services/reporting deploy/operator; do \
		$(COMPILE) -c requirements-run.lock shared/pyproject.toml $$member/pyproject.toml requirements-build.in -o $$member/requirements.lock; \
	done

clean: ## Delete the virtual environment and the caches, not the data in .simpul
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' \
		|| { echo 'Python 3.11 to 3.13 is needed; name one with: make PYTHON=python3.12 ...' >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV) \
		|| { rm -rf $(VENV); echo 'The module venv is missing. On Debian: apt install python3-venv' >&2; exit 1; }

# Two steps: a lock with hashes refuses editable installs. The stamps make a warm start free.
$(VENV)/.run: $(BIN)/python requirements-run.lock $(MEMBERS:%=%/pyproject.toml)
	@echo 'Installing the dependencies of the run (once) ...' >&2
	@$(PIP) install --require-hashes -r requirements-run.lock
	@PATH="$(CURDIR)/$(BIN):$$PATH" $(PIP) install --no-deps --no-build-isolation $(OURS)  # the build backend looks for its program on PATH
	@touch $@

$(VENV)/.dev: $(VENV)/.run requirements.lock
	@echo 'Installing the development tools (once) ...' >&2
	@$(PIP) install --require-hashes -r requirements.lock
	@touch $@

# What only the benchmarks need: their peers and the plotting of curves.
$(VENV)/.bench: $(VENV)/.dev requirements-bench.lock
	@echo 'Installing the peers of the benchmarks (once) ...' >&2
	@$(PIP) install --require-hashes -r requirements-bench.lock
	@touch $@

.PHONY: help demo up test check lint format docs docs-check contracts-check contracts-release bench fault lock clean
