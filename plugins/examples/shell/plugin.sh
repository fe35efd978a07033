#!/bin/sh
# A key source plugin in shell: the key is in a file, named by the setting file.
read -r request
file=${request#*'"settings":{"file":"'} file=${file%%'"'*} key=
case $request in
'{"op":"describe",'*)
	echo '{"description":{"name":"shell","version":"1.0.0","operations":["load"],"settings":["file"]}}' ;;
'{"op":"load",'*)
	if [ ! -e "$file" ]; then echo '{"error":{"code":"no_key","message":"there is no such file"}}'; exit; fi
	read -r key <"$file"
	case $key in *[!A-Za-z0-9_=-]* | '') echo '{"error":{"code":"failed","message":"the file holds no key"}}' ;;
	*) echo "{\"key\":\"$key\"}" ;; esac ;;
*) echo '{"error":{"code":"unsupported","message":"it can only load"}}' ;;
esac
