#!/bin/sh
# Times get on a vault that is a local file, by the program of an earlier revision
# and by that of this tree, in one run; without REV, by the last revision that knew no
# stores. Usage: docs/benchmarks/revisions.sh [ROUNDS [REV]]
set -eu
cd "$(dirname "$0")/../.."
rounds=${1:-100} rev=${2:-80fbb84^}
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
trap 'exit 1' HUP INT TERM
build() { CGO_ENABLED=0 go build -buildvcs=false -trimpath -ldflags '-s -w' -o "$dir/$1" "$2"; }
build pair ./docs/benchmarks/pair
build now ./cmd/flask-vault
mkdir "$dir/earlier"
git archive "$rev" | tar -x -C "$dir/earlier"
(cd "$dir/earlier" && build before ./cmd/flask-vault)
PATH=$dir:$PATH
cd "$dir"
now init -q
for n in 10 10000; do
	awk -v n="$n" 'BEGIN { for (i = 0; i < n; i++) printf "service%d.key%d: \"%06d-a-secret-of-thirty-bytes\"\n", i / 10, i % 10, i }' >plain.yml
	now import -q plain.yml
	echo "$n values:"
	pair -faults -n "$rounds" 'before=before get service0.key7' 'now=now get service0.key7'
	echo
done
