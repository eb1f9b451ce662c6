#!/bin/sh
# Installs Debian packages whose file is missing: ./tools/system-deps.sh PACKAGE:FILE...
# The product runs without them; tests that want them say so, and CI installs them.
set -eu

missing=""
for wanted in "$@"; do
  [ -e "${wanted#*:}" ] || missing="$missing ${wanted%%:*}"
done
[ -n "$missing" ] || exit 0

command -v apt-get >/dev/null || {
  echo "This is no Debian; please install by hand:$missing" >&2
  exit 1
}
root=""
[ "$(id -u)" -eq 0 ] || root="sudo"
$root apt-get update -qq
# shellcheck disable=SC2086  one word for each package
$root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing
