#!/bin/sh
# Measures how commands grow with the number of values and the size of files, and
# draws docs/growth-keys.svg and docs/growth-files.svg.
# Usage: docs/benchmarks/growth.sh [ROUNDS [LARGEST FILE, MiB]]
set -eu
cd "$(dirname "$0")/../.."
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
trap 'exit 1' HUP INT TERM
CGO_ENABLED=0 go build -trimpath -ldflags '-s -w' -o "$dir" ./cmd/flask-vault ./docs/benchmarks/growth
# One after the other: what a process has used counts for those that it starts.
"$dir/growth" -n "${1:-3}" -dir "${GROWTH_DIR:-/dev/shm}" -keys docs/growth-keys.svg "$dir/flask-vault"
"$dir/growth" -n "${1:-3}" -mib "${2:-4096}" -dir "${GROWTH_DIR:-/dev/shm}" -files docs/growth-files.svg "$dir/flask-vault"
