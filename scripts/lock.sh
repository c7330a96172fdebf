#!/bin/sh
# Pins requirements.in, requirements-redis.in and requirements-dev.in. The development set is resolved
# first and holds the others whole, so that all agree; none names a package index.
set -eu
cd "$(dirname "$0")/.."
compile="uv pip compile --quiet --python-version 3.11 --universal --generate-hashes
    --no-strip-extras --no-emit-index-url --no-emit-find-links"
# shellcheck disable=SC2086  # words of one command
.venv/bin/$compile requirements-dev.in --output-file requirements-dev.txt
# shellcheck disable=SC2086
.venv/bin/$compile requirements.in --constraint requirements-dev.txt --output-file requirements.txt
# shellcheck disable=SC2086
.venv/bin/$compile requirements-redis.in --constraint requirements-dev.txt \
    --output-file requirements-redis.txt
