package capstan.client.live;

import static capstan.client.live.Place.client;
import static capstan.client.live.Place.eventually;
import static capstan.client.live.Place.made;
import static capstan.client.live.Place.variable;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import capstan.client.ApiException;
import capstan.client.Capstan;
import capstan.client.RecordOptions;
import capstan.client.Recording;
import capstan.client.callback.Event;
import capstan.client.callback.SequenceChecker;
import capstan.client.callback.SequenceChecker.Checked;
import capstan.client.callback.SequenceChecker.Verdict;
import capstan.client.model.Answer;
import capstan.client.model.AudioUidList;
import capstan.client.model.AvFileType;
import capstan.client.model.EventDetails;
import capstan.client.model.EventsRequest;
import capstan.client.model.LayoutRequest;
import capstan.client.model.ListRequest;
import capstan.client.model.MixedVideoLayout;
import capstan.client.model.Mode;
import capstan.client.model.Plugin;
import capstan.client.model.RecordedFile;
import capstan.client.model.RecordingConfig;
import capstan.client.model.RecordingDetails;
import capstan.client.model.RecordingFileConfig;
import capstan.client.model.RecordingState;
import capstan.client.model.RecordingSummary;
import capstan.client.model.ReplayedEvent;
import capstan.client.model.ServerResponse;
import capstan.client.model.StartRequest;
import capstan.client.model.Status;
import capstan.client.model.StopRequest;
import capstan.client.model.StorageConfig;
import capstan.client.model.StreamSubscribe;
import capstan.client.model.TranscodingConfig;
import capstan.client.model.UpdateRequest;
import capstan.client.model.UploadingStatus;
import capstan.client.model.VideoUidList;
import capstan.examples.CallbackServer;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** A whole session in both modes against a real server with a real publisher, callbacks and all. */
@Tag("live")
class WholeSessionTest {
    private static final String ROOM = "clients";
    private static final StorageConfig STORE =
            StorageConfig.builder().vendor("own").fileNamePrefix("sdk", "java").build();

    private final Map<String, List<Event>> told = new ConcurrentHashMap<>();

    @Test
    void fromRecordToTheLastCallback() throws Exception {
        Capstan school = client("school").build();
        Capstan college = client("college").build();
        try (CallbackServer receiver = new CallbackServer(
                Integer.parseInt(variable("CAPSTAN_CALLBACKS")))) {
            receiver.take("/agora", variable("CAPSTAN_SECRET_AGORA"),
                    new SequenceChecker(school), this::hear);
            receiver.take("/webhook", variable("CAPSTAN_SECRET_WEBHOOK"),
                    new SequenceChecker(college), this::hear);
            CompletableFuture<Recording> apart = college.async().record(ROOM, individual());
            Recording mix = school.record(ROOM, mixed());
            Recording individual = apart.get();
            eventually("files of both are in the store",
                    () -> status(mix) == 5 && status(individual) == 5);
            controlled(school, mix);
            ApiException.InvalidRequest refused = assertThrows(ApiException.InvalidRequest.class,
                    () -> individual.updateLayout(LayoutRequest.builder().build()));
            assertEquals(2, refused.code().getAsInt(), "a layout is of mode mix");
            stopped(mix);
            CompletableFuture<Answer> last = college.async()
                    .stop(individual.id(), StopRequest.builder().build());
            uploaded(last.get());
            eventually("the last event of both",
                    () -> exited(mix.sid()) && exited(individual.sid()));
            theSameAsReplayed(school, mix);
            theSameAsReplayed(college, individual);
        }
    }

    private static RecordOptions mixed() {
        return RecordOptions.standard().withUid(3_000_000_001L)
                .withStart(StartRequest.builder()
                        .recordingConfig(RecordingConfig.builder()
                                .maxIdleTime(60)
                                .transcodingConfig(TranscodingConfig.builder()
                                        .width(320).height(180).build())
                                .build())
                        .recordingFileConfig(RecordingFileConfig.builder()
                                .avFileType(AvFileType.HLS, AvFileType.MP4).build())
                        .storageConfig(STORE)
                        .build());
    }

    private static RecordOptions individual() {
        return RecordOptions.standard().withUid(3_000_000_002L).withMode(Mode.INDIVIDUAL)
                .withStart(StartRequest.builder()
                        .recordingConfig(RecordingConfig.builder()
                                .maxIdleTime(60).subscribeUidGroup(0).build())
                        .storageConfig(STORE)
                        .build());
    }

    /** Everything that can be asked of a running recording. */
    private static void controlled(Capstan capstan, Recording mix) {
        String sid = mix.sid();
        assertEquals(sid, mix.updateLayout(LayoutRequest.builder()
                .mixedVideoLayout(MixedVideoLayout.BEST_FIT).backgroundColor("#112233")
                .build()).sid());
        assertEquals(sid, mix.update(UpdateRequest.builder()
                .streamSubscribe(StreamSubscribe.builder()
                        .audioUidList(AudioUidList.builder()
                                .subscribeAudioUids("#allstream#").build())
                        .videoUidList(VideoUidList.builder()
                                .subscribeVideoUids("#allstream#").build())
                        .build())
                .build()).sid());
        ApiException.InvalidRequest refused = assertThrows(ApiException.InvalidRequest.class,
                () -> mix.updateLayout(LayoutRequest.builder().backgroundColor("red").build()));
        assertEquals("/clientRequest/backgroundColor", refused.pointer().orElseThrow());
        Answer again = capstan.start(
                mix.id().recorder(), mix.id().resourceId(), Mode.MIX,
                StartRequest.builder().build());
        assertEquals(sid, again.sid(), "the same recording, not a second one");
        List<RecordingSummary> listed = capstan.list(
                ListRequest.builder().room(ROOM).state(RecordingState.RECORDING).limit(1).build())
                .stream().filter(one -> one.sid().equals(sid)).collect(Collectors.toList());
        assertEquals(1, listed.size());
        RecordingDetails details = mix.details();
        assertEquals(RecordingState.RECORDING, details.state());
        assertTrue(details.live().orElseThrow().participants().contains(7L));
        assertTrue(details.tracks().size() >= 2, details.toString());
        assertEquals(0, capstan.storage(sid, STORE.toBuilder().build()).parked());
        List<String> plugins = capstan.plugins().plugins().stream()
                .map(Plugin::name).collect(Collectors.toList());
        assertTrue(plugins.contains("callback-agora"), plugins.toString());
        assertThrows(ApiException.Unauthorized.class,
                () -> client("school").key("school", "wrong").build().plugins());
        assertThrows(ApiException.NotFound.class, () -> client("college").build().recording(sid));
    }

    private static void stopped(Recording mix) throws Exception {
        uploaded(mix.stop());
        assertThrows(ApiException.NotFound.class, mix::query);
        eventually("it is over", () -> mix.details().state().equals(RecordingState.DONE));
    }

    private static void uploaded(Answer answer) throws Exception {
        ServerResponse response = answer.serverResponse().orElseThrow();
        assertEquals(UploadingStatus.UPLOADED, response.uploadingStatus().orElseThrow());
        assertTrue(response.fileList().size() >= 2, response.toString());
        for (RecordedFile file : response.fileList()) {
            assertTrue(file.fileName().startsWith("sdk/java/" + answer.sid()), file.toString());
            made(file.fileName());
        }
    }

    private void theSameAsReplayed(Capstan capstan, Recording recording) {
        List<Event> heard = told.get(recording.sid());
        List<String> replayed = capstan
                .events(recording.sid(), EventsRequest.builder().limit(3).build()).stream()
                .map(event -> Event.of(recording.sid(), event))
                .map(WholeSessionTest::facts).collect(Collectors.toList());
        assertEquals(
                replayed, heard.stream().map(WholeSessionTest::facts).collect(Collectors.toList()));
        assertTrue(heard.stream().anyMatch(
                event -> event.details() instanceof EventDetails.Uploaded));
        // What a receiver has lost is fetched, what it had already is dropped.
        SequenceChecker checker = new SequenceChecker(capstan);
        ReplayedEvent last = capstan.events(recording.sid()).stream()
                .reduce((a, b) -> b).orElseThrow();
        Checked checked = checker.check(Event.of(recording.sid(), last));
        assertEquals(Verdict.GAP, checked.verdict());
        assertEquals(heard.size(), checked.events().size());
        assertEquals(List.of(), checked.lost());
        assertEquals(Verdict.DUPLICATE, checker.check(heard.get(0)).verdict());
    }

    /** What an event says, told by a callback or again. */
    private static String facts(Event event) {
        return event.sequence() + " " + event.kind() + " " + event.at();
    }

    private void hear(Event event) {
        told.computeIfAbsent(event.sid(), sid -> Collections.synchronizedList(new ArrayList<>()))
                .add(event);
    }

    private boolean exited(String sid) {
        List<Event> events = told.getOrDefault(sid, List.of());
        return events.stream().anyMatch(
                event -> event.details() instanceof EventDetails.SessionExited);
    }

    private static int status(Recording recording) {
        Status status = recording.query().serverResponse().orElseThrow().status().orElseThrow();
        return (Integer) status.value();
    }
}
