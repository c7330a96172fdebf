#!/bin/sh
# Builds the dbt project from an empty lake, apart from any data, and documents what came of it:
# target/manifest.json, target/catalog.json, and the page target/docs.html.
#   document.sh run|build      build: with every test
set -eu
cd "$(dirname "$0")/.."
PATH="$PWD/.venv/bin:$PATH"
WATCHHOUSE_HOME=target/empty
DBT_LOG_PATH=target/logs
export PATH WATCHHOUSE_HOME DBT_LOG_PATH

rm -rf target/empty
types="--resource-type seed --resource-type model --resource-type snapshot"
if [ "${1:-run}" = build ]; then
    types=
fi
# shellcheck disable=SC2086  # words of one command
dbt --quiet --no-version-check build $types
dbt --quiet --no-version-check docs generate --static
mv target/static_index.html target/docs.html
