#!/bin/sh
# Encrypts and decrypts one large file in memory-backed storage with this program
# and with others that are installed, against cat, in one run.
# Usage: docs/benchmarks/bulk.sh [ROUNDS [MIB]]
#
# The slow ones, which take a hundred times as long, run if SLOW is set:
# SLOW=1 docs/benchmarks/bulk.sh 3
set -eu
cd "$(dirname "$0")/../.."
dir=$(mktemp -d "${BULK_DIR:-/dev/shm}/flask-vault-bulk.XXXXXX")
trap 'rm -rf "$dir"' EXIT
trap 'exit 1' HUP INT TERM
CGO_ENABLED=0 go build -tags grpcnotrace -trimpath -ldflags '-s -w' -o "$dir" ./cmd/flask-vault ./docs/benchmarks/pair
PATH=$dir:$PATH GNUPGHOME=$dir/gnupg
export PATH GNUPGHOME
cd "$dir"
head -c "$((${2:-256} << 20))" /dev/urandom >plain
flask-vault init -q
flask-vault encrypt -q plain -o sealed.enc
have() { command -v "$1" >/dev/null; }

# What pair runs, one file each, since it knows no redirection. All write "out".
add() {
	name=$1
	shift
	printf '#!/bin/sh\n%s\n' "$*" >"do-$name"
	chmod +x "do-$name"
	set_of_commands="$set_of_commands $name=./do-$name"
}
measure() {
	echo "$1:"
	# shellcheck disable=SC2086 # the words are arguments
	pair -memory -n "$rounds" -before 'rm -f out' $set_of_commands
	rm -f out
	echo
}
rounds=${1:-9}

set_of_commands=
add cat 'exec cat plain >out'
add flask-vault 'exec flask-vault encrypt -q plain -o out'
add from-a-pipe 'cat plain | flask-vault encrypt - >out'
if have age; then
	age-keygen -o age.key 2>age.pub
	recipient=$(sed 's/.*: //' age.pub)
	age -r "$recipient" -o plain.age plain
	add age "exec age -r $recipient -o out plain"
fi
if have openssl; then
	add openssl-ctr 'exec openssl enc -aes-128-ctr -K 00112233445566778899aabbccddeeff -iv 00112233445566778899aabbccddeeff -in plain -out out'
	add openssl-cbc 'exec openssl enc -aes-256-cbc -pbkdf2 -pass file:master.key -in plain -out out'
	openssl enc -aes-256-cbc -pbkdf2 -pass file:master.key -in plain -out plain.cbc
fi
if [ -n "${SLOW:-}" ]; then
	if have gpg; then
		mkdir -m 700 gnupg
		add gpg 'exec gpg --batch --quiet --pinentry-mode loopback --passphrase-file master.key -c -o out plain'
		gpg --batch --quiet --pinentry-mode loopback --passphrase-file master.key -c -o plain.gpg plain
	fi
	if have git-crypt; then
		git init -q repo
		(cd repo && git-crypt init >../git-crypt.log 2>&1)
		add git-crypt 'cd repo; exec git-crypt clean <../plain >../out'
		(cd repo && git-crypt clean <../plain >../plain.git-crypt)
	fi
	if have ansible-vault; then
		add ansible-vault 'exec ansible-vault encrypt --vault-password-file master.key --output out plain'
		ansible-vault encrypt --vault-password-file master.key --output plain.ansible plain 2>ansible.log
	fi
fi
measure 'Encrypting'

set_of_commands=
add cat 'exec cat plain >out'
add to-a-file 'exec flask-vault decrypt -q sealed.enc -o out'
add to-stdout 'exec flask-vault decrypt sealed.enc >out'
add from-a-pipe 'cat sealed.enc | flask-vault decrypt - >out'
if have age; then add age 'exec age -d -i age.key -o out plain.age'; fi
if have openssl; then add openssl-cbc 'exec openssl enc -d -aes-256-cbc -pbkdf2 -pass file:master.key -in plain.cbc -out out'; fi
if [ -e plain.gpg ]; then add gpg 'exec gpg --batch --quiet --pinentry-mode loopback --passphrase-file master.key -d -o out plain.gpg'; fi
if [ -e plain.git-crypt ]; then add git-crypt 'cd repo; exec git-crypt smudge <../plain.git-crypt >../out'; fi
if [ -e plain.ansible ]; then add ansible-vault 'exec ansible-vault decrypt --vault-password-file master.key --output out plain.ansible'; fi
measure 'Decrypting'
if have gpgconf; then gpgconf --kill all; fi
