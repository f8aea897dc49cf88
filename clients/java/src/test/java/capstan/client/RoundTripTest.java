package capstan.client;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import capstan.client.internal.Json;
import capstan.client.model.Answer;
import capstan.client.model.AvFileType;
import capstan.client.model.LayoutRegion;
import capstan.client.model.MixedVideoLayout;
import capstan.client.model.RecordingConfig;
import capstan.client.model.RecordingFileConfig;
import capstan.client.model.ServerResponse;
import capstan.client.model.StartRequest;
import capstan.client.model.Status;
import capstan.client.model.TranscodingConfig;
import capstan.client.model.VideoCodec;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Test;

/** JSON is read and written as it is, what a newer server may send included. */
class RoundTripTest {
    @Test
    void unknownFieldsAndValuesSurvive() throws Exception {
        String text = "{\"recordingConfig\":{\"streamTypes\":7,\"transcodingConfig\":"
                + "{\"videoCodec\":\"vvc\",\"newest\":{\"a\":[1,2.50,null,1e400]}}},"
                + "\"future\":[{\"x\":12345678901234567890}]}";
        StartRequest read = StartRequest.of(Json.readObject(bytes(text)));
        assertEquals(text.replace("1e400", "1E+400"), read.toJson());
        RecordingConfig config = read.recordingConfig().orElseThrow();
        assertEquals(7, config.streamTypes().orElseThrow().value());
        TranscodingConfig transcoding = config.transcodingConfig().orElseThrow();
        assertEquals(VideoCodec.of("vvc"), transcoding.videoCodec().orElseThrow());
        assertFalse(VideoCodec.values().contains(VideoCodec.of("vvc")));
        StartRequest changed = read.toBuilder()
                .recordingConfig(config.toBuilder()
                        .transcodingConfig(transcoding.toBuilder().width(640).build()).build())
                .build();
        assertEquals(
                text.replace("1e400", "1E+400").replace("null,1E+400]}}", "null,1E+400]},"
                        + "\"width\":640}"), changed.toJson());
    }

    @Test
    void buildersWriteWhatTheyAreGiven() {
        StartRequest start = StartRequest.builder()
                .recordingConfig(RecordingConfig.builder()
                        .subscribeAudioUids("1", "2")
                        .transcodingConfig(TranscodingConfig.builder()
                                .mixedVideoLayout(MixedVideoLayout.CUSTOM)
                                .layoutConfig(LayoutRegion.builder().uid("7").xAxis(0.5).yAxis(0)
                                        .width(0.5).height(1).build())
                                .build())
                        .build())
                .recordingFileConfig(RecordingFileConfig.builder()
                        .avFileType(AvFileType.HLS, AvFileType.MP4).build())
                .with("ourOwn", List.of(true))
                .build();
        assertEquals("{\"recordingConfig\":{\"subscribeAudioUids\":[\"1\",\"2\"],"
                + "\"transcodingConfig\":{\"mixedVideoLayout\":3,\"layoutConfig\":[{\"uid\":\"7\","
                + "\"x_axis\":0.5,\"y_axis\":0.0,\"width\":0.5,\"height\":1.0}]}},"
                + "\"recordingFileConfig\":{\"avFileType\":[\"hls\",\"mp4\"]},\"ourOwn\":[true]}",
                start.toJson());
        assertThrows(NumberFormatException.class,
                () -> LayoutRegion.builder().xAxis(Double.NaN));
    }

    @Test
    void answersOfBothYearsAreRead() throws Exception {
        String old = "{\"resourceId\":\"r\",\"sid\":\"s\",\"serverResponse\":{\"status\":\"5\","
                + "\"fileListMode\":\"json\",\"fileList\":[{\"filename\":\"a.m3u8\"}]}}";
        ServerResponse response = Answer.of(Json.readObject(bytes(old)))
                .serverResponse().orElseThrow();
        assertEquals(Status.IN_PROGRESS, response.status().orElseThrow());
        assertEquals("a.m3u8", response.fileList().get(0).fileName());
        String today = "{\"serverResponse\":{\"status\":5,\"fileListMode\":\"string\","
                + "\"fileList\":\"b.m3u8\"}}";
        response = Answer.of(Json.readObject(bytes(today))).serverResponse().orElseThrow();
        assertEquals("b.m3u8", response.playlist().orElseThrow());
        assertEquals("b.m3u8", response.fileList().get(0).fileName());
    }

    @Test
    void jsonIsReadStrictly() throws Exception {
        String odd = "{\"\":\"\\u0000\\\"\\\\ \\ud83d\\ude00 \\ud800\",\"n\":-0.0}";
        Object read = Json.read(odd);
        assertEquals(read, Json.read(Json.write(read)));
        for (String bad : List.of(
                "", "{", "[1,]", "{\"a\" 1}", "01", "1.", "+1", "nul", "\"\n\"", "\"\\x\"",
                "\"\\u12g4\"", "[1] 2", "{a:1}", "'a'", "NaN", "\"\\u00", "1e999999")) {
            assertThrows(Json.JsonException.class, () -> Json.read(bad), bad);
        }
        assertThrows(Json.JsonException.class, () -> Json.read("[".repeat(200_000)));
        assertThrows(Json.JsonException.class, () -> Json.read(new byte[] {'"', (byte) 0xff, '"'}));
        assertTrue(Json.read("[" + "[".repeat(90) + "]".repeat(90) + "]") instanceof List);
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }
}
