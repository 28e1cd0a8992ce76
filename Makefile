SHELL := /bin/bash
.DEFAULT_GOAL := help
.PHONY: help demo setup setup-demo test test-whole test-current bench generate lint audit screenshots lock

BIN := .venv/bin
CURRENT := $(HOME)/.cache/vigia-releases

help: ## what can be made
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 14

demo: setup-demo ## start everything on this machine and watch it
	$(BIN)/vigia demo

setup-demo:
	@scripts/setup prometheus alertmanager

setup: ## install what the tests and benchmarks need
	@scripts/setup prometheus alertmanager postgresql victoria-metrics chromium

test: setup ## the whole test suite
	$(BIN)/python -m pytest -q -n 3 -m 'not e2e and not whole'
	$(BIN)/python -m pytest -q -n 4 --dist loadgroup -m 'e2e and not whole'

test-whole: setup ## every test, among them all scenarios and all mutants of the alerts
	$(BIN)/python -m pytest -q -n 2 -m 'not e2e'
	$(BIN)/python -m pytest -q -n 4 --dist loadgroup -m e2e

test-current: setup ## rules, routes and the loop on current Prometheus and Alertmanager (needs Go)
	scripts/current-releases $(CURRENT)
	PATH=$(CURRENT):$$PATH $(BIN)/python -m pytest -q -n 2 tests/alerts
	PATH=$(CURRENT):$$PATH $(BIN)/python -m pytest -q -n 2 --dist loadgroup tests/e2e/test_e2e_{dashboard,loop,killed}.py

bench: setup ## the benchmarks; results in bench/results
	$(BIN)/python -m bench

generate: setup-demo ## rewrite every generated file
	$(BIN)/vigia generate

lint: setup-demo ## formatter, linter, types, import contracts
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

audit: setup-demo ## known advisories against the pinned packages; 3 where they cannot be asked
	$(BIN)/python scripts/audit

# The pictures need an Alertmanager that was built with its pages: Debian's has none.
screenshots: setup ## take the pictures of docs/tour.md anew
	$(BIN)/python -m pytest -q tests/e2e/test_e2e_screens.py --screenshots docs/images

lock: ## resolve the pinned versions anew (needs uv)
	uv pip compile --quiet --universal --python-version 3.11 --extra demo --extra dev --generate-hashes --no-emit-index-url --no-header -o requirements-dev.lock pyproject.toml
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header -c <(sed -nE 's/^([a-z0-9.-]+==.*) \\$$/\1/p' requirements-dev.lock) -o requirements.lock pyproject.toml
	uv pip compile --quiet --universal --python-version 3.11 --extra demo --generate-hashes --no-emit-index-url --no-header -c <(sed -nE 's/^([a-z0-9.-]+==.*) \\$$/\1/p' requirements-dev.lock) -o requirements-demo.lock pyproject.toml
