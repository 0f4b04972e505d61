# Everything a person or a CI types. `make` alone lists it.

PYTHON  ?= python3
WORKERS ?= 2

VENV := .venv
BIN  := $(VENV)/bin
PEERS := .venv-peers
PIP  := $(BIN)/python -m pip --disable-pip-version-check --quiet

# --no-build-isolation: setuptools comes from the lock, so this step is offline.
INSTALL_SELF := $(PIP) install --no-deps --no-build-isolation --editable .
NEW_ENOUGH    = $(shell $(PYTHON) -c 'import sys; print(sys.version_info >= (3, 11))' 2>/dev/null)

UV_COMPILE := $(BIN)/uv pip compile --quiet --universal --generate-hashes \
	--no-emit-index-url --no-emit-find-links --custom-compile-command 'make lock' \
	--group build pyproject.toml

.DEFAULT_GOAL := help
.PHONY: help run test test-external quick lint format bench lock lock-check clean $(VENV)
.DELETE_ON_ERROR:

help:  ## List the commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-11s %s\n", $$1, $$2 }' Makefile

run: $(VENV)/.runtime  ## Start Palestra (PORT and PALESTRA_HOME are honoured)
	@exec $(BIN)/palestra up

test: lint  ## Every check: lint, types, import rules, tests, coverage
	$(BIN)/pytest -n $(WORKERS) --dist loadgroup --cov --cov-branch --cov-report=term

# What speaks SQL, against the server that TEST_DATABASE_URL names (a superuser).
test-external: $(VENV)/.dev  ## The tests of data, on the server TEST_DATABASE_URL names
	@test -n "$$TEST_DATABASE_URL" || { echo 'Set TEST_DATABASE_URL to a superuser of a PostgreSQL 15 or newer.' >&2; exit 1; }
	$(BIN)/pytest -q -n $(WORKERS) --dist loadgroup tests/architecture tests/tenants tests/plugins \
		$(addprefix tests/core/,audit db jobs operations privacy) \
		tests/core/http/test_idempotency.py

quick: $(VENV)/.dev  ## Lint and the tests that are not slow; stop at the first failure
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/pytest -x -q -m 'not slow' -n $(WORKERS) --dist loadgroup

lint: $(VENV)/.dev  ## Style, types and import rules
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(VENV)/.dev  ## Fix what can be fixed by machine
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

# TRIALS='requests --works list,book --home /var/tmp/bench' runs one, with its options.
bench: $(VENV)/.dev $(PEERS)/.done  ## Run the benchmarks
	@test -f benchmarks/__main__.py || { echo 'This checkout has no benchmarks/.' >&2; exit 1; }
	@exec $(BIN)/python -m benchmarks $(TRIALS)

lock: $(VENV)/.dev  ## Rewrite requirements/ from pyproject.toml (UPGRADE=1 takes the newest)
	$(UV_COMPILE) $(if $(UPGRADE),--upgrade) --output-file requirements/runtime.txt
	$(UV_COMPILE) $(if $(UPGRADE),--upgrade) --extra dev \
		--constraints requirements/runtime.txt --output-file requirements/dev.txt

# uv keeps the versions it finds in the output file, so an unchanged pyproject.toml
# yields the same bytes however old the lock is.
lock-check: $(VENV)/.dev  ## Fail unless requirements/ is what pyproject.toml asks for
	@set -e; copy=$$(mktemp -d); trap 'rm -rf "$$copy"' EXIT; \
	cp requirements/*.txt "$$copy"; \
	$(UV_COMPILE) --output-file "$$copy/runtime.txt"; \
	$(UV_COMPILE) --extra dev --constraints "$$copy/runtime.txt" --output-file "$$copy/dev.txt"; \
	for lock in runtime dev; do \
		sed "s|$$copy|requirements|g" "$$copy/$$lock.txt" | diff -u requirements/$$lock.txt - \
		|| { echo "requirements/$$lock.txt is stale: run make lock" >&2; exit 1; }; \
	done

clean:  ## Remove the virtual environment, caches and build output
	rm -rf $(VENV) $(PEERS) build dist *.egg-info .coverage .coverage.* htmlcov \
		.hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# --- the virtual environment: one folder, a stamp for each set of packages -----------

$(VENV): $(VENV)/.runtime

$(VENV)/.created:
	$(if $(filter True,$(NEW_ENOUGH)),,$(error Palestra needs Python 3.11 or newer, and `$(PYTHON)` is not; name one with PYTHON=/path/to/python3.11))
	@echo 'Making $(VENV) (once; this takes a minute)'
	@$(PYTHON) -m venv --clear $(VENV)
	@touch $@

$(VENV)/.runtime: $(VENV)/.created requirements/runtime.txt pyproject.toml
	@$(PIP) install --require-hashes --requirement requirements/runtime.txt
	@$(INSTALL_SELF)
	@touch $@

# The development set contains the other one.
$(VENV)/.dev: $(VENV)/.created requirements/dev.txt pyproject.toml
	@$(PIP) install --require-hashes --requirement requirements/dev.txt
	@$(INSTALL_SELF)
	@touch $(VENV)/.runtime $@

# What Palestra is measured against; it has an environment of its own.
$(PEERS)/.done: $(VENV)/.created benchmarks/requests/peers/requirements.txt
	@echo 'Making $(PEERS) (once)'
	@$(PYTHON) -m venv --clear $(PEERS)
	@$(PEERS)/bin/python -m pip --disable-pip-version-check --quiet \
		install --require-hashes --requirement benchmarks/requests/peers/requirements.txt
	@touch $@
