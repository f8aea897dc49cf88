package capstan.client;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import capstan.client.model.ListRequest;
import capstan.client.model.Mode;
import capstan.client.model.RecordingSummary;
import capstan.client.model.Region;
import capstan.client.model.StartRequest;
import capstan.client.model.StorageConfig;
import java.util.Base64;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/** What leaves: addresses, headers, bodies; what is told of failures; and that no key is told. */
class RequestsTest {
    private final FakeServer server = new FakeServer();

    @Test
    void aRequestSaysWhoAsksForWhat() throws Exception {
        server.answers(200, "{\"resourceId\":\"res\"}").answers(200, "{\"sid\":\"s\"}");
        Capstan capstan = server.client().baseUrl("https://rec.example.com/capstan/")
                .region(Region.EU).userAgent("shop/2").build();
        capstan.record("a room", RecordOptions.standard().withUid(4_294_967_295L));
        assertEquals(
                "https://rec.example.com/capstan/eu/v1/apps/school/cloud_recording/acquire",
                server.requests.get(0).uri().toString());
        Map<String, String> headers = server.requests.get(0).headers();
        assertEquals("shop/2 capstan-java/" + Capstan.VERSION, headers.get("User-Agent"));
        assertEquals("application/json;charset=utf-8", headers.get("Content-Type"));
        String pair = new String(
                Base64.getDecoder().decode(headers.get("Authorization").substring(6)));
        assertEquals("key-of-school:secret-of-school", pair);
        assertEquals(
                Map.of("cname", "a room", "uid", "4294967295", "clientRequest", Map.of()),
                server.body(0));
    }

    @Test
    void capstansOwnPathsHaveNoRegion() {
        server.answers(200, "{\"plugins\":[],\"refused\":[]}");
        server.client().region(Region.EU).build().plugins();
        assertEquals("GET /api/v1/plugins", server.method(0));
    }

    @Test
    void namesCannotReachAnotherPath() {
        Capstan capstan = server.answers(404, "{}").client().build();
        assertThrows(ApiException.NotFound.class, () -> capstan.recording("a/../b?c#d"));
        assertEquals("/api/v1/recordings/a%2F..%2Fb%3Fc%23d",
                server.requests.get(0).uri().getRawPath());
        assertThrows(IllegalArgumentException.class, () -> capstan.recording(".."));
        assertThrows(IllegalArgumentException.class, () -> capstan.recording(""));
    }

    @Test
    void pagesAreFetchedAsSomebodyComesToThem() {
        String entry = "{\"sid\":\"%s\"}";
        server.answers(200, "{\"recordings\":[" + String.format(entry, "s1") + ","
                        + String.format(entry, "s2") + "],\"next\":\"7-s2\"}")
                .answers(200, "{\"recordings\":[" + String.format(entry, "s3") + "]}");
        Iterator<RecordingSummary> all = server.client().build()
                .list(ListRequest.builder().room("r & r").limit(2).build()).iterator();
        assertEquals("s1", all.next().sid());
        assertEquals("s2", all.next().sid());
        assertEquals(1, server.requests.size(), "the second page isn't asked for yet");
        assertEquals("s3", all.next().sid());
        assertFalse(all.hasNext());
        assertEquals("room=r%20%26%20r&limit=2", server.requests.get(0).uri().getRawQuery());
        assertEquals("room=r%20%26%20r&limit=2&after=7-s2",
                server.requests.get(1).uri().getRawQuery());
    }

    @Test
    void aRefusalNamesItsField() {
        server.answers(400, "{\"code\":2,\"reason\":\"post method api body check failed!: "
                + "/clientRequest/recordingConfig/maxIdleTime is 3; it must be 5 or more\"}");
        ApiException.InvalidRequest refused = assertThrows(ApiException.InvalidRequest.class,
                () -> server.client().build().record("r"));
        assertEquals(400, refused.status());
        assertEquals(2, refused.code().getAsInt());
        assertEquals("/clientRequest/recordingConfig/maxIdleTime",
                refused.pointer().orElseThrow());
        assertTrue(refused.getMessage().startsWith("acquire: HTTP 400, code 2: post method"));
    }

    @Test
    void aPathInARefusalIsNoField() {
        server.answers(404, "{\"code\":404,\"reason\":\"failed to find worker: it is over: "
                + "/api/v1/recordings/s tells more\"}");
        ApiException refused = assertThrows(ApiException.NotFound.class,
                () -> server.client().build().recording("s"));
        assertTrue(refused.pointer().isEmpty());
    }

    @Test
    void aProblemDocumentIsRead() {
        server.answers(400, "{\"type\":\"urn:capstan:problem:body\",\"title\":\"Bad Request\","
                + "\"status\":400,\"detail\":\"/vendor is missing, and so are new keys\"}");
        ApiException refused = assertThrows(ApiException.InvalidRequest.class, () -> server
                .client().build().storage("s", StorageConfig.builder().build()));
        assertEquals("/vendor", refused.pointer().orElseThrow());
        assertEquals("/vendor is missing, and so are new keys", refused.reason());
        assertTrue(refused.code().isEmpty());
    }

    @Test
    void anAnswerOfSomebodyElseIsABadOne() {
        server.answers(200, "<html>login</html>").answers(200, "[1]");
        Capstan capstan = server.client().build();
        assertThrows(BadAnswerException.class, capstan::plugins);
        assertThrows(BadAnswerException.class, capstan::plugins);
        server.answers(200, "{\"resourceId\":\"r\"}").answers(200, "{\"cname\":\"r\"}");
        BadAnswerException bad = assertThrows(
                BadAnswerException.class, () -> capstan.record("r"));
        assertEquals("Answer has no field sid", bad.getMessage());
    }

    @Test
    void noKeyIsEverTold() {
        String echo = "you sent "
                + new FakeServer().client().build().toString() + " secret-of-school and "
                + Base64.getEncoder().encodeToString("key-of-school:secret-of-school".getBytes());
        server.answers(500, echo).fails(new java.io.IOException(echo)).answers(400, echo);
        Capstan capstan = server.client().build();
        StartRequest start = StartRequest.builder().token("token-of-room")
                .storageConfig(StorageConfig.builder().vendor(1).accessKey("AKIA-shown")
                        .secretKey("sk-hidden").stsToken("sts-hidden").build()).build();
        ApiException refused = assertThrows(ApiException.class, () -> capstan.start(
                Recorder.of("r", 9), "res", Mode.MIX, start));
        assertEquals(3, server.log.size());
        String told = server.log.stream().map(LogEntry::toString)
                .collect(Collectors.joining("\n")) + refused + start + server.requests
                + refused.reason() + refused.body();
        for (String secret : List.of(
                "secret-of-school", "token-of-room", "AKIA-shown", "sk-hidden", "sts-hidden",
                Base64.getEncoder().encodeToString("key-of-school:secret-of-school".getBytes()))) {
            assertFalse(told.contains(secret), secret + " in " + told);
        }
        assertTrue(start.toJson().contains("sk-hidden"), "the request itself has it");
    }

    @Test
    void aBaseUrlHasNoCredentials() {
        for (String bad : List.of(
                "https://me:pw@rec.example.com", "ftp://rec.example.com", "rec.example.com",
                "https://rec.example.com?a=b")) {
            assertThrows(IllegalArgumentException.class, () -> Capstan.builder().baseUrl(bad));
        }
        assertThrows(IllegalStateException.class, () -> Capstan.builder().app("a").build());
    }
}
