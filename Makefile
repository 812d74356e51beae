# Two commands for a newcomer: make run, make test. Everything else: make help
SHELL := /bin/sh
.DEFAULT_GOAL := help

BIN := .venv/bin
PACKAGES := detector notifier store rules
# Random tests start from this number; print it, and give it again to repeat a run: make test SEED=…
ifndef SEED
SEED := $(shell date +%s)
endif
# What was compiled once is kept, even where the environment says otherwise: tests start many programs.
PYTEST := PYTHONDONTWRITEBYTECODE= TOCSIN_TEST_SEED=$(SEED) $(BIN)/python -m pytest --hypothesis-seed=$(SEED)
# A module stays on one worker, because its tests may share a daemon.
# Modules go in their order, long ones first: by the number of their tests, the last would be a walk of minutes.
# More workers than cores, because tests of a daemon wait for it much of their time.
PARALLEL := -n 4 --dist loadfile --no-loadscope-reorder
# How long the soak may take, all in all.
TOCSIN_SOAK_SECONDS ?= 600

.PHONY: run test check soak bench lock help venv venv-dev

run: venv ## start the daemon on the example configuration and sample logs
	@$(BIN)/tocsin run --config config.example.toml --sample

test: venv-dev ## every test but the long ones
	$(PYTEST) -m "not soak" -ra $(PARALLEL)

check: venv-dev ## what CI asks of the text: style, types, directions, documents
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy --strict
	$(BIN)/lint-imports
	$(PYTEST) tests/test_architecture.py tests/test_docs.py

soak: venv-dev ## the long tests; TOCSIN_SOAK_SECONDS bounds them (600)
	TOCSIN_SOAK_SECONDS=$(TOCSIN_SOAK_SECONDS) $(PYTEST) -m soak -ra -s

bench: venv-dev ## measure; never fails on a figure
	@for script in tests/benchmarks/bench_*.py; do echo "== $$script" && $(BIN)/python "$$script" || exit 1; done

# Written with a tool that is not part of the product, so it gets an environment of its own.
lock: venv ## write both locks from pyproject.toml; UPGRADE=--upgrade takes newer versions
	@test -x .venv/lock/bin/uv || { $(BIN)/python -m venv .venv/lock && .venv/lock/bin/python -m pip install -q uv; }
	.venv/lock/bin/uv pip compile $(LOCK_OPTIONS) --group build -o requirements.lock pyproject.toml
	.venv/lock/bin/uv pip compile $(LOCK_OPTIONS) --group build --group dev -o requirements-dev.lock pyproject.toml

LOCK_OPTIONS := --quiet --universal --python-version 3.11 --generate-hashes --extra postgres \
	--no-emit-index-url --no-emit-find-links --no-header --no-annotate $(UPGRADE)

help: ## show this
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/make \1	\2/p' $(MAKEFILE_LIST)

venv:
	@.ci/bootstrap run

venv-dev:
	@.ci/bootstrap dev
