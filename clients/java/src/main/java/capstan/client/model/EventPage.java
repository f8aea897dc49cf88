package capstan.client.model;

import java.util.List;
import java.util.Map;

/** A page of a recording's events. */
public final class EventPage extends Fields {
    private EventPage(Map<String, ?> fields) {
        super(fields);
    }

    /** Reads an object as it stands in JSON. What this version does not know is kept. */
    public static EventPage of(Map<String, ?> fields) {
        return new EventPage(fields);
    }

    /** The events, delivered or not. */
    public List<ReplayedEvent> events() {
        return objects("events", ReplayedEvent::of);
    }

    /** Whether there are later ones already. */
    public boolean more() {
        return need("more", flag("more"));
    }
}
