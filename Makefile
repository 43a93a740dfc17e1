# Everything runs from .venv with the versions of requirements.lock; nothing is installed outside this directory.

SHELL := /bin/sh
PYTHON ?= python3
PORT ?= 8501
DATA_DIR ?=

BIN := .venv/bin
STAMP := .venv/.installed

export PIP_DISABLE_PIP_VERSION_CHECK = 1
export PIP_NO_INPUT = 1
export PIP_ROOT_USER_ACTION = ignore
ifneq ($(strip $(DATA_DIR)),)
export CLINIC_DATA_DIR = $(DATA_DIR)
endif

.DEFAULT_GOAL := help
.PHONY: help install demo serve test check screenshots

help: ## say what can be done here
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/make \1|\2/p' $(MAKEFILE_LIST) | awk -F'|' '{ printf "%-18s %s\n", $$1, $$2 }'

install: $(STAMP) ## create .venv with the locked dependencies

demo: $(STAMP) ## start a demo clinic with its own database (PORT=8501 DATA_DIR=...)
	@$(BIN)/clinic demo --port "$(PORT)"

serve: $(STAMP) ## start the app for real use (PORT=8501 DATA_DIR=...)
	@$(BIN)/clinic serve --port "$(PORT)"

test: $(STAMP) ## run all tests
	$(BIN)/pytest

check: $(STAMP) ## lint, formatting, types, layers, and models against migrations
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m clinic_core.db.migrate check

screenshots: $(STAMP) ## draw docs/screenshots anew from the demo clinic
	$(BIN)/python -m tests.browser.screenshots

# The candidates are tried in order; a Python that cannot make a virtual environment is named, not used.
$(STAMP): requirements.lock pyproject.toml
	@set -e; \
	if ! $(BIN)/python -m pip --version >/dev/null 2>&1; then \
	  found=; unable=; \
	  for candidate in "$(PYTHON)" python3.13 python3.12 python3.11; do \
	    "$$candidate" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' >/dev/null 2>&1 || continue; \
	    if "$$candidate" -c 'import ensurepip, venv' >/dev/null 2>&1; then found=$$candidate; break; fi; \
	    unable=$${unable:-$$candidate}; \
	  done; \
	  if [ -z "$$found" ] && [ -n "$$unable" ]; then \
	    echo "$$unable cannot make virtual environments. On Debian and Ubuntu install its venv package" \
	      "(apt install python3-venv), then run make again." >&2; exit 1; \
	  elif [ -z "$$found" ]; then \
	    echo "Clinicboard needs Python 3.11, 3.12 or 3.13, and $(PYTHON) is" \
	      "$$("$(PYTHON)" --version 2>&1 | head -n 1). Name another one: make PYTHON=/path/to/python3.13 ..." >&2; exit 1; \
	  fi; \
	  echo "Creating .venv with $$("$$found" --version)"; \
	  "$$found" -m venv --clear .venv; \
	fi
	@echo "Installing the locked dependencies into .venv (once, a minute or two)"
	@$(BIN)/python -m pip install --quiet --require-hashes --requirement requirements.lock
	@$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@
