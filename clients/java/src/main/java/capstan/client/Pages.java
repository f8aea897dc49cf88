package capstan.client;

import java.util.Collections;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;

/**
 * A list whose pages are fetched as somebody comes to them. Each iteration begins anew.
 *
 * @param <T> an entry
 */
public final class Pages<T> implements Iterable<T> {
    private final Function<Optional<String>, Page<T>> fetch;

    Pages(Function<Optional<String>, Page<T>> fetch) {
        this.fetch = fetch;
    }

    /** Some entries, and where the next page begins; empty for the last one. */
    static final class Page<T> {
        final List<T> entries;
        final Optional<String> next;

        Page(List<T> entries, Optional<String> next) {
            this.entries = entries;
            this.next = next;
        }
    }

    /** Goes through all pages. A page that can't be fetched is told by {@link CapstanException}. */
    @Override
    public Iterator<T> iterator() {
        return new Iterator<T>() {
            private Iterator<T> page = Collections.emptyIterator();
            private Optional<String> next = Optional.empty();
            private boolean begun;

            @Override
            public boolean hasNext() {
                while (!page.hasNext() && (!begun || next.isPresent())) {
                    Page<T> fetched = fetch.apply(next);
                    if (next.isPresent() && fetched.next.equals(next)) {
                        throw new BadAnswerException("a page names itself as the next one");
                    }
                    begun = true;
                    page = fetched.entries.iterator();
                    next = fetched.next;
                }
                return page.hasNext();
            }

            @Override
            public T next() {
                if (!hasNext()) {
                    throw new NoSuchElementException();
                }
                return page.next();
            }
        };
    }

    /** The same as a stream. */
    public Stream<T> stream() {
        return StreamSupport.stream(spliterator(), false);
    }
}
