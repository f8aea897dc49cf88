"""Publishes one colour and one tone with GStreamer's webrtcbin: URL RRGGBB HERTZ SECONDS."""

import sys
import urllib.request

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstWebRTC", "1.0")
gi.require_version("GstSdp", "1.0")
from gi.repository import GLib, Gst, GstSdp, GstWebRTC

URL, COLOUR, HERTZ, SECONDS = sys.argv[1], int(sys.argv[2], 16), sys.argv[3], float(sys.argv[4])

Gst.init(None)
pipeline = Gst.parse_launch(f"""
    webrtcbin name=peer bundle-policy=max-bundle
    videotestsrc is-live=true pattern=solid-color foreground-color={0xFF000000 | COLOUR}
        ! video/x-raw,width=320,height=180,framerate=15/1 ! videoconvert
        ! vp8enc deadline=1 target-bitrate=200000 keyframe-max-dist=30 ! rtpvp8pay
        ! application/x-rtp,media=video,encoding-name=VP8,payload=96 ! peer.
    audiotestsrc is-live=true wave=sine volume=0.25 freq={HERTZ}
        ! audio/x-raw,rate=48000,channels=1 ! audioconvert ! opusenc ! rtpopuspay
        ! application/x-rtp,media=audio,encoding-name=OPUS,payload=111 ! peer.
""")
peer = pipeline.get_by_name("peer")
# Otherwise it uses every address but this one.
ice = peer.get_property("ice-agent")
ice.emit("add-local-ip-address", "127.0.0.1")
loop = GLib.MainLoop()


def offered(promise):
    promise.wait()
    # What it says lives as long as the reply does.
    reply = promise.get_reply()
    offer = reply.get_value("offer")
    peer.emit("set-local-description", offer, Gst.Promise.new())


def gathered(peer, _):
    if peer.get_property("ice-gathering-state") == GstWebRTC.WebRTCICEGatheringState.COMPLETE:
        GLib.idle_add(post)


def post():
    sdp = peer.get_property("local-description").sdp.as_text()
    request = urllib.request.Request(URL, sdp.encode(), {"Content-Type": "application/sdp"})
    with urllib.request.urlopen(request) as reply:
        text = reply.read()
    _, message = GstSdp.SDPMessage.new_from_text(text.decode())
    answer = GstWebRTC.WebRTCSessionDescription.new(GstWebRTC.WebRTCSDPType.ANSWER, message)
    peer.emit("set-remote-description", answer, Gst.Promise.new())
    return False


def failed(_, message):
    print(message.parse_error(), file=sys.stderr)
    loop.quit()


peer.connect("on-negotiation-needed", lambda p: p.emit("create-offer", None, Gst.Promise.new_with_change_func(offered)))
peer.connect("notify::ice-gathering-state", gathered)
bus = pipeline.get_bus()
bus.add_signal_watch()
bus.connect("message::error", failed)
pipeline.set_state(Gst.State.PLAYING)
GLib.timeout_add(int(SECONDS * 1000), loop.quit)
loop.run()
pipeline.set_state(Gst.State.NULL)
