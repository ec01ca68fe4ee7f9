# pbtrain: `make run` to try it, `make test` to check it, `make help` for the rest.
.DEFAULT_GOAL := help
.NOTPARALLEL:
.DELETE_ON_ERROR:
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c

PYTHON ?= python3
HOST ?= 127.0.0.1
PORT ?= 8000
DEMO ?=
export HOST PORT DEMO
# Each worker of the tests has a browser and databases of its own: 0.8 GB, and a processor is enough for it.
WORKERS ?= $(shell n=$$(nproc 2> /dev/null || echo 2); echo $$((n < 2 ? 2 : n > 8 ? 8 : n)))
export PIP_DISABLE_PIP_VERSION_CHECK := 1
export PIP_ROOT_USER_ACTION := ignore
unexport PYTHONDONTWRITEBYTECODE # every process would compile every module anew: two seconds for each start

BIN := .venv/bin
PY := $(BIN)/python
DIST := pbtrain/static/dist/manifest.json
FRONT := $(shell find frontend -type f 2>/dev/null) $(wildcard vite.config.*)
CATALOGUES := $(wildcard pbtrain/translations/*/LC_MESSAGES/messages.po)
COMPILED := $(CATALOGUES:.po=.mo)

.PHONY: help setup setup-dev run test check crash bench lock messages clean

help: ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | expand -t 12

run: setup ## the whole site on http://127.0.0.1:8000 (HOST, PORT; DEMO=0 starts empty)
	@exec $(PY) -m pbtrain.launcher

setup: .venv/runtime-ready $(DIST) $(COMPILED) ## everything `run` needs, built once
	@:

setup-dev: setup .venv/dev-ready

test: setup-dev ## all tests: SQLite, PostgreSQL, a real browser (WORKERS, one for each processor)
	@$(PY) -m tests.support.ensure
	@$(PY) -m pytest -n $(WORKERS) --dist worksteal $(ARGS)

check: setup-dev ## format, lint, types, imports, dependencies, templates, translations
	@tools/check

crash: setup-dev ## two hundred kill -9 during writes, on each database
	@$(PY) -m tests.crash.kill9 --database sqlite $(ARGS)
	@$(PY) -m tests.crash.kill9 --database postgresql $(ARGS)

bench: setup-dev ## bare limits and pbtrain side by side, in one run
	@$(PY) -m bench $(ARGS)

messages: setup-dev ## collect new source strings into the catalogues and name what is untranslated
	@$(PY) -m tools.messages update

lock: setup-dev ## renew requirements*.txt from requirements*.in
	@for name in requirements requirements-dev requirements-node; do \
	  echo "Locking $$name"; \
	  $(BIN)/uv pip compile -q --generate-hashes --no-header --universal --python-version 3.11 $$name.in -o $$name.txt; \
	done

clean: ## remove what set-up built; instance/ stays
	@rm -rf .venv node_modules pbtrain/static/dist test-results .pytest_cache .ruff_cache .mypy_cache .import_linter_cache
	@find pbtrain -name '*.mo' -delete

.venv/made:
	@command -v $(PYTHON) > /dev/null || { echo "Python is missing. Type:  sudo apt-get install -y python3 python3-venv"; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "pbtrain needs Python 3.11 or newer; $(PYTHON) is $$($(PYTHON) -V). Type:  make run PYTHON=python3.12"; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2> /dev/null \
	  || { echo "Python cannot make a virtual environment yet. Type:  sudo apt-get install -y python3-venv"; exit 1; }
	@echo "Making .venv"
	@test -x $(PY) || $(PYTHON) -m venv .venv
	@touch $@

.venv/runtime-ready: requirements.txt | .venv/made
	@tools/install requirements.txt
	@touch $@

.venv/dev-ready: requirements-dev.txt | .venv/runtime-ready
	@tools/install requirements-dev.txt
	@touch $@

node_modules/.package-lock.json: package-lock.json package.json | .venv/made
	@echo "Fetching the front end's packages"
	@tools/with-node npm ci --no-audit --no-fund --loglevel=error > /dev/null
	@touch $@

$(DIST): node_modules/.package-lock.json $(FRONT)
	@echo "Building the front end"
	@tools/with-node npm run --silent build > .venv/build.log 2>&1 || { cat .venv/build.log; exit 1; }
	@touch $@

%.mo: %.po | .venv/runtime-ready
	@echo "Compiling $(notdir $(patsubst %/LC_MESSAGES/,%,$(dir $<))) messages"
	@$(BIN)/pybabel -q compile -i $< -o $@
