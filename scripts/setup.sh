#!/bin/sh
# Makes the virtual environment .venv with the pinned requirements and this project in place.
#   setup.sh runtime|dev [--quiet]      --quiet: say nothing when there is nothing to do
# PYTHON=/path/to/python chooses the interpreter; any from 3.11 on will do.
set -eu
cd "$(dirname "$0")/.."

case "${1:-}" in
    runtime) requirements=requirements.txt ;;
    dev) requirements=requirements-dev.txt ;;
    *) echo "usage: setup.sh runtime|dev [--quiet]" >&2; exit 2 ;;
esac
stamp=.venv/installed-$1

# What is installed is told by its lock files and by where it is: an environment cannot be moved.
wanted=$(pwd -P; cat requirements.txt "$requirements" pyproject.toml | cksum)
up_to_date() {
    [ -x .venv/bin/python ] && [ "$(cat "$stamp" 2>/dev/null)" = "$wanted" ]
}
finish_if_up_to_date() {
    up_to_date || return 0
    [ "$1" = --quiet ] || echo "The environment .venv is up to date: nothing to install."
    exit 0
}
finish_if_up_to_date "${2:-}"

# Two at once would install over each other.
lock=.setup.lock
if command -v flock > /dev/null; then
    exec 9> "$lock"
    flock -n 9 || { echo "Waiting for another setup in this folder ..."; flock 9; }
else
    # Where there is no flock, a folder: only one can make it. That of one who died goes by whoever
    # makes a folder in it, and finds it still to be his: it may be another's by then.
    said=
    until mkdir "$lock.d" 2> /dev/null; do
        holder=$(cat "$lock.d/pid" 2> /dev/null || true)
        if [ -n "$holder" ] && ! kill -0 "$holder" 2> /dev/null; then
            if mkdir "$lock.d/ending" 2> /dev/null; then
                if [ "$(cat "$lock.d/pid" 2> /dev/null)" = "$holder" ]; then
                    mv "$lock.d" "$lock.d.$$"
                    rm -rf "$lock.d.$$"
                else
                    rmdir "$lock.d/ending" 2> /dev/null || true
                fi
                continue
            fi
        fi
        [ -n "$said" ] || echo "Waiting for another setup in this folder (or remove $lock.d) ..."
        said=yes
        sleep 1
    done
    trap 'rm -rf "$lock.d"' EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM
    echo $$ > "$lock.d/pid"
fi
finish_if_up_to_date "${2:-}"

usable() {
    "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null
}

python=
without_venv=
for candidate in ${PYTHON:-python3.11 python3.12 python3.13 python3}; do
    usable "$candidate" || continue
    if "$candidate" -c 'import ensurepip, venv' 2>/dev/null; then
        python=$candidate
        break
    fi
    without_venv=$candidate
done
if [ -z "$python" ] && [ -n "$without_venv" ]; then
    version=$("$without_venv" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
    echo "error: $without_venv cannot make virtual environments: its module ensurepip is missing." \
        "On Debian and Ubuntu: sudo apt-get install python$version-venv" >&2
    exit 1
fi
if [ -z "$python" ]; then
    echo "error: no Python 3.11 or later found (tried: ${PYTHON:-python3.11 python3.12 python3.13" \
        "python3}). Install one, or name it: make setup PYTHON=/path/to/python3.11" >&2
    exit 1
fi

# An environment that is sound is added to, whoever made it; one that was moved here is not sound.
if ! usable .venv/bin/python || ! grep -qF "$(pwd -P)/.venv" .venv/bin/activate; then
    echo "Making the environment .venv with $("$python" --version) ..."
    "$python" -m venv --clear .venv
fi
rm -f "$stamp"
pip="-m pip --quiet --disable-pip-version-check --no-input install"
count=$(grep -c '==' "$requirements")
echo "Installing $count pinned packages, hashes checked (a minute or two the first time) ..."
# shellcheck disable=SC2086  # words of one command
if ! .venv/bin/python $pip --require-hashes --requirement "$requirements"; then
    echo "error: the packages of $requirements could not be installed; pip says why above." >&2
    exit 1
fi
# shellcheck disable=SC2086
.venv/bin/python $pip --no-deps --no-build-isolation --editable .
if [ "$1" = dev ]; then
    # The development set holds the other whole.
    { pwd -P; cat requirements.txt requirements.txt pyproject.toml | cksum; } > .venv/installed-runtime
fi
echo "$wanted" > "$stamp"
echo "The environment .venv is ready."
