package capstan.client.callback;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import capstan.client.BadAnswerException;
import capstan.client.internal.Json;
import capstan.client.model.EventDetails;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** Signatures by the cases that all clients share; events by their numbers. */
class CallbacksTest {
    @Test
    void everyGoldenCaseIsJudgedRightly() throws Exception {
        Path cases = Path.of(System.getProperty("capstan.fixtures"), "signatures.json");
        int judged = 0;
        for (Object entry : (List<?>) Json.read(Files.readAllBytes(cases))) {
            Map<?, ?> given = (Map<?, ?>) entry;
            byte[] body = given.get("body").toString().getBytes(StandardCharsets.UTF_8);
            Clock clock = Clock.fixed(
                    Instant.ofEpochSecond((Long) given.get("now")), ZoneOffset.UTC);
            Map<?, ?> headers = (Map<?, ?>) given.get("headers");
            boolean valid = true;
            try {
                Callbacks.verify(body, name -> header(headers, name),
                        given.get("secret").toString(), clock);
            } catch (BadSignatureException e) {
                valid = false;
            } catch (BadAnswerException e) {
                // Signed rightly, and no event of a recording.
            }
            assertEquals(given.get("valid"), valid, given.get("what").toString());
            judged++;
        }
        assertEquals(30, judged);
    }

    @Test
    void secretsThatProveNothingAreRefused() {
        for (String bad : List.of("", "whsec_", "whsec_AAAA", "whsec_!!!")) {
            Map<String, List<String>> headers = Map.of(
                    "webhook-id", List.of("a"), "webhook-timestamp", List.of("1"),
                    "webhook-signature", List.of("v1,a"));
            assertThrows(IllegalArgumentException.class,
                    () -> Callbacks.verify(new byte[0], headers, bad));
        }
    }

    @Test
    void eventsAreTyped() throws Exception {
        List<Event> events = new ArrayList<>();
        Path cases = Path.of(System.getProperty("capstan.fixtures"), "signatures.json");
        for (Object entry : (List<?>) Json.read(Files.readAllBytes(cases))) {
            Map<?, ?> given = (Map<?, ?>) entry;
            String what = given.get("what").toString();
            if (what.startsWith("an event of a recording") || what.equals("an event as a webhook")) {
                events.add(Callbacks.read(
                        given.get("body").toString().getBytes(StandardCharsets.UTF_8)));
            }
        }
        Event uploaded = events.get(0);
        assertEquals(31, uploaded.type().getAsInt());
        assertEquals("room \"ä\"", uploaded.room().orElseThrow());
        assertEquals(527_841, uploaded.recorderUid().getAsLong());
        assertEquals(7, uploaded.sequence());
        EventDetails.Uploaded details = (EventDetails.Uploaded) uploaded.details();
        assertEquals("a/s_r.m3u8", details.fileList().get(0).fileName());
        assertTrue(details.toJson().contains("\"newField\":{\"x\":[1,2.50]}"));
        Event progress = events.get(1);
        assertEquals("uploading_progress", progress.kind());
        assertEquals(33, progress.type().getAsInt());
        assertEquals("demo", progress.app().orElseThrow());
        assertEquals(10_000L,
                ((EventDetails.Progress) progress.details()).progress().orElseThrow());
        assertTrue(EventDetails.of("of_a_newer_server", Map.of("a", 1))
                instanceof EventDetails.Other);
        assertThrows(BadAnswerException.class, () -> Callbacks.read("{}".getBytes()));
    }

    @Test
    void headersAreFoundInAnyCase() {
        byte[] body = "{}".getBytes();
        Map<String, List<String>> headers = Map.of("AGORA-signature", List.of("wrong"));
        assertThrows(BadSignatureException.class, () -> Callbacks.verify(body, headers, "s"));
        assertArrayEquals("{}".getBytes(), body);
    }

    private static String header(Map<?, ?> headers, String name) {
        return headers.entrySet().stream()
                .filter(entry -> entry.getKey().toString().equalsIgnoreCase(name))
                .map(entry -> entry.getValue().toString()).findFirst().orElse(null);
    }
}
