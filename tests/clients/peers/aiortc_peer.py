"""Publishes one colour and one tone with aiortc: URL RRGGBB HERTZ SECONDS."""

import array
import asyncio
import math
import sys
import urllib.request
from fractions import Fraction

import av
from aiortc import (
    AudioStreamTrack,
    RTCConfiguration,
    RTCPeerConnection,
    RTCSessionDescription,
    VideoStreamTrack,
)

URL, COLOUR = sys.argv[1], bytes.fromhex(sys.argv[2])
HERTZ, SECONDS = float(sys.argv[3]), float(sys.argv[4])
RATE, PART = 48_000, 960


class Picture(VideoStreamTrack):
    async def recv(self):
        pts, base = await self.next_timestamp()
        frame = av.VideoFrame(320, 180, "rgb24")
        [plane] = frame.planes
        plane.update((COLOUR * plane.line_size)[: plane.line_size] * 180)
        frame.pts, frame.time_base = pts, base
        return frame


class Tone(AudioStreamTrack):
    sent = 0
    begun = None

    async def recv(self):
        clock = asyncio.get_running_loop().time
        self.begun = self.begun or clock()
        await asyncio.sleep(max(0, self.begun + self.sent / RATE - clock()))
        phase = 2 * math.pi * HERTZ / RATE
        samples = (round(math.sin(phase * (self.sent + n)) * 8_000) for n in range(PART))
        frame = av.AudioFrame("s16", "mono", PART)
        frame.planes[0].update(array.array("h", samples).tobytes())
        frame.sample_rate, frame.pts, frame.time_base = RATE, self.sent, Fraction(1, RATE)
        self.sent += PART
        return frame


async def main():
    peer = RTCPeerConnection(RTCConfiguration(iceServers=[]))
    peer.addTrack(Picture())
    peer.addTrack(Tone())
    await peer.setLocalDescription(await peer.createOffer())
    request = urllib.request.Request(
        URL, peer.localDescription.sdp.encode(), {"Content-Type": "application/sdp"}
    )
    with urllib.request.urlopen(request) as answer:
        sdp = answer.read().decode()
    await peer.setRemoteDescription(RTCSessionDescription(sdp, "answer"))
    await asyncio.sleep(SECONDS)
    await peer.close()


asyncio.run(main())
