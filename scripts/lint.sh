#!/bin/sh
# Runs every linter, the rest of them when one fails, and says at the end which did.
set -u
cd "$(dirname "$0")/.."
PATH="$PWD/.venv/bin:$PATH"
COLUMNS=160
export PATH COLUMNS

failed=
check() {
    name=$1
    shift
    printf '  %-24s' "$name"
    begun=$(date +%s)
    if said=$("$@" 2>&1); then
        echo "ok, $(($(date +%s) - begun)) s"
    else
        echo "FAILED: $*"
        printf '%s\n' "$said"
        failed="$failed $name"
    fi
}

check ruff ruff check
check format ruff format --check
check mypy mypy
check import-linter lint-imports --no-cache
check deptry deptry .
check vulture vulture
check codespell codespell
check yamllint yamllint --strict .
check sqlfluff sqlfluff lint --disable-progress-bar models tests/generic tests/singular
# The next two read what dbt knows of a project that was built, here from an empty lake.
check "dbt build" scripts/document.sh build
check dbt-bouncer dbt-bouncer run --config-file dbt-bouncer.yml --show-all-failures
check dbt-coverage dbt-coverage compute doc --run-artifacts-dir target --cov-fail-under 1 \
    --cov-report target/coverage.json

if [ -n "$failed" ]; then
    echo "failed:$failed" >&2
    exit 1
fi
