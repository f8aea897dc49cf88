package capstan.client.callback;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import capstan.client.callback.SequenceChecker.Checked;
import capstan.client.callback.SequenceChecker.Verdict;
import capstan.client.model.ReplayedEvent;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

/** Duplicates and gaps are named, and what is missing is fetched. */
class SequenceCheckerTest {
    private final List<String> asked = new ArrayList<>();
    private final SequenceChecker checker = new SequenceChecker((sid, after, before) -> {
        asked.add(sid + " " + after + " " + before);
        // Number 3 is remembered by nobody.
        return LongStream.range(after + 1, before).filter(number -> number != 3)
                .mapToObj(number -> event(sid, number)).collect(Collectors.toList());
    });

    @Test
    void eventsInTheirOrderAreNext() {
        for (long number = 0; number < 3; number++) {
            Checked checked = checker.check(event("s", number));
            assertEquals(Verdict.NEXT, checked.verdict());
            assertEquals(List.of(number), numbers(checked));
        }
        assertEquals(List.of(), asked);
    }

    @Test
    void whatCameBeforeIsADuplicate() {
        checker.check(event("s", 0));
        Checked again = checker.check(event("s", 0));
        assertEquals(Verdict.DUPLICATE, again.verdict());
        assertEquals(List.of(), again.events());
        assertEquals(Verdict.NEXT, checker.check(event("t", 0)).verdict());
    }

    @Test
    void aGapIsFilledAndWhatIsLostIsNamed() {
        checker.check(event("s", 0));
        Checked checked = checker.check(event("s", 5));
        assertEquals(Verdict.GAP, checked.verdict());
        assertEquals(List.of("s 0 5"), asked);
        assertEquals(List.of(1L, 2L, 4L, 5L), numbers(checked));
        assertEquals(List.of(3L), checked.lost());
        assertEquals(Verdict.DUPLICATE, checker.check(event("s", 4)).verdict());
        assertEquals(Verdict.NEXT, checker.check(event("s", 6)).verdict());
    }

    @Test
    void whoComesLateIsGivenWhatWasBefore() {
        assertEquals(List.of(0L, 1L, 2L), numbers(checker.check(event("s", 2))));
        checker.resume("t", 1);
        assertEquals(Verdict.NEXT, checker.check(event("t", 2)).verdict());
    }

    @Test
    void afterAFailedFetchNothingIsRemembered() {
        SequenceChecker failing = new SequenceChecker((sid, after, before) -> {
            throw new IllegalStateException("no answer");
        });
        assertThrows(IllegalStateException.class, () -> failing.check(event("s", 1)));
        assertEquals(Verdict.NEXT, failing.check(event("s", 0)).verdict());
    }

    private static List<Long> numbers(Checked checked) {
        return checked.events().stream().map(Event::sequence).collect(Collectors.toList());
    }

    private static Event event(String sid, long number) {
        return Event.of(sid, ReplayedEvent.of(Map.of(
                "sequence", number, "noticeId", sid + number, "at", 1L, "kind", "uploaded",
                "details", Map.of())));
    }
}
