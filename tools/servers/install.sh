#!/usr/bin/env bash
# Install the servers that tests run against, where they are missing and Debian's packages can be had.
# Tests start them by themselves on free ports, and skip with a reason where one is still missing.
set -euo pipefail
missing=()
command -v redis-server valkey-server >/dev/null || missing+=(redis-server)
command -v initdb >/dev/null || compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null || missing+=(postgresql)
command -v Orthanc >/dev/null || missing+=(orthanc)
[ -e /usr/share/orthanc/plugins/libOrthancPython.so ] || missing+=(orthanc-python)
command -v storescu >/dev/null || missing+=(dcmtk)
[ ${#missing[@]} -eq 0 ] && exit 0
if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null; then
  echo "not installed: ${missing[*]} (needs root and apt-get); their tests will skip" >&2
  exit 0
fi
export DEBIAN_FRONTEND=noninteractive
install=(timeout 180 apt-get install -qq -y --no-install-recommends "${missing[@]}")
"${install[@]}" >/dev/null || { timeout 180 apt-get update -qq && "${install[@]}" >/dev/null; } ||
  echo "could not install: ${missing[*]}; their tests will skip" >&2
