package capstan.client;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import capstan.client.internal.Json;
import capstan.client.model.AcquireRequest;
import capstan.client.model.Answer;
import capstan.client.model.ErrorBody;
import capstan.client.model.EventPage;
import capstan.client.model.EventsRequest;
import capstan.client.model.LayoutRequest;
import capstan.client.model.ListRequest;
import capstan.client.model.Mode;
import capstan.client.model.PluginList;
import capstan.client.model.RecordingDetails;
import capstan.client.model.RecordingPage;
import capstan.client.model.StartRequest;
import capstan.client.model.StopRequest;
import capstan.client.model.StorageConfig;
import capstan.client.model.UpdateRequest;
import capstan.client.model.Uploads;
import java.io.InputStream;
import java.net.URI;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * Whatever the running server describes at {@code /openapi.json} for callers of its API, this client
 * has: paths, fields of requests and answers, values.
 */
@Tag("live")
class DescribedTest {
    /** Paths for publishers, players and machines, which have their own tools. */
    private static final List<String> FOR_OTHERS = List.of(
            "/whip/", "/recordings/", "/healthz", "/readyz", "/metrics", "/openapi.json");

    private static final Map<Endpoint, Class<?>> REQUESTS = Map.of(
            Endpoint.ACQUIRE, AcquireRequest.class,
            Endpoint.START, StartRequest.class,
            Endpoint.UPDATE, UpdateRequest.class,
            Endpoint.UPDATE_LAYOUT, LayoutRequest.class,
            Endpoint.STOP, StopRequest.class,
            Endpoint.STORAGE, StorageConfig.class,
            Endpoint.LIST, ListRequest.class,
            Endpoint.EVENTS, EventsRequest.class);

    private static final Map<Endpoint, Class<?>> ANSWERS = Map.of(
            Endpoint.LIST, RecordingPage.class,
            Endpoint.DETAILS, RecordingDetails.class,
            Endpoint.EVENTS, EventPage.class,
            Endpoint.STORAGE, Uploads.class,
            Endpoint.PLUGINS, PluginList.class);

    private final List<String> missing = new ArrayList<>();
    private int checked;

    @Test
    void thisClientHasAllOfIt() throws Exception {
        URI url = URI.create(System.getenv("CAPSTAN_URL") + "/openapi.json");
        Map<String, Object> document;
        try (InputStream in = url.toURL().openStream()) {
            document = Json.readObject(in.readAllBytes());
        }
        object(document, "paths").forEach((path, methods) -> ((Map<?, ?>) methods).forEach(
                (method, operation) -> operation(
                        path.toString(), method.toString(), (Map<?, ?>) operation)));
        assertEquals(List.of(), missing, "the server has what this client hasn't");
        assertTrue(checked > 250, checked + " fields and values were checked");
    }

    private void operation(String path, String method, Map<?, ?> operation) {
        if (FOR_OTHERS.stream().anyMatch(path::startsWith)) {
            return;
        }
        Optional<Endpoint> endpoint = List.of(Endpoint.values()).stream()
                .filter(known -> known.path.equals(path)
                        && known.method.equalsIgnoreCase(method)).findFirst();
        if (endpoint.isEmpty()) {
            missing.add(method + " " + path);
            return;
        }
        ModelCheck check = new ModelCheck(method + " " + path, missing);
        for (Object parameter : list(operation, "parameters")) {
            parameter(check, endpoint.get(), (Map<?, ?>) parameter);
        }
        object(object(operation, "requestBody"), "content").values().forEach(content -> {
            Map<?, ?> schema = object((Map<?, ?>) content, "schema");
            request(check, endpoint.get(), schema);
        });
        object(operation, "responses").forEach((status, reply) -> {
            Class<?> refusal = ErrorBody.class;
            Class<?> answer = ANSWERS.getOrDefault(endpoint.get(), Answer.class);
            object((Map<?, ?>) reply, "content").values().forEach(content -> check.answer(
                    status.equals("200") ? answer : refusal,
                    object((Map<?, ?>) content, "schema")));
        });
        checked += check.checked();
    }

    /** Around {@code clientRequest} of the recording API are room and uid. */
    private static void request(ModelCheck check, Endpoint endpoint, Map<?, ?> schema) {
        List<?> parts = list(schema, "anyOf");
        if (!parts.isEmpty()) {
            parts.forEach(part -> request(check, endpoint, (Map<?, ?>) part));
            return;
        }
        if (!endpoint.regional()) {
            check.request(REQUESTS.get(endpoint), schema);
            return;
        }
        object(schema, "properties").forEach((name, property) -> {
            if (name.equals("clientRequest")) {
                check.request(REQUESTS.get(endpoint), (Map<?, ?>) property);
            } else if (!name.equals("cname") && !name.equals("uid")) {
                check.missing(name.toString());
            }
        });
    }

    private void parameter(ModelCheck check, Endpoint endpoint, Map<?, ?> parameter) {
        String name = parameter.get("name").toString();
        Map<?, ?> schema = object(parameter, "schema");
        if (parameter.get("in").equals("query")) {
            check.request(REQUESTS.get(endpoint), Map.of("properties", Map.of(name, schema)));
        } else if (!endpoint.path.contains("{" + name + "}")) {
            check.missing(name);
        }
        if (name.equals("mode")) {
            for (Object value : list(schema, "enum")) {
                if (!Mode.values().contains(Mode.of(value.toString()))) {
                    check.missing("mode " + value);
                }
                checked++;
            }
        }
    }

    static Map<?, ?> object(Map<?, ?> from, String name) {
        return from.get(name) instanceof Map ? (Map<?, ?>) from.get(name) : Map.of();
    }

    static List<?> list(Map<?, ?> from, String name) {
        return from.get(name) instanceof List ? (List<?>) from.get(name) : List.of();
    }
}
