// Publishes one colour and one tone with libwebrtc: MODULES URL RRGGBB HERTZ SECONDS.
const [modules, url, colour, hertz, seconds] = process.argv.slice(2);
const { RTCPeerConnection, nonstandard } = require(`${modules}/@roamhq/wrtc`);

const width = 320;
const height = 180;
const [red, green, blue] = colour.match(/../g).map((pair) => Number.parseInt(pair, 16));
const rgba = new Uint8ClampedArray(width * height * 4);
for (let at = 0; at < rgba.length; at += 4) rgba.set([red, green, blue, 255], at);
const picture = { width, height, data: new Uint8ClampedArray((width * height * 3) / 2) };
nonstandard.rgbaToI420({ width, height, data: rgba }, picture);

const video = new nonstandard.RTCVideoSource();
const audio = new nonstandard.RTCAudioSource();
setInterval(() => video.onFrame(picture), 66);
let sent = 0;
const begun = performance.now();
setInterval(() => {
    for (; sent * 10 < performance.now() - begun; sent++) {
        const samples = new Int16Array(480);
        for (let n = 0; n < 480; n++) {
            samples[n] = Math.sin((2 * Math.PI * hertz * (sent * 480 + n)) / 48_000) * 8_000;
        }
        audio.onData({ samples, sampleRate: 48_000, bitsPerSample: 16, channelCount: 1, numberOfFrames: 480 });
    }
}, 10);

async function publish() {
    const peer = new RTCPeerConnection({ iceServers: [] });
    peer.addTransceiver(video.createTrack(), { direction: "sendonly" });
    peer.addTransceiver(audio.createTrack(), { direction: "sendonly" });
    await peer.setLocalDescription(await peer.createOffer());
    const answer = await fetch(url, {
        method: "POST",
        headers: { "content-type": "application/sdp" },
        body: peer.localDescription.sdp,
    });
    if (answer.status !== 201) throw new Error(`WHIP ${answer.status}: ${await answer.text()}`);
    await peer.setRemoteDescription({ type: "answer", sdp: await answer.text() });
    await new Promise((done) => setTimeout(done, seconds * 1000));
    peer.close();
    process.exit(0);
}
publish().catch((error) => {
    console.error(error);
    process.exit(1);
});
