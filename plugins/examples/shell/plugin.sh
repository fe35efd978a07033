#!/bin/sh
# A key source plugin in shell: the key is in a file, named by the setting file.
read -r request
file=$(printf %s "$request" | sed -n 's/.*"settings":{"file":"\([^"\\]*\)"}.*/\1/p')
case $request in
'{"op":"describe",'*)
	echo '{"description":{"name":"shell","version":"1.0.0","operations":["load"],"settings":["file"]}}' ;;
'{"op":"load",'*)
	if [ ! -e "$file" ]; then echo '{"error":{"code":"no_key","message":"there is no such file"}}'
	elif tr -d '\r\n' <"$file" | LC_ALL=C grep -Exq '[A-Za-z0-9_=-]{24,44}'; then printf '{"key":"%s"}\n' "$(cat "$file")"
	else echo '{"error":{"code":"failed","message":"the file holds no key"}}'; fi ;;
*) echo '{"error":{"code":"unsupported","message":"it can only load"}}' ;;
esac
