#!/bin/sh
# Records a room of a running server for some seconds, with nothing but curl.
# Usage: record.sh [ROOM] [SECONDS]
# Another server than `capstan serve` without a configuration: CAPSTAN_URL, CAPSTAN_APP, CAPSTAN_KEY (key:secret).
set -eu

room=${1:-room1}
seconds=${2:-15}
app=${CAPSTAN_APP:-demo}
api=${CAPSTAN_URL:-http://127.0.0.1:8080}/v1/apps/$app/cloud_recording

# Answers a call, or says why it was refused and ends.
call() {
    answer=$(curl -sS --fail-with-body -u "${CAPSTAN_KEY:-demo:demo}" -H 'Content-Type: application/json' "$@") || {
        echo "refused: $answer" >&2
        exit 1
    }
    printf '%s\n' "$answer"
}
# The value of a string field in the JSON on standard input.
field() {
    sed -n "s/.*\"$1\":\"\([^\"]*\)\".*/\1/p"
}

who="\"cname\":\"$room\",\"uid\":\"100\""
acquired=$(call "$api/acquire" -d "{$who,\"clientRequest\":{}}")
resource=$(echo "$acquired" | field resourceId)

started=$(call "$api/resourceid/$resource/mode/mix/start" -d "{$who,\"clientRequest\":{\"recordingConfig\":{
    \"transcodingConfig\":{\"width\":640,\"height\":360,\"fps\":15,\"bitrate\":500,\"mixedVideoLayout\":1}}}}")
sid=$(echo "$started" | field sid)
echo "recording $sid of $room for $seconds s"
sleep "$seconds"

queried=$(call "$api/resourceid/$resource/sid/$sid/mode/mix/query")
echo "watch it: $(echo "$queried" | field playbackUrl)"
call "$api/resourceid/$resource/sid/$sid/mode/mix/stop" -d "{$who,\"clientRequest\":{}}"
