# Thin: every target is one or two commands that also work by hand. `make help` lists them.
# Needs Python 3.11 or later, make and git; all else goes into .venv. PYTHON= names the interpreter.
.POSIX:
.DEFAULT_GOAL := help

BIN = .venv/bin
WATCHHOUSE = $(BIN)/watchhouse
RUNTIME = @scripts/setup.sh runtime --quiet
DEV = @scripts/setup.sh dev --quiet

.PHONY: help
help: ## List the targets
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1|\2/p' Makefile | awk -F'|' '{printf "%-18s %s\n", $$1, $$2}'
	@echo
	@echo "Data goes to the folder data/, or to the one that WATCHHOUSE_HOME= names."

.PHONY: setup
setup: ## Make .venv with the pinned requirements
	@scripts/setup.sh runtime

.PHONY: setup-dev
setup-dev: ## The same with what tests and linters need
	@scripts/setup.sh dev

.PHONY: demo
demo: setup ## Simulate, land, build, test, publish; print results
	@$(WATCHHOUSE) demo

.PHONY: ingest
ingest: ## Land files: FILES="a.csv b.ndjson.gz" [MAPPING=m.yml] [STREAM=catalog]
	@[ -n "$(FILES)" ] || { echo 'usage: make ingest FILES="a.csv b.ndjson.gz" [MAPPING=m.yml] [STREAM=catalog]' >&2; exit 2; }
	$(RUNTIME)
	@$(WATCHHOUSE) ingest $(FILES) $${MAPPING:+--mapping "$$MAPPING"} $${STREAM:+--stream "$$STREAM"}

.PHONY: stream
stream: ## Land Kafka topics as they arrive: [TOPIC=watch-events]
	$(RUNTIME)
	@exec $(WATCHHOUSE) stream $${TOPIC:+--topic "$$TOPIC"}

.PHONY: run
run: ## Land topics and the HTTP spool, build and publish, without end: [TOPIC=watch-events]
	$(RUNTIME)
	@exec $(WATCHHOUSE) run $${TOPIC:+--topic "$$TOPIC"}

.PHONY: demo-stream
demo-stream: setup-dev ## Send, stream, build, print results, with a broker from pip
	@$(WATCHHOUSE) demo-stream

.PHONY: compact
compact: ## Make few large files of the many small ones that landed before today
	$(RUNTIME)
	@$(WATCHHOUSE) compact

.PHONY: build
build: ## Build and test the models, then publish a release
	$(RUNTIME)
	@$(WATCHHOUSE) build

.PHONY: publish
publish: ## Publish what the last complete dbt build tested
	$(RUNTIME)
	@$(WATCHHOUSE) publish

.PHONY: status
status: ## What is landed, built, published and set aside
	$(RUNTIME)
	@$(WATCHHOUSE) status

.PHONY: sql
sql: ## Ask the current release: Q="select ... from fct_plays"
	@[ -n "$${Q:-}" ] || { echo 'usage: make sql Q="select ... from fct_plays"' >&2; exit 2; }
	$(RUNTIME)
	@$(WATCHHOUSE) sql "$$Q"

.PHONY: serve
serve: ## Take events, answer over HTTP, show the dashboard, on this machine
	$(RUNTIME)
	@$(WATCHHOUSE) serve

.PHONY: docs
docs: ## Make the documentation of the models, one page with lineage
	$(RUNTIME)
	@echo "Documenting the models; no data is needed or touched ..."
	@scripts/document.sh run
	@echo "Done: target/docs.html"
	@echo "Open it in a browser: file://$$(pwd)/target/docs.html"

.PHONY: test
test: ## Run every test
	@scripts/setup.sh dev
	@$(BIN)/python -m pytest -n 3 --dist loadfile --no-loadscope-reorder

.PHONY: lint
lint: ## Check style, types, structure and documentation
	$(DEV)
	@scripts/lint.sh

.PHONY: check
check: lint test ## Everything that must pass: lint, the project built, tests

.PHONY: bench
bench: ## Measure speed and memory against bare DuckDB and peers
	$(DEV)
	@$(BIN)/python -m benchmarks

.PHONY: screenshots
screenshots: ## Remake the pictures of the README from the demo's release, in Chromium
	$(DEV)
	@$(BIN)/python -m scripts.screenshots

.PHONY: lock
lock: ## Pin the requirements anew, with hashes
	$(DEV)
	@scripts/lock.sh

.PHONY: clean
clean: ## Remove the demo, compiled models and caches; never data/ or .venv/
	rm -rf demo target logs .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache
