#!/usr/bin/env bash
# Starts the service over an empty folder, lets schemathesis send it what its OpenAPI document
# allows and what it forbids.
#
#   bench/contract/run.sh [PATH OF THE tripline BINARY] [PORT]
#
# Needs schemathesis 4 on the PATH (`pip install schemathesis==4.32.5`). Takes at most two minutes;
# the same seed sends the same requests.
set -euo pipefail
binary="${1:-target/release/tripline}"
port="${2:-15590}"
folder="$(mktemp -d)"
"$binary" serve --data-dir "$folder" --port "$port" >"$folder/log" 2>&1 &
service=$!
trap 'kill "$service" 2>/dev/null || true; wait "$service" 2>/dev/null || true; rm -rf "$folder"' EXIT
for _ in $(seq 100); do
    curl -fsS "http://127.0.0.1:$port/readyz" >/dev/null 2>&1 && break
    kill -0 "$service" 2>/dev/null || { cat "$folder/log" >&2; exit 1; }
    sleep 0.1
done
token="$(grep -o 'tlt_[A-Za-z0-9_-]*' "$folder/log" | head -1)"
cd "$folder"
# A stream has no end; a form of the dashboard is no part of the document.
timeout 150 schemathesis run "http://127.0.0.1:$port/api/v1/openapi.json" \
    --header "X-Tripline-Token: $token" \
    --checks not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance \
    --exclude-path-regex '/(stream|events)$' \
    --phases examples,coverage,fuzzing --max-examples 10 --seed 1 \
    --request-timeout 20 --workers 1 --max-time 100 --continue-on-failure --warnings off
kill -0 "$service" || { echo "the service ended" >&2; cat "$folder/log" >&2; exit 1; }
