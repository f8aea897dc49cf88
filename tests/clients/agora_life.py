"""Drives one recording through the client library of Agora that others use, and prints what it got.

Usage: agora_life.py mix|individual HOST APP KEY SECRET CNAME SECONDS

The library is taken as it is; only the host and the scheme of its addresses are ours, since it knows no
others than the vendor's.
"""

import json
import sys
import time

from agora_rest_client.core.domain import Domain, EndpointRegion
from agora_rest_client.core.exceptions import ServiceResponseException
from agora_rest_client.services.cloud_recording.v1.individual_recording import api_start as individual_start
from agora_rest_client.services.cloud_recording.v1.individual_recording import api_update as individual_update
from agora_rest_client.services.cloud_recording.v1.individual_recording.individual_recording_client import (
    IndividualRecordingClient,
)
from agora_rest_client.services.cloud_recording.v1.mix_recording import api_start as mix_start
from agora_rest_client.services.cloud_recording.v1.mix_recording import api_update as mix_update
from agora_rest_client.services.cloud_recording.v1.mix_recording.mix_recording_client import (
    MixRecordingClient,
)


class Here(Domain):
    """One host, without asking any name server for a better one."""

    def __init__(self, host):
        super().__init__(EndpointRegion.US.value)
        self._domain_list = [host]

    def run(self, logger):
        self._logger = logger


def aimed(kind, host, app, key, secret):
    """A client of the library that speaks plain HTTP to `host`."""

    class Aimed(kind):
        def get_api_url(self, host, url, service_region=None):
            return f"http://{host}{url}"

    client = Aimed()
    client.with_app_id(app)
    client.with_credential_basic_auth(key, secret)
    client.with_domain(Here(host))
    return client.build()


def own_storage(kind):
    """The server's own store, under a number that its configuration gives it."""
    return kind(vendor=77, region=0, bucket="own", accessKey="unused", secretKey="unused",
                fileNamePrefix=["lib", "python"])


def main():
    mode, host, app, key, secret, cname, seconds = sys.argv[1:]
    uid = "527841"
    log = {}
    if mode == "mix":
        client = aimed(MixRecordingClient, host, app, key, secret)
        config = mix_start.RecordingConfig(
            channelType=0, streamTypes=2, maxIdleTime=60,
            transcodingConfig={"width": 640, "height": 360, "fps": 15, "bitrate": 500,
                               "mixedVideoLayout": 1, "backgroundColor": "#000000"})
        start, update = mix_start, mix_update
    else:
        client = aimed(IndividualRecordingClient, host, app, key, secret)
        config = individual_start.RecordingConfig(
            channelType=0, streamTypes=2, maxIdleTime=60, subscribeUidGroup=0)
        start, update = individual_start, individual_update

    acquired = client.acquire(cname, uid, resource_expired_hour=24)
    log["acquire"] = acquired.to_dict()
    resource = acquired.resourceId
    options = {} if mode == "mix" else {"snapshot_type": None}
    started = client.start(resource, cname, uid, "", own_storage(start.StorageConfig),
                           recording_config=config, **options)
    log["start"] = started.to_dict()
    sid = started.sid
    time.sleep(float(seconds))
    log["query"] = client.query(resource, sid).to_dict()
    everybody = update.StreamSubscribe(
        audioUidList=update.AudioUidList(subscribeAudioUids=["#allstream#"]),
        videoUidList=update.VideoUidList(subscribeVideoUids=["#allstream#"]))
    log["update"] = client.update(resource, sid, cname, uid, stream_subscribe=everybody).to_dict()
    if mode == "mix":
        log["updateLayout"] = client.update_layout(
            resource, sid, cname, uid, mixed_video_layout=0).to_dict()
    log["stop"] = client.stop(resource, sid, cname, uid).to_dict()
    try:
        client.query(resource, sid)
        log["after"] = "answered"
    except ServiceResponseException as error:
        log["after"] = {"status": error.status_code, "code": error.error_code,
                        "reason": error.error_msg}
    print(json.dumps(log))


if __name__ == "__main__":
    main()
