package capstan.client;

import java.nio.charset.StandardCharsets;
import java.util.Map;

/** The paths that this client calls, as the server's OpenAPI document spells them. */
enum Endpoint {
    ACQUIRE("acquire", "POST", "/v1/apps/{appid}/cloud_recording/acquire"),
    START("start", "POST", Paths.RESOURCE + "/mode/{mode}/start"),
    QUERY("query", "GET", Paths.RECORDING + "/query"),
    UPDATE("update", "POST", Paths.RECORDING + "/update"),
    UPDATE_LAYOUT("updateLayout", "POST", Paths.RECORDING + "/updateLayout"),
    STOP("stop", "POST", Paths.RECORDING + "/stop"),
    LIST("list", "GET", "/api/v1/recordings"),
    DETAILS("recording", "GET", "/api/v1/recordings/{sid}"),
    EVENTS("events", "GET", "/api/v1/recordings/{sid}/events"),
    STORAGE("storage", "PUT", "/api/v1/recordings/{sid}/storage"),
    PLUGINS("plugins", "GET", "/api/v1/plugins");

    final String operation;
    final String method;
    final String path;

    Endpoint(String operation, String method, String path) {
        this.operation = operation;
        this.method = method;
        this.path = path;
    }

    /** Whether a region may stand in front of the path. */
    boolean regional() {
        return path.startsWith("/v1/");
    }

    /** The path with values in place of its names. */
    String path(Map<String, String> values) {
        StringBuilder filled = new StringBuilder();
        for (String part : path.substring(1).split("/")) {
            filled.append('/');
            boolean open = part.startsWith("{");
            filled.append(open ? encode(values.get(part.substring(1, part.length() - 1))) : part);
        }
        return filled.toString();
    }

    /** Percent-encodes all that isn't unreserved (RFC 3986). */
    static String encode(String text) {
        // A name that walks through folders would reach another path.
        if (text.isEmpty() || text.equals(".") || text.equals("..")) {
            throw new IllegalArgumentException("\"" + text + "\" can't be a part of a path");
        }
        StringBuilder encoded = new StringBuilder();
        for (byte octet : text.getBytes(StandardCharsets.UTF_8)) {
            char c = (char) (octet & 0xff);
            boolean plain = c < 128 && Character.isLetterOrDigit(c) || "-._~".indexOf(c) >= 0;
            encoded.append(plain ? String.valueOf(c) : String.format("%%%02X", (int) c));
        }
        return encoded.toString();
    }

    private static final class Paths {
        static final String RESOURCE = "/v1/apps/{appid}/cloud_recording/resourceid/{resourceid}";
        static final String RECORDING = RESOURCE + "/sid/{sid}/mode/{mode}";
    }
}
