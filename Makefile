# RadProof. People and CI use the same words: make demo, make test, make check.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
BIN := .venv/bin
RUN_STAMP := .venv/.run
DEV_STAMP := .venv/.dev
LLM_STAMP := .venv/.llm
INDEX := var/index/manifest.json

.DEFAULT_GOAL := help
.PHONY: help install demo serve test check lint types imports bench bench-wordings bench-kg bench-batch bench-llm kill-rounds mllp-soak mllp-hostile mllp-rounds servers openapi evaluate graph llm-cpu lock clean

help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

$(RUN_STAMP): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "RadProof needs Python 3.11 or newer"; exit 1; }
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements.lock
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --editable .
	touch $@

$(DEV_STAMP): $(RUN_STAMP) requirements-dev.lock
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements-dev.lock
	touch $@

$(LLM_STAMP): $(RUN_STAMP) requirements-llm-cpu.lock
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements-llm-cpu.lock
	touch $@

$(INDEX): $(RUN_STAMP) app/synthesis/reports.jsonl
	$(BIN)/radproof index build --bundled --out var/index

install: $(RUN_STAMP) $(INDEX) ## install into .venv and index the invented reference reports

demo: install ## check an invented report with planted errors
	@$(BIN)/radproof check samples/demo.txt; code=$$?; test $$code -eq 1 || { echo "the demo should find errors (exit 1), got $$code"; exit 1; }

serve: install ## run the service on 127.0.0.1:8000
	$(BIN)/radproof serve

test: install $(DEV_STAMP) ## run all tests; those of servers that are missing skip
	$(BIN)/python -m pytest -q

lint: $(DEV_STAMP) ## ruff: rules and format
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(DEV_STAMP) ## mypy, strict
	$(BIN)/mypy

imports: $(DEV_STAMP) ## import contracts
	$(BIN)/lint-imports

check: lint types imports test openapi ## everything that CI runs after the demo

openapi: $(DEV_STAMP) ## compare openapi/openapi.yaml with the service
	$(BIN)/python -m app.openapi --check

evaluate: install $(DEV_STAMP) ## measure on the invented reports
	$(BIN)/radproof evaluate --out var/evaluation

bench: install ## speed and memory beside a peer
	$(BIN)/python bench/run.py

bench-wordings: install ## what is found of the wordings of independent writers
	$(BIN)/python bench/wordings.py

bench-kg: install ## rates of loading and asking knowledge graphs, on a real Neo4j
	$(BIN)/python bench/kg.py

bench-batch: install $(DEV_STAMP) servers ## rates of batches beside single requests, at 1 and 2 workers
	PYTHONPATH=tests/support:tools/servers $(BIN)/python bench/batch.py

kill-rounds: install $(DEV_STAMP) servers ## kill API, workers and Redis at random; count every result (ROUNDS=200)
	PYTHONPATH=tests/support:tools/servers $(BIN)/python tests/support/kill_rounds.py --rounds $(or $(ROUNDS),200)

mllp-soak: $(DEV_STAMP) ## send messages over MLLP and count them (MESSAGES=5000 CONNECTIONS=20 ARGS=--postgres)
	PYTHONPATH=tests/support:tools/servers $(BIN)/python bench/mllp.py --count $(or $(MESSAGES),5000) --connections $(or $(CONNECTIONS),20) $(ARGS)

mllp-hostile: $(DEV_STAMP) ## hostile peers of the receiver: its memory, and a good peer beside them
	PYTHONPATH=tests/support:tools/servers:bench $(BIN)/python bench/mllp_hostile.py

mllp-rounds: install $(DEV_STAMP) servers ## kill parts at random while messages come in; count every result (ROUNDS=200)
	PYTHONPATH=tests/support:tools/servers $(BIN)/python tests/support/mllp_rounds.py --rounds $(or $(ROUNDS),200)

servers: ## install Redis, PostgreSQL, Orthanc and dcmtk for the tests, where they are missing (root, apt-get)
	tools/servers/install.sh

bench-llm: install ## reports a second with the language model that RADPROOF_LLM_* name
	$(BIN)/python bench/llm.py

graph: install ## verify the bundled knowledge graph
	$(BIN)/python -m kg_ingest verify

llm-cpu: install $(LLM_STAMP) ## check a report with a small language model on this machine's CPU
	@RADPROOF_LLM_USE=always RADPROOF_LLM_DEADLINE_SECONDS=120 RADPROOF_LLM_CALL_SECONDS=60 \
		$(BIN)/python tools/llm/llm_server.py -- $(BIN)/radproof check samples/demo.txt; \
		code=$$?; test $$code -eq 1 || { echo "the demo should find errors (exit 1), got $$code"; exit 1; }

lock: ## make the lock files anew (needs pip-tools)
	tools/lock.sh

clean: ## remove what was installed and built
	rm -rf .venv var build *.egg-info
