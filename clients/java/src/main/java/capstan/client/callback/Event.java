package capstan.client.callback;

import capstan.client.BadAnswerException;
import capstan.client.model.EventDetails;
import capstan.client.model.ReplayedEvent;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;

/** Something that happened in a recording, however it was told. */
public final class Event {
    private static final String STANDARD_KIND = "recording.";

    private final String kind;
    private final String sid;
    private final long sequence;
    private final Instant at;
    private final Optional<String> noticeId;
    private final Optional<String> app;
    private final Optional<String> room;
    private final OptionalLong recorderUid;
    private final OptionalInt type;
    private final EventDetails details;

    private Event(
            String kind, String sid, long sequence, Instant at, Optional<String> noticeId,
            Optional<String> app, Optional<String> room, OptionalLong recorderUid,
            OptionalInt type, Map<String, ?> details) {
        this.kind = kind;
        this.sid = sid;
        this.sequence = sequence;
        this.at = at;
        this.noticeId = noticeId;
        this.app = app;
        this.room = room;
        this.recorderUid = recorderUid;
        this.type = type;
        this.details = EventDetails.of(kind, details);
    }

    /** Reads the body of a callback, as Agora or as Standard Webhooks have it. */
    static Event of(Map<String, ?> body) {
        return body.containsKey("payload") ? agora(body) : standard(body);
    }

    /** An event of the recording {@code sid} that was told again. */
    public static Event of(String sid, ReplayedEvent event) {
        return new Event(
                event.kind(), sid, event.sequence(), Instant.ofEpochMilli(event.at()),
                Optional.of(event.noticeId()), Optional.empty(), Optional.empty(),
                OptionalLong.empty(), EventDetails.type(event.kind()), event.details());
    }

    private static Event agora(Map<String, ?> body) {
        Map<?, ?> payload = object(body, "payload");
        Map<String, ?> details = object(payload, "details");
        return new Event(
                text(details, "msgName"), text(payload, "sid"), number(payload, "sequence"),
                Instant.ofEpochMilli(number(payload, "sendts")),
                Optional.of(text(body, "noticeId")), Optional.empty(),
                Optional.of(text(payload, "cname")), OptionalLong.of(number(payload, "uid")),
                OptionalInt.of((int) number(body, "eventType")), details);
    }

    private static Event standard(Map<String, ?> body) {
        Map<?, ?> data = object(body, "data");
        String type = text(body, "type");
        String kind = type.startsWith(STANDARD_KIND)
                ? type.substring(STANDARD_KIND.length()) : type;
        return new Event(
                kind, text(data, "sid"), number(data, "sequence"), time(text(body, "timestamp")),
                Optional.empty(), Optional.of(text(data, "app")), Optional.of(text(data, "room")),
                OptionalLong.of(number(data, "recorder_uid")), EventDetails.type(kind),
                object(data, "details"));
    }

    /** Its stable name, {@code msgName} of Agora's callbacks: {@code uploaded}, say. */
    public String kind() {
        return kind;
    }

    /** Its number, {@code eventType} of Agora's callbacks; empty where nobody gave it one. */
    public OptionalInt type() {
        return type;
    }

    /** Which recording. */
    public String sid() {
        return sid;
    }

    /** Its number within the recording, from 0 without gaps. */
    public long sequence() {
        return sequence;
    }

    /** When it happened. */
    public Instant at() {
        return at;
    }

    /** The same at every delivery; absent in a Standard Webhooks body, whose header has it. */
    public Optional<String> noticeId() {
        return noticeId;
    }

    /** The app, where the callback tells it. */
    public Optional<String> app() {
        return app;
    }

    /** The room's name; absent in events that were told again. */
    public Optional<String> room() {
        return room;
    }

    /** The recorder's uid; absent in events that were told again. */
    public OptionalLong recorderUid() {
        return recorderUid;
    }

    /** The facts: {@code details() instanceof EventDetails.Uploaded}, say. */
    public EventDetails details() {
        return details;
    }

    @Override
    public String toString() {
        return sid + " #" + sequence + " " + kind + " " + details.toJson();
    }

    @SuppressWarnings("unchecked") // Maps of JSON have text as keys only.
    private static Map<String, ?> object(Map<?, ?> from, String name) {
        if (!(from.get(name) instanceof Map)) {
            throw wrong(name);
        }
        return (Map<String, ?>) from.get(name);
    }

    private static String text(Map<?, ?> from, String name) {
        if (!(from.get(name) instanceof String)) {
            throw wrong(name);
        }
        return (String) from.get(name);
    }

    /** Some numbers come as text. */
    private static long number(Map<?, ?> from, String name) {
        try {
            return Long.parseLong(String.valueOf(from.get(name)));
        } catch (NumberFormatException e) {
            throw wrong(name);
        }
    }

    private static Instant time(String text) {
        try {
            return Instant.parse(text);
        } catch (DateTimeException e) {
            throw wrong("timestamp");
        }
    }

    private static BadAnswerException wrong(String name) {
        return new BadAnswerException("the callback has no right " + name);
    }
}
