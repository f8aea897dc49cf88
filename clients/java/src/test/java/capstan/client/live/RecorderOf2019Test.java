package capstan.client.live;

import static capstan.client.live.Place.client;
import static capstan.client.live.Place.eventually;
import static capstan.client.live.Place.made;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.agora.cloud_recording.CloudRecorder;
import io.agora.cloud_recording.CloudStorageConfig;
import io.agora.cloud_recording.ICloudRecordingEventHandler;
import io.agora.cloud_recording.RecordingConfig;
import io.agora.cloud_recording.RecordingErrorCode;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Code of 2019 records with today's server. */
@Tag("live")
class RecorderOf2019Test implements ICloudRecordingEventHandler {
    private final List<String> told = new CopyOnWriteArrayList<>();
    private volatile String file = "";

    @Test
    void recordsAndTells() throws Exception {
        CloudRecorder recorder = CloudRecorder.createCloudRecorderInstance(
                this, app -> client(app).build());
        RecordingConfig config = new RecordingConfig();
        config.setTranscodingWidth(320);
        config.setTranscodingHeight(180);
        assertEquals(RecordingErrorCode.RecordingErrorInvalidOperation,
                recorder.stopCloudRecording());
        assertEquals(RecordingErrorCode.RecordingErrorInvalidParameter,
                recorder.startCloudRecording(
                        "school", "clients", null, 0, config, new CloudStorageConfig()));
        // 3000000003 as the unsigned number that it was.
        assertEquals(RecordingErrorCode.RecordingErrorOk, recorder.startCloudRecording(
                "school", "clients", "", (int) 3_000_000_003L, config, new CloudStorageConfig()));
        assertEquals(RecordingErrorCode.RecordingErrorInvalidOperation,
                recorder.startCloudRecording("school", "clients", null, 9, config, null));
        eventually("it has started", () -> told.contains("started"));
        // A first picture, so that there is something to upload.
        eventually("it has recorded", () -> recorded(recorder.getRecordingId()));
        assertEquals(RecordingErrorCode.RecordingErrorOk, recorder.stopCloudRecording());
        eventually("its files are uploaded", () -> told.contains("uploaded"));
        assertEquals(RecordingErrorCode.RecordingErrorOk, recorder.release(false));
        List<String> order = List.copyOf(told);
        assertEquals("connecting", order.get(0));
        assertTrue(order.indexOf("started") < order.indexOf("stopped")
                && order.indexOf("stopped") < order.indexOf("progress 100")
                && order.indexOf("progress 100") < order.indexOf("uploaded"), order.toString());
        assertTrue(order.stream().noneMatch(line -> line.startsWith("failure")), order.toString());
        assertTrue(file.startsWith(recorder.getRecordingId() + "_clients"), file);
        made(file);
    }

    private static boolean recorded(String sid) {
        return client("school").build().recording(sid).live()
                .filter(live -> live.segments() > 0).isPresent();
    }

    @Override
    public void onRecordingConnecting(String recordingId) {
        told.add("connecting");
    }

    @Override
    public void onRecordingStarted(String recordingId) {
        told.add("started");
    }

    @Override
    public void onRecordingStopped(String recordingId) {
        told.add("stopped");
    }

    @Override
    public void onRecordingUploaded(String recordingId, String fileName) {
        file = fileName;
        told.add("uploaded");
    }

    @Override
    public void onRecordingUploadingProgress(
            String recordingId, int progress, String recordingPlaylistFilename) {
        told.add("progress " + progress);
    }

    @Override
    public void onRecorderFailure(String recordingId, RecordingErrorCode code, String message) {
        told.add("failure of the recorder: " + message);
    }

    @Override
    public void onUploaderFailure(String recordingId, RecordingErrorCode code, String message) {
        told.add("failure of the uploader: " + message);
    }

    @Override
    public void onRecordingFatalError(String recordingId, RecordingErrorCode code) {
        told.add("failure " + code);
    }
}
