#!/bin/sh
# Counts the instructions of a get with valgrind and fails if there are more than
# 1.15 times those recorded in instructions.txt: a check that no load of the
# machine disturbs. "instructions.sh record" records them.
set -eu
cd "$(dirname "$0")/../.."
command -v valgrind >/dev/null || { echo "instructions.sh: valgrind is not installed (Debian: apt-get install valgrind)" >&2; exit 1; }
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
trap 'exit 1' HUP INT TERM
CGO_ENABLED=0 go build -trimpath -buildvcs=false -o "$dir" ./cmd/flask-vault
recorded=$PWD/docs/benchmarks/instructions.txt
cd "$dir"
./flask-vault init -q
printf 'correct horse battery staple' | ./flask-vault set -q db.password -

# One thread, and no RDTSCP, which valgrind does not know. The runtime's threads
# make a difference of a few in a hundred: the least of five counts. Valgrind
# itself falls over now and then; such a run counts for nothing.
least=
counted=0
for run in 1 2 3 4 5 6 7 8 9 10 11 12; do
	value=$(GOMAXPROCS=1 GODEBUG=cpu.rdtscp=off valgrind --tool=callgrind --callgrind-out-file=/dev/null \
		--log-file=log ./flask-vault get db.password 2>/dev/null) || true
	count=$(sed -n 's/.*Collected : \([0-9]*\).*/\1/p' log)
	if [ "$value" != 'correct horse battery staple' ] || [ -z "$count" ]; then continue; fi
	if [ -z "$least" ] || [ "$count" -lt "$least" ]; then least=$count; fi
	counted=$((counted + 1))
	if [ "$counted" = 5 ]; then break; fi
done
if [ "$counted" -lt 3 ]; then
	echo "instructions.sh: valgrind counted $counted of $run runs" >&2
	cat log >&2
	exit 1
fi
if [ "${1:-}" = record ]; then
	echo "$least" >"$recorded"
	echo "recorded: $least"
	exit
fi
was=$(cat "$recorded")
echo "instructions of a get: $least, recorded: $was"
if [ "$((least * 100))" -gt "$((was * 115))" ]; then
	echo "instructions.sh: more than 1.15 times as many. GODEBUG=inittrace=1 shows the packages that initialise themselves;" \
		"if it is meant: docs/benchmarks/instructions.sh record" >&2
	exit 1
fi
