package capstan.client.model;

import java.util.Objects;

/**
 * One of several values that a newer server may have more of: two are equal if their values on the
 * wire are.
 */
public abstract class Choice {
    private final Object value;

    Choice(Object value) {
        this.value = Objects.requireNonNull(value, "value");
    }

    /** What stands on the wire: a {@code String} or an {@code Integer}. */
    public final Object value() {
        return value;
    }

    @Override
    public final boolean equals(Object other) {
        return other != null
                && other.getClass() == getClass()
                && ((Choice) other).value.equals(value);
    }

    @Override
    public final int hashCode() {
        return value.hashCode();
    }

    @Override
    public final String toString() {
        return value.toString();
    }
}
