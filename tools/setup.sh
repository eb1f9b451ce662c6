#!/bin/sh
# Makes the virtual environment: ./tools/setup.sh PYTHON VENV
# Needs only PYTHON itself (no pip, no ensurepip: Debian ships those apart), so the pip wheel travels with the
# repository; everything else comes from the package index by hash.
set -eu
python=$1
venv=$2
here=$(cd "$(dirname "$0")/.." && pwd)

"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || {
  echo "OneCard needs Python 3.11 or newer; '$python' is $("$python" --version 2>&1)." >&2
  echo "Say which one to take: make PYTHON=python3.11" >&2
  exit 1
}
echo "Setting up $venv (once; a minute or two)" >&2
# Made anew only for another Python, so that whatever runs from it meanwhile keeps running
[ -x "$venv/bin/python" ] && [ "$("$venv/bin/python" -V)" = "$("$python" -V)" ] ||
  "$python" -m venv --without-pip --clear "$venv"
pip() {
  "$venv/bin/python" "$here/tools/pip-26.3-py3-none-any.whl/pip" \
    "$@" --disable-pip-version-check --no-input >&2
}
pip install --quiet --require-hashes --only-binary :all: --requirement "$here/requirements.lock"
pip install --quiet --no-deps --no-build-isolation --editable "$here"
# As pip does with what it installs; where Python may not write, each command would compile anew
"$venv/bin/python" -m compileall -q -j 0 "$here/src"
touch "$venv/.ready"
