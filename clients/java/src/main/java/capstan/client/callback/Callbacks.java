package capstan.client.callback;

import capstan.client.BadAnswerException;
import capstan.client.internal.Json;
import capstan.client.internal.Json.JsonException;
import java.time.Clock;
import java.util.List;
import java.util.Map;
import java.util.function.Function;

/**
 * Checks who sent a callback and reads it.
 *
 * <p>A secret that begins with {@code whsec_} is one of Standard Webhooks (plugin
 * {@code callback-webhook}); several, separated by blanks, are taken while they change. Any
 * other secret is one of Agora's notification service (plugin {@code callback-agora}). The secret
 * decides, never the callback.
 *
 * <p>Give the bytes of the body as they came: JSON that was read and written again has another
 * signature.
 */
public final class Callbacks {
    private Callbacks() {}

    /**
     * Checks a callback's signature, in constant time, and reads it.
     *
     * @param headers all headers; names are compared without regard to case
     * @throws BadSignatureException if it isn't signed with the secret
     * @throws BadAnswerException if it is, and isn't an event
     */
    public static Event verify(
            byte[] body, Map<String, ? extends List<String>> headers, String secret) {
        return verify(body, name -> {
            for (Map.Entry<String, ? extends List<String>> header : headers.entrySet()) {
                // The JDK's client has an entry without a name.
                if (name.equalsIgnoreCase(header.getKey()) && !header.getValue().isEmpty()) {
                    return header.getValue().get(0);
                }
            }
            return null;
        }, secret, Clock.systemUTC());
    }

    /**
     * The same where headers are asked for by name.
     *
     * @param header answers null for a header that isn't there
     * @param clock the time against which a callback's own is held
     */
    public static Event verify(
            byte[] body, Function<String, String> header, String secret, Clock clock) {
        Signatures.check(body, header, secret, clock.instant());
        return read(body);
    }

    /** Reads a callback without checking who sent it: only for what was checked before. */
    public static Event read(byte[] body) {
        try {
            return Event.of(Json.readObject(body));
        } catch (JsonException e) {
            throw new BadAnswerException("the callback isn't JSON: " + e.getMessage());
        }
    }
}
