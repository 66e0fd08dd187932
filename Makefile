# Everything a clone needs. `make` alone lists it.
# A Python other than python3: make setup PYTHON=python3.12. More for pytest: make test ARGS="-k links".

PYTHON ?= python3
ARGS ?=
BIN := .venv/bin
INSTALLED := .venv/installed

.PHONY: help setup demo test bench ui lint lint-sql lock clean

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' Makefile | expand -t 18

setup: $(INSTALLED) ## install into .venv what requirements.lock says, once

# --no-deps: the lock is complete, and older pips stumble over extras beside hashes.
$(INSTALLED): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "Sendhouse needs Python 3.11 or newer as '$(PYTHON)'. If it is installed under another" \
	    "name: make setup PYTHON=python3.11" >&2; exit 1; }
	@echo "Installing into .venv; a minute or two, this once"
	@$(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --no-deps --require-hashes -r requirements.lock
	@$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation -e .
	@$(BIN)/python -m pip check
	@touch $@

demo: setup ## a whole company in a box: data, simulated days, funnel, report
	@$(BIN)/sendhouse demo

# Two processes share the files of tests in the order of the folders: the quick ones come last, so that
# both processes end together. The last line printed is pytest's own.
test: setup ## run the tests; installs postfix, chromium, postgresql and node first where it may
	@scripts/test-deps.sh
	@$(BIN)/pytest -n 2 --dist loadfile --no-loadscope-reorder --durations=10 $(ARGS)

bench: setup ## measure what the README claims
	@$(BIN)/python -m benchmarks

ui: setup ## Dagster's UI and daemon
	@$(BIN)/sendhouse ui

lint: setup ## style and types of the Python code, then lint-sql
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check
	@$(BIN)/pyright
	@$(MAKE) --no-print-directory lint-sql

# Two minutes: dbt compiles every model in a home of its own. sqlfluff does not look into macros, which
# dbt renders inside models. So the macro files are checked as Jinja, and the SQL that the models
# compile to is checked as SQL.
lint-sql: setup ## style of the SQL, in models and in macros
	@home=$$(mktemp -d) && trap 'rm -rf "$$home"' EXIT && export SENDHOUSE_HOME=$$home SENDHOUSE_EXAMPLE=b2b && \
	  $(BIN)/dbt --quiet compile --target-path $$home --log-path $$home && \
	  $(BIN)/sqlfluff lint --disable-progress-bar models && \
	  $(BIN)/sqlfluff lint --disable-progress-bar --templater jinja \
	    --rules jinja,LT01,LT05,LT12,LT13 dbt/macros && \
	  $(BIN)/sqlfluff lint --disable-progress-bar --ignore-local-config \
	    --config .sqlfluff-compiled $$home/compiled

# For maintainers; uv is needed for nothing else. Versions stay as they are unless ARGS=--upgrade.
# The file names no package index, so that any mirror will do.
lock: ## remake requirements.lock from pyproject.toml
	@$(PYTHON) -m venv .venv
	@test -x $(BIN)/uv || $(BIN)/python -m pip install --quiet uv
	@$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	  --no-emit-index-url --custom-compile-command "make lock" $(ARGS) \
	  pyproject.toml --group dev -o requirements.lock

clean: ## remove caches and build leftovers; var/ (your data) and .venv stay
	@rm -rf target logs dbt_packages .pytest_cache .ruff_cache *.egg-info
	@find . -name __pycache__ -not -path './.venv/*' -prune -exec rm -rf {} +
