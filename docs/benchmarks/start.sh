#!/bin/sh
# Times one secret out of a vault, cold, against a Go program that prints one
# line and against other tools that are installed, in one run. Each has the same
# document of 10 and of 10,000 values. Usage: docs/benchmarks/start.sh [ROUNDS]
set -eu
cd "$(dirname "$0")/../.."
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
trap 'exit 1' HUP INT TERM
CGO_ENABLED=0 go build -trimpath -ldflags '-s -w' -o "$dir" ./cmd/flask-vault ./docs/benchmarks/pair ./docs/benchmarks/hello ./docs/benchmarks/empty
PATH=$dir:$PATH GNUPGHOME=$dir/gnupg
export PATH GNUPGHOME
mkdir -m 700 "$dir/gnupg"
cd "$dir"
have() { command -v "$1" >/dev/null; }

for n in 10 10000; do
	awk -v n="$n" 'BEGIN { for (i = 0; i < n; i++) printf "service%d.key%d: \"%06d-a-secret-of-thirty-bytes\"\n", i / 10, i % 10, i }' >"plain$n.yml"
	mkdir "v$n"
	(
		cd "v$n"
		flask-vault init -q
		flask-vault import -q "../plain$n.yml"
		flask-vault get service0.key7 >/dev/null
	)
	cp -r "v$n" "configured$n"
	cp -r "v$n" "full$n" # with one line that the scan leaves to the parser
	(
		cd "full$n"
		flask-vault show >doc
		echo 'last: [a, b]' >>doc
		EDITOR="cp doc" flask-vault edit -q
		printf 'version: 1\n' >flask-vault.yaml
	)
	printf 'version: 1\nkeysource: [env, file]\n' >"configured$n/flask-vault.yaml"
	set -- "${1:-30}" hello=hello empty=empty "get=flask-vault get service0.key7" \
		"get-with-flask-vault.yaml=flask-vault --config $dir/configured$n/flask-vault.yaml get service0.key7" \
		"get-full-yaml=flask-vault --config $dir/full$n/flask-vault.yaml get service0.key7" \
		"set=flask-vault set -q service0.key8 --generate"
	if have age; then
		[ -f age.key ] || age-keygen -o age.key 2>/dev/null
		age -r "$(age-keygen -y age.key)" -o "plain$n.age" "plain$n.yml"
		printf '#!/bin/sh\nage -d -i %s/age.key "$1" | sed -n "s/^service0.key7: //p"\n' "$dir" >age-sed
		chmod +x age-sed
		set -- "$@" "age=age -d -i $dir/age.key $dir/plain$n.age" "age-and-sed=age-sed $dir/plain$n.age"
	fi
	if have openssl; then
		openssl enc -aes-256-cbc -pbkdf2 -pass file:age.key -in "plain$n.yml" -out "plain$n.cbc"
		set -- "$@" "openssl=openssl enc -d -aes-256-cbc -pbkdf2 -pass file:$dir/age.key -in $dir/plain$n.cbc"
	fi
	if have gpg; then
		gpg --batch --quiet --pinentry-mode loopback --passphrase-file age.key -c -o "plain$n.gpg" "plain$n.yml"
		set -- "$@" "gpg=gpg --batch --quiet --pinentry-mode loopback --passphrase-file $dir/age.key -d $dir/plain$n.gpg"
	fi
	if have ansible-vault; then
		cp "plain$n.yml" "plain$n.ansible"
		printf 'password\n' >ansible.pass
		ansible-vault encrypt --vault-password-file ansible.pass "plain$n.ansible" >/dev/null 2>&1
		set -- "$@" "ansible-vault=ansible-vault view --vault-password-file $dir/ansible.pass $dir/plain$n.ansible"
	fi
	rounds=$1
	shift
	echo "$n values:"
	(cd "v$n" && pair -faults -n "$rounds" "$@")
	echo
	set -- "$rounds"
done
