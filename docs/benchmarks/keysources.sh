#!/bin/sh
# Times "get" with the key from a file, from a one-shot script and from a
# go-plugin plugin (mutual TLS and checksum included) against an empty Go
# program, in one run. Usage: docs/benchmarks/keysources.sh [ROUNDS]
set -eu
cd "$(dirname "$0")/../.."
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
CGO_ENABLED=0 go build -tags grpcnotrace -trimpath -ldflags '-s -w' -o "$dir" \
	./cmd/flask-vault ./cmd/flask-vault-pluginhost ./docs/benchmarks/pair ./docs/benchmarks/empty
(cd plugins/examples/go && CGO_ENABLED=0 go build -tags grpcnotrace -trimpath -ldflags '-s -w' -o "$dir/example" .)
script=$PWD/plugins/examples/shell/plugin.sh
PATH=$dir:$PATH FLASK_VAULT_PLUGIN_DIR=$dir/plugins
export PATH FLASK_VAULT_PLUGIN_DIR
mkdir "$dir/vault"
cd "$dir/vault"
flask-vault init -q
printf 'hunter2' | flask-vault set -q db.password -
flask-vault -q plugin install "$dir/example" --name example
flask-vault -q plugin install "$script" --name shell
cp master.key key
cat >flask-vault.yaml <<YAML
version: 1
environments:
  script: {credentials: credentials.yml.enc, keysource: [{shell: {file: $PWD/master.key}}]}
  plugin: {credentials: credentials.yml.enc, keysource: [{example: {dir: $PWD}}]}
YAML
pair -n "${1:-30}" 'empty=empty' 'file=flask-vault get db.password' \
	'script=flask-vault get db.password --env script' 'go-plugin=flask-vault get db.password --env plugin'
