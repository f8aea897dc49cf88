#!/bin/sh
# Records a room for some seconds: a server, two publishers and the five calls of the API.
# Usage: record.sh [SECONDS]; CAPSTAN names the program if it isn't in the PATH.
set -eu

seconds=${1:-15}
capstan=${CAPSTAN:-capstan}
base=http://127.0.0.1:8080
api=$base/v1/apps/demo/cloud_recording

post() {
    curl -sS -u demo:demo -H 'Content-Type: application/json' "$1" -d "$2"
}
# The value of a string field in the JSON on standard input.
field() {
    sed -n "s/.*\"$1\":\"\([^\"]*\)\".*/\1/p"
}
pids=
stop_all() {
    for pid in $pids; do
        kill "$pid" 2>/dev/null || true
    done
}
trap stop_all EXIT INT TERM

$capstan serve &
pids="$pids $!"
tries=0
until curl -sf $base/healthz >/dev/null; do
    tries=$((tries + 1))
    [ $tries -lt 50 ] || { echo "the server didn't come up" >&2; exit 1; }
    sleep 0.2
done

for uid in 7 8; do
    $capstan publish --url $base/whip/demo/room1/$uid --seconds $((seconds + 10)) >/dev/null &
    pids="$pids $!"
done

who='"cname":"room1","uid":"100"'
resource=$(post $api/acquire "{$who,\"clientRequest\":{}}" | field resourceId)
sid=$(post "$api/resourceid/$resource/mode/mix/start" "{$who,\"clientRequest\":{
  \"recordingConfig\":{\"transcodingConfig\":{\"width\":640,\"height\":360,\"fps\":15,
  \"bitrate\":500,\"mixedVideoLayout\":1}}}}" | field sid)
echo "recording $sid for $seconds s"

sleep "$seconds"
curl -sS -u demo:demo "$api/resourceid/$resource/sid/$sid/mode/mix/query"
echo
post "$api/resourceid/$resource/sid/$sid/mode/mix/stop" "{$who,\"clientRequest\":{}}"
echo
echo "the recording: recordings/${sid}_room1.m3u8"
