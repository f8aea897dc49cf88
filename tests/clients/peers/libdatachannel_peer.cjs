// Publishes one colour and one tone with libdatachannel, which sends what FFmpeg packs:
// MODULES URL RRGGBB HERTZ SECONDS.
const [modules, url, colour, hertz, seconds] = process.argv.slice(2);
const rtc = require(`${modules}/node-datachannel`);
const { spawn } = require("node:child_process");
const dgram = require("node:dgram");

const streams = {
    video: {
        type: 96,
        ssrc: 0x0ca90001,
        encode: [
            ...["-f", "lavfi", "-i", `color=0x${colour}:size=320x180:rate=15`],
            ...["-c:v", "libvpx", "-deadline", "realtime", "-b:v", "200k", "-g", "15"],
        ],
    },
    audio: {
        type: 111,
        ssrc: 0x0ca90002,
        encode: [
            ...["-f", "lavfi", "-i", `sine=frequency=${hertz}:sample_rate=48000,volume=2`],
            ...["-c:a", "libopus", "-b:a", "32k"],
        ],
    },
};

const peer = new rtc.PeerConnection("capstan", { iceServers: [], bindAddress: "127.0.0.1", disableAutoNegotiation: true });
const children = [];
for (const [kind, { type, ssrc, encode }] of Object.entries(streams)) {
    const media = new rtc[kind === "video" ? "Video" : "Audio"](kind, "SendOnly");
    if (kind === "video") media.addVP8Codec(type);
    else media.addOpusCodec(type);
    media.addSSRC(ssrc, "capstan", "capstan", kind);
    const track = peer.addTrack(media);
    track.onOpen(() => {
        const socket = dgram.createSocket("udp4");
        socket.on("message", (packet) => track.isOpen() && track.sendMessageBinary(packet));
        socket.bind(0, "127.0.0.1", () => {
            const target = `rtp://127.0.0.1:${socket.address().port}?pkt_size=1200`;
            const format = ["-payload_type", `${type}`, "-ssrc", `${ssrc}`, "-f", "rtp", target];
            const quiet = ["-hide_banner", "-loglevel", "error", "-re"];
            children.push(spawn("ffmpeg", [...quiet, ...encode, ...format], { stdio: ["ignore", "ignore", "inherit"] }));
        });
    });
}

function end(code) {
    for (const child of children) child.kill();
    process.exit(code);
}
process.on("SIGTERM", () => end(0));

peer.onGatheringStateChange(async (state) => {
    if (state !== "complete") return;
    try {
        const answer = await fetch(url, {
            method: "POST",
            headers: { "content-type": "application/sdp" },
            body: peer.localDescription().sdp,
        });
        if (answer.status !== 201) throw new Error(`WHIP ${answer.status}: ${await answer.text()}`);
        peer.setRemoteDescription(await answer.text(), "answer");
    } catch (error) {
        console.error(error);
        end(1);
    }
});
peer.setLocalDescription("offer");
setTimeout(() => end(0), seconds * 1000);
