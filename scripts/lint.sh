#!/bin/sh
# Runs every linter, the rest of them when one fails, and says at the end which did. One takes as
# long as all others together and runs beside them.
set -u
cd "$(dirname "$0")/.."
PATH="$PWD/.venv/bin:$PATH"
COLUMNS=160
export PATH COLUMNS

failures=$(mktemp)
trap 'rm -f "$failures"' EXIT

check() {
    name=$1
    shift
    begun=$(date +%s)
    if said=$("$@" 2>&1); then
        printf '  %-24sok, %s s\n' "$name" "$(($(date +%s) - begun))"
    else
        printf '  %-24sFAILED: %s\n%s\n' "$name" "$*" "$said"
        echo "$name" >> "$failures"
    fi
}

check sqlfluff sqlfluff lint --disable-progress-bar models tests/generic tests/singular &
check ruff ruff check
check format ruff format --check
check import-linter lint-imports --no-cache
check deptry deptry .
check vulture vulture
check codespell codespell
check yamllint yamllint --strict .
check mypy mypy
# The next two read what dbt knows of a project that was built, here from an empty lake.
check "dbt build" scripts/document.sh build
check dbt-bouncer dbt-bouncer run --config-file dbt-bouncer.yml --show-all-failures
check dbt-coverage dbt-coverage compute doc --run-artifacts-dir target --cov-fail-under 1 \
    --cov-report target/coverage.json
wait

if [ -s "$failures" ]; then
    echo "failed:" $(cat "$failures") >&2
    exit 1
fi
