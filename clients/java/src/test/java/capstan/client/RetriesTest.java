package capstan.client;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import capstan.client.model.Answer;
import capstan.client.model.AcquireRequest;
import capstan.client.model.Mode;
import capstan.client.model.StartRequest;
import capstan.client.model.StopRequest;
import capstan.client.model.UploadingStatus;
import java.io.IOException;
import java.net.ConnectException;
import java.net.http.HttpTimeoutException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletionException;
import javax.net.ssl.SSLHandshakeException;
import org.junit.jupiter.api.Test;

/** What is tried again, when, and how often; and that nothing is done twice. */
class RetriesTest {
    private static final String ACQUIRED =
            "{\"cname\":\"r\",\"uid\":\"9\",\"resourceId\":\"res\"}";
    private static final String STARTED =
            "{\"cname\":\"r\",\"uid\":\"9\",\"resourceId\":\"res\",\"sid\":\"s1\"}";
    private static final String STARTED_BEFORE =
            "{\"cname\":\"r\",\"uid\":\"9\",\"resourceId\":\"res\",\"sid\":\"s1\",\"code\":7,"
                    + "\"reason\":\"already started\",\"message\":\"already started\"}";
    private static final RecordingId ID =
            new RecordingId(Recorder.of("r", 9), Mode.MIX, "res", "s1");

    private final FakeServer server = new FakeServer();

    @Test
    void aLostAnswerToStartIsFoundAgain() {
        server.answers(200, ACQUIRED)
                .fails(new IOException("connection reset"))
                .answers(201, STARTED_BEFORE);
        Recording recording = server.client().build()
                .record("r", RecordOptions.standard().withUid(9));
        assertEquals("s1", recording.sid());
        assertEquals(ID, recording.id());
        assertTrue(server.done());
        assertEquals(
                "POST /v1/apps/school/cloud_recording/resourceid/res/mode/mix/start",
                server.method(2));
        assertEquals(server.method(1), server.method(2), "no second resource id was acquired");
    }

    @Test
    void aStartThatStaysUnansweredSaysHowToFindItAgain() {
        server.answers(200, ACQUIRED);
        for (int i = 0; i < 8; i++) {
            server.fails(new HttpTimeoutException("request timed out"));
        }
        server.answers(201, STARTED_BEFORE);
        Capstan capstan = server.client().build();
        UnansweredStartException lost = assertThrows(UnansweredStartException.class,
                () -> capstan.record("r", RecordOptions.standard().withUid(9)));
        assertTrue(lost.mayHaveHappened() && lost.retryable());
        Answer found = capstan.start(
                lost.recorder(), lost.resourceId(), lost.mode(), lost.request());
        assertEquals("s1", found.sid());
    }

    @Test
    void aStartThatWasNeverSentIsNoUnansweredOne() {
        server.answers(200, ACQUIRED).fails(new ConnectException("refused"));
        Capstan capstan = server.client().retries(RetryPolicy.never()).build();
        TransportException failed = assertThrows(
                TransportException.class, () -> capstan.record("r"));
        assertEquals(TransportException.Kind.CONNECT, failed.kind());
        assertFalse(failed.mayHaveHappened());
    }

    @Test
    void anAlreadyStartedWithoutItsSidIsAConflict() {
        server.answers(201, "{\"code\":7,\"reason\":\"already started\"}");
        assertThrows(ApiException.Conflict.class, this::start);
    }

    @Test
    void aLostAnswerToStopIsReadFromTheRecording() {
        for (String refusal : List.of(
                "400 {\"code\":49,\"reason\":\"invalid operation\"}",
                "404 {\"code\":404,\"reason\":\"failed to find worker\"}")) {
            FakeServer server = new FakeServer().fails(new IOException("reset"))
                    .answers(Integer.parseInt(refusal.substring(0, 3)), refusal.substring(4))
                    .answers(200, "{\"sid\":\"s1\",\"app\":\"school\",\"room\":\"r\","
                            + "\"recorderUid\":9,\"mode\":\"mix\",\"state\":\"done\","
                            + "\"startedAt\":1,\"endedAt\":2,\"files\":[{\"fileName\":"
                            + "\"s1_r.m3u8\"}],\"uploads\":{\"owed\":0,\"parked\":0,"
                            + "\"backedUp\":0}}");
            Answer stopped = server.client().build().stop(ID, StopRequest.builder().build());
            assertEquals(UploadingStatus.UPLOADED,
                    stopped.serverResponse().orElseThrow().uploadingStatus().orElseThrow());
            assertEquals("s1_r.m3u8",
                    stopped.serverResponse().orElseThrow().fileList().get(0).fileName());
            assertEquals("GET /api/v1/recordings/s1", server.method(2));
        }
    }

    @Test
    void aStopOfSomethingElseStaysARefusal() {
        server.answers(404, "{\"code\":404,\"reason\":\"failed to find worker\"}");
        assertThrows(ApiException.NotFound.class,
                () -> server.client().build().stop(ID, StopRequest.builder().build()));
        assertEquals(1, server.requests.size());
    }

    @Test
    void tooManyRequestsWaitAtLeastAsLongAsAsked() {
        server.answers(429, "{\"message\":\"API rate limit exceeded\"}", "Retry-After", "2")
                .answers(200, STARTED);
        assertEquals("s1", start().sid());
        // 2 s, and 200 ms of which half is chance.
        assertEquals(List.of(Duration.ofMillis(2_150)), server.pauses);
    }

    @Test
    void code65WaitsThreeThenSixSeconds() {
        String jitter = "{\"code\":65,\"reason\":\"request not completed\"}";
        server.answers(206, jitter).answers(206, jitter).answers(200, STARTED);
        assertEquals("s1", start().sid());
        assertEquals(List.of(Duration.ofMillis(3_750), Duration.ofMillis(7_500)), server.pauses);
    }

    @Test
    void serverErrorsAndGatewaysAreTriedAgainWithGrowingPauses() {
        server.answers(500, "{\"code\":501,\"reason\":\"no_worker_manager_available\"}")
                .answers(502, "<html>bad gateway</html>")
                .answers(503, "")
                .fails(new ConnectException("refused"))
                .answers(200, STARTED);
        assertEquals("s1", start().sid());
        assertEquals(List.of(150L, 300L, 600L, 1200L), millis());
    }

    @Test
    void halfOfAPauseIsChance() {
        for (double chance : new double[] {0.0, 0.999_999}) {
            FakeServer server = new FakeServer().answers(500, "{}").answers(200, ACQUIRED);
            server.client().chance(() -> chance).build()
                    .acquire(Recorder.of("r", 9), AcquireRequest.builder().build());
            long pause = server.pauses.get(0).toNanos();
            assertTrue(pause >= 100_000_000 && pause < 200_000_000, pause + " ns");
            assertEquals(chance == 0.0, pause == 100_000_000);
        }
    }

    @Test
    void refusalsAreNotTriedAgain() {
        for (int status : new int[] {400, 401, 404, 409, 501}) {
            FakeServer server = new FakeServer().answers(status, "{\"message\":\"no\"}");
            ApiException refused = assertThrows(ApiException.class,
                    () -> server.client().build().plugins());
            assertFalse(refused.retryable());
            assertEquals(1, server.requests.size(), "HTTP " + status);
        }
        FakeServer server = new FakeServer()
                .answers(500, "{\"code\":2,\"reason\":\"post method api body check failed!\"}");
        assertThrows(ApiException.InvalidRequest.class, () -> server.client().build().plugins());
    }

    @Test
    void anUntrustedCertificateIsNotTriedAgain() {
        server.fails(new CompletionException(new SSLHandshakeException("PKIX path")));
        TransportException failed = assertThrows(TransportException.class, this::start);
        assertEquals(TransportException.Kind.TLS, failed.kind());
    }

    @Test
    void oneDeadlineBoundsAllAttempts() {
        for (int i = 0; i < 20; i++) {
            server.fails(new HttpTimeoutException("request timed out"));
        }
        server.eachTakes(Duration.ofSeconds(30));
        Capstan capstan = server.client().callTimeout(Duration.ofSeconds(65)).build();
        assertThrows(TransportException.class, capstan::plugins);
        List<Long> timeouts = new java.util.ArrayList<>();
        server.requests.forEach(request -> timeouts.add(request.timeout().toMillis()));
        // The third attempt has what two attempts of 30 s and two pauses have left.
        assertEquals(List.of(30_000L, 30_000L, 4_550L), timeouts);
    }

    @Test
    void nobodyWaitsForAnAttemptThatCannotBeMade() {
        server.answers(429, "{}", "Retry-After", "60");
        Capstan capstan = server.client().callTimeout(Duration.ofSeconds(30)).build();
        ApiException.TooManyRequests refused = assertThrows(
                ApiException.TooManyRequests.class, capstan::plugins);
        assertEquals(Duration.ofSeconds(60), refused.retryAfter().orElseThrow());
        assertEquals(List.of(), server.pauses);
    }

    @Test
    void attemptsAreBounded() {
        for (int i = 0; i < 3; i++) {
            server.answers(503, "");
        }
        Capstan capstan = server.client()
                .retries(RetryPolicy.standard().withMaxAttempts(3)).build();
        assertThrows(ApiException.ServerError.class, capstan::plugins);
        assertEquals(3, server.requests.size());
    }

    private Answer start() {
        return server.client().build().start(
                Recorder.of("r", 9), "res", Mode.MIX, StartRequest.builder().build());
    }

    private List<Long> millis() {
        List<Long> millis = new java.util.ArrayList<>();
        server.pauses.forEach(pause -> millis.add(pause.toMillis()));
        return millis;
    }
}
