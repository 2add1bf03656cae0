#!/bin/sh
# Does what the testkit needs of `daybook`: `serve` writes server.json and ends with 7 on SIGTERM, `fail` fails, any
# other command prints its arguments as JSON.
if [ "$1" = fail ]; then exit 3; fi
if [ "$1" != serve ]; then printf '{"arguments": "%s"}' "$*"; exit 0; fi
echo "$GREETING $*" >&2
if [ "$GREETING" = broken ]; then exit 1; fi
trap 'exit 7' TERM
case "$5" in *:0) address=127.0.0.1:41999 ;; *) address=$5 ;; esac
printf '{"url": "https://%s/", "ca": null, "pid": %s}' "$address" $$ > "$3/server.json"
while true; do sleep 0.05; done
