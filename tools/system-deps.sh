#!/bin/sh
# Installs Debian packages: ./tools/system-deps.sh PACKAGE...
# The product runs without them; tests that want them say so, and CI installs them.
set -eu

command -v apt-get >/dev/null || {
  echo "This is no Debian; please install by hand: $*" >&2
  exit 1
}
root=""
[ "$(id -u)" -eq 0 ] || root="sudo"
$root apt-get update -qq
$root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@"
