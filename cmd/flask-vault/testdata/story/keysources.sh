#!/bin/sh
# The same credentials file and the same command, with the key from four places:
# a file, a variable, the keyring of the operating system, and the plugin of a
# third party. Runs inside a D-Bus session of its own, in an empty directory.
# $BIN has our programs, $PLUGIN a plugin that is not ours.
set -eu
PATH=$BIN:$PATH
says() { # says WHAT COMMAND...: the command must print exactly WHAT
	want=$1; shift
	got=$("$@") || { echo "exit $? of: $*" >&2; exit 1; }
	[ "$got" = "$want" ] || { echo "$* printed $got, not $want" >&2; exit 1; }
}

# A developer begins, with master.key.
mkdir dev; cd dev
cat >flask-vault.yaml <<'YAML'
version: 1
keysource:
  - env
  - file
environments:
  laptop:
    credentials: credentials.yml.enc
    keysource: [{keyring: {service: story}}]
  production:
    credentials: credentials.yml.enc
    keysource: [{third-party: {file: /nowhere/production.key}}]
YAML
sed -i "s|/nowhere|$PWD/../vaultroom|" flask-vault.yaml
flask-vault init -q
printf 'hunter2' | flask-vault set -q db.password -
says hunter2 flask-vault get db.password
id=$(flask-vault key id)

# CI has the key in a variable, and no file.
mkdir ../ci
cp credentials.yml.enc flask-vault.yaml ../ci
key=$(flask-vault -q key show --reveal)
(
	cd ../ci
	FLASK_VAULT_MASTER_KEY=$key
	export FLASK_VAULT_MASTER_KEY
	says hunter2 flask-vault get db.password
)

# The laptop has it in the keyring: copied there once, and read back.
printf %s "$KEYRING_PASSWORD" | gnome-keyring-daemon --unlock --components=secrets >/dev/null 2>&1
flask-vault -q plugin install "$BIN/keyring" --name keyring
FLASK_VAULT_ENV=laptop
export FLASK_VAULT_ENV
if flask-vault get db.password 2>/dev/null; then echo 'the keyring was not empty' >&2; exit 1; fi
FLASK_VAULT_ENV=laptop flask-vault -q key copy --keysource file --to keyring
mkdir ../laptop
cp credentials.yml.enc flask-vault.yaml ../laptop
(
	cd ../laptop
	says hunter2 flask-vault get db.password
	says "$id" flask-vault key id
)
unset FLASK_VAULT_ENV

# Production has a plugin that somebody else wrote.
mkdir ../vaultroom ../production
cp master.key ../vaultroom/production.key
cp credentials.yml.enc flask-vault.yaml ../production
flask-vault -q plugin install "$PLUGIN" --name third-party
(
	cd ../production
	says hunter2 flask-vault get db.password --env production
	says "$id" flask-vault key id --env production
)
echo 'story told'
