package capstan.client.callback;

import capstan.client.BadAnswerException;
import capstan.client.Capstan;
import capstan.client.model.EventsRequest;
import capstan.client.model.ReplayedEvent;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/**
 * Holds each recording's events against their numbers: names what came twice, and fetches what
 * didn't come. Safe for several threads.
 *
 * <p>It remembers the last number of each recording, of the 10000 that were told of last. After a
 * restart, {@link #resume} what you had handled, or be ready to be given earlier events again.
 */
public final class SequenceChecker {
    private static final int MOST_RECORDINGS = 10_000;
    private static final long MOST_MISSING = 100_000;
    private static final long PAGE = 1_000;

    private final Replay replay;
    private final Map<String, Long> next = new LinkedHashMap<>(16, 0.75f, true) {
        private static final long serialVersionUID = 1;

        @Override
        protected boolean removeEldestEntry(Map.Entry<String, Long> eldest) {
            return size() > MOST_RECORDINGS;
        }
    };

    /** Tells a recording's events again. */
    @FunctionalInterface
    public interface Replay {
        /** Those with numbers above {@code after} and below {@code before}. */
        List<Event> between(String sid, long after, long before);
    }

    /** How an event stands to those before it. */
    public enum Verdict {
        /** The one that was due. */
        NEXT,
        /** It came before. */
        DUPLICATE,
        /** Others should have come before it. */
        GAP,
    }

    /** A checked event. */
    public static final class Checked {
        private final Verdict verdict;
        private final List<Event> events;
        private final List<Long> lost;

        private Checked(Verdict verdict, List<Event> events, List<Long> lost) {
            this.verdict = verdict;
            this.events = List.copyOf(events);
            this.lost = List.copyOf(lost);
        }

        /** How it stands to those before it. */
        public Verdict verdict() {
            return verdict;
        }

        /** What to handle now, in order: nothing, the event, or what was missing and the event. */
        public List<Event> events() {
            return events;
        }

        /** Numbers of events that the server doesn't remember any more. */
        public List<Long> lost() {
            return lost;
        }
    }

    /** A checker that fetches with this client. */
    public SequenceChecker(Capstan capstan) {
        this((sid, after, before) -> fetch(capstan, sid, after, before));
    }

    /** A checker that fetches from elsewhere. */
    public SequenceChecker(Replay replay) {
        this.replay = Objects.requireNonNull(replay, "replay");
    }

    /** Goes on behind event number {@code last} of a recording. */
    public synchronized void resume(String sid, long last) {
        next.put(sid, last + 1);
    }

    /**
     * Checks an event and remembers it. If fetching fails nothing is remembered: answer the
     * callback with 500, and it comes again.
     */
    public synchronized Checked check(Event event) {
        long due = next.getOrDefault(event.sid(), 0L);
        long number = event.sequence();
        if (number < due) {
            return new Checked(Verdict.DUPLICATE, List.of(), List.of());
        }
        if (number - due > MOST_MISSING) {
            throw new BadAnswerException(
                    "event " + number + " came where " + due + " was due: too many are missing");
        }
        List<Event> events = new ArrayList<>();
        List<Long> lost = new ArrayList<>();
        if (number > due) {
            Map<Long, Event> fetched = new LinkedHashMap<>();
            replay.between(event.sid(), due - 1, number)
                    .forEach(missed -> fetched.put(missed.sequence(), missed));
            for (long missing = due; missing < number; missing++) {
                Event found = fetched.get(missing);
                if (found == null) {
                    lost.add(missing);
                } else {
                    events.add(found);
                }
            }
        }
        events.add(event);
        next.put(event.sid(), number + 1);
        return new Checked(number > due ? Verdict.GAP : Verdict.NEXT, events, lost);
    }

    private static List<Event> fetch(Capstan capstan, String sid, long after, long before) {
        EventsRequest.Builder request = EventsRequest.builder()
                .limit(Math.min(PAGE, before - after - 1));
        // Numbers begin with 0, so that there is none before the first.
        if (after >= 0) {
            request.after(after);
        }
        List<Event> events = new ArrayList<>();
        for (ReplayedEvent event : capstan.events(sid, request.build())) {
            if (event.sequence() >= before) {
                break;
            }
            events.add(Event.of(sid, event));
        }
        return events;
    }
}
