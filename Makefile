# tusline: every task a person or CI needs. `make` alone lists them.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.ONESHELL:
.DEFAULT_GOAL := help

PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
UV := .uv/bin/uv
# Tests run in so many processes; a file's tests in one of them.
JOBS ?= 2
# Where the system keeps certificates, they count: behind a company's proxy no others do.
ifneq ($(wildcard /etc/ssl/certs/ca-certificates.crt),)
export UV_SYSTEM_CERTS := 1
endif

help: ## List the tasks
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1|/' | column -t -s '|'

# --- setting up: uv, the runtime, the tools of tests and checks, the client's packages -----------

$(UV):
	@tools/bootstrap-uv

$(VENV)/.run: $(UV) requirements/run.txt requirements/build.txt pyproject.toml
	@test -x $(BIN)/python || $(UV) venv --quiet --python "$$(tools/find-python)" $(VENV)
	$(UV) pip sync --quiet --python $(BIN)/python --require-hashes requirements/run.txt requirements/build.txt
	$(UV) pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable .
	rm -f $(VENV)/.dev $(VENV)/.clients; touch $@

$(VENV)/.dev: $(VENV)/.run requirements/dev.txt
	$(UV) pip install --quiet --python $(BIN)/python --require-hashes --requirement requirements/dev.txt
	touch $@

$(VENV)/.clients: $(VENV)/.dev requirements/clients.txt
	$(UV) pip install --quiet --python $(BIN)/python --require-hashes --requirement requirements/clients.txt
	touch $@

client_js/node_modules/.ready: client_js/package.json client_js/package-lock.json
	@tools/need-node
	cd client_js && npm ci --ignore-scripts --no-audit --no-fund --silent && touch node_modules/.ready

system:
	@tools/need-system

# Real clients in Java and Rust, built each time: Maven and Cargo know what is new.
drivers:
	@tools/need-clients
	mvn --quiet --batch-mode --file tests/drivers/java/pom.xml compile dependency:copy-dependencies
	cargo build --quiet --manifest-path tests/drivers/rust/Cargo.toml

.PHONY: help system drivers run run-prod demo test test-faults test-kills test-soak test-outages test-swift test-power test-hostile test-slow test-clients check wheel fmt lock docs page bench bench-s3 clean

run: $(VENV)/.run ## Serve on http://127.0.0.1:8000 (data in ./tusline-data)
	@exec $(BIN)/tusline serve

run-prod: $(VENV)/.dev ## Redis, an S3 API, two web processes and a worker, on http://127.0.0.1:8000
	@exec $(BIN)/python tools/run_prod.py

demo: $(VENV)/.run ## A line cut and a server killed in mid-upload, and every byte arrives
	@PYTHONPATH=tests $(BIN)/python demo/demo.py

# --- tests and checks ----------------------------------------------------------------------------

test: $(VENV)/.dev client_js/node_modules/.ready system ## Every test but the long ones
	cd client_js && npm test --silent
	cd ..
	$(BIN)/pytest -q -n $(JOBS) --dist loadfile

test-kills: $(VENV)/.dev ## 200 times kill -9 of the server, at random and at every step (SEED=n)
	$(BIN)/pytest -q -m soak -s tests/end_to_end/test_kill.py

test-faults: $(VENV)/.dev ## 200 faults of S3, Redis and processes over 50 uploads, and 500 histories of losses (SEED=n)
	$(BIN)/pytest -q -m soak -s tests/processes/test_storm.py tests/storage/s3/test_recall.py

test-soak: $(VENV)/.dev ## All the long runs
	$(BIN)/pytest -q -m soak -s

test-outages: $(VENV)/.dev client_js/node_modules/.ready ## Real clients while Redis is away, flushed or fails over, and while the store is away
	$(BIN)/pytest -q -m soak -s tests/processes/test_redis_away.py tests/processes/test_slow_store.py

test-swift: $(VENV)/.dev ## The tests of the S3 store against OpenStack Swift, a real one
	@tools/swift-s3 $(BIN)/pytest -q tests/storage/s3

test-clients: $(VENV)/.clients client_js/node_modules/.ready system drivers ## Real clients, broken lines, a killed server
	$(BIN)/pytest -q -m clients

test-power: $(VENV)/.dev ## Some thousand power cuts, at every write, sync and rename of the store
	$(BIN)/pytest -q -m soak -s tests/power

test-hostile: $(VENV)/.dev ## 30,000 spoiled requests (SEED=n: the same ones again)
	$(BIN)/pytest -q -m soak -s tests/hostile/test_mutations.py

test-slow: $(VENV)/.dev ## An upload beside 500 slow connections: its time, and what they cost
	$(BIN)/pytest -q -m soak -s tests/hostile/test_slow.py

check: $(VENV)/.dev client_js/node_modules/.ready ## Lint, types, layers, file sizes, the built page
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/mypy tests demo benchmarks
	$(BIN)/lint-imports
	$(BIN)/python tools/check_sizes.py
	cd client_js && npm run check --silent && npm run build --silent
	cd ..
	git diff --exit-code --stat -- server/tusline/page
	test -z "$$(git status --porcelain -- server/tusline/page)"

wheel: $(VENV)/.dev ## Build the wheel and run it from a clean environment
	@tools/check-wheel

fmt: $(VENV)/.dev ## Format and mend what a tool can
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(VENV)/.dev ## Memory of a server while 20 photos arrive, and of the optimizer alone
	PYTHONPATH=tests $(BIN)/python benchmarks/server_memory.py
	PYTHONPATH=tests $(BIN)/python benchmarks/optimizer_memory.py

bench-s3: $(VENV)/.dev ## What small PATCHes cost in requests to S3, and slow uploads in memory
	PYTHONPATH=tests $(BIN)/python benchmarks/s3_requests.py
	PYTHONPATH=tests $(BIN)/python benchmarks/slow_to_s3.py

# --- generated files -----------------------------------------------------------------------------

docs: $(VENV)/.dev ## Write docs/settings.md anew
	$(BIN)/python tools/settings_page.py > docs/settings.md

lock: $(UV) ## Compile requirements/*.txt anew from pyproject.toml
	@tools/lock

page: client_js/node_modules/.ready ## Build the upload page into the server package
	cd client_js && npm run build

clean: ## Remove what the tasks above have made
	rm -rf $(VENV) .uv client_js/node_modules tests/drivers/*/target dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
