#!/bin/sh
# Times what git asks of flask-vault, and the search for leaks: git log -p of an
# encrypted file with 100 revisions against a plain one with textconv=cat, the
# search of Go's standard library, and that of a history of 10,000 commits.
# Usage: docs/benchmarks/git.sh [ROUNDS]
set -eu
cd "$(dirname "$0")/../.."
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
CGO_ENABLED=0 go build -tags grpcnotrace -trimpath -ldflags '-s -w' -o "$dir" ./cmd/flask-vault ./cmd/flask-vault-textconv ./docs/benchmarks/pair
library=$(go env GOROOT)/src
PATH=$dir:$PATH HOME=$dir GIT_CONFIG_NOSYSTEM=1
export PATH HOME GIT_CONFIG_NOSYSTEM
rounds=${1:-5}
git config --global user.name Benchmark
git config --global user.email benchmark@example.com
git config --global init.defaultBranch main
git init -q "$dir/repo"
cd "$dir/repo"
flask-vault init -q
flask-vault -q git enroll
rm .git/hooks/pre-commit # it is not what is timed here
git config diff.cat.textconv cat
echo '/plain.yml diff=cat' >>.git/info/attributes
i=0
while [ $i -lt 100 ]; do
	i=$((i + 1))
	printf 'value-%s-of-%s' "$i" "$(od -An -N8 -tx8 /dev/urandom | tr -d ' ')" | flask-vault set -q "service$((i % 20)).password" -
	flask-vault show >plain.yml
	git add --all
	git commit -qm "revision $i"
done
echo "git log -p, 100 revisions"
pair -n "$rounds" "cat=git log -p -- plain.yml" "flask-vault=git log -p -- credentials.yml.enc"

# A second repository has the vault, and never had the plain file.
git init -q "$dir/clean"
cp -p credentials.yml.enc master.key .gitignore "$dir/clean"
cd "$dir/clean"
size=$(find "$library" -type f -exec cat {} + | wc -c)
printf '\nleaks of 20 values, the standard library of Go, %s MB\n' $((size / 1000000))
pair -n "$rounds" "all-cores=flask-vault leaks -q $library" "one-core=env GOMAXPROCS=1 flask-vault leaks -q $library" |
	awk -v bytes="$size" 'NR > 1 { printf "%-10s %4d ms wall, %4d ms CPU: %d MB/s of CPU time\n", $1, $2, $3, bytes / 1000 / $3 }'

awk 'BEGIN {
	for (i = 1; i <= 10000; i++) {
		body = ""
		for (line = 0; line < 40; line++)
			body = body "line " line " of change " i * 7919 % 10007 " and of what a source has in it, " line * i "\n"
		message = "change " i "\n"
		print "commit refs/heads/main"
		print "committer Benchmark <benchmark@example.com> " 1700000000 + i * 60 " +0000"
		print "data " length(message)
		print message
		print "M 100644 inline src/part" i % 20 "/file" i % 300 ".txt"
		print "data " length(body)
		print body
	}
}' | git fast-import --quiet
git reset -q
git add --all
git commit -qm vault
printf '\nleaks --history, 10,000 commits, against git printing all objects\n'
pair -n 1 "git=git cat-file --batch-all-objects --batch" "leaks=flask-vault leaks -q --history"
