package capstan.client.model;

import capstan.client.BadAnswerException;
import capstan.client.internal.Json;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;

/**
 * An immutable JSON object with names for what this version knows of it. What it doesn't know is
 * kept: read, written again and compared like the rest.
 */
public abstract class Fields {
    /** Fields that are never shown as text. */
    private static final Set<String> SECRET =
            Set.of("accessKey", "secretKey", "stsToken", "token", "secret", "salt");

    private final Map<String, Object> fields;

    Fields(Map<String, ?> fields) {
        this.fields = Plain.map(fields);
    }

    /** All fields as they stand in JSON; unmodifiable. */
    public final Map<String, Object> fields() {
        return fields;
    }

    /** A field by its name in JSON, known or not; null if it is absent. */
    public final Object get(String name) {
        return fields.get(name);
    }

    /** The object as JSON, secrets included. */
    public final String toJson() {
        return Json.write(fields);
    }

    final Optional<String> text(String name) {
        Object value = fields.get(name);
        if (value instanceof Map || value instanceof List) {
            throw wrong(name, "text");
        }
        return Optional.ofNullable(value).map(Object::toString);
    }

    final Optional<Long> integer(String name) {
        return Optional.ofNullable(fields.get(name)).map(value -> toLong(name, value));
    }

    final Optional<Integer> small(String name) {
        return integer(name).map(value -> {
            if (value.intValue() != value) {
                throw wrong(name, "a number of that size");
            }
            return value.intValue();
        });
    }

    final Optional<Double> number(String name) {
        Object value = fields.get(name);
        if (value != null && !(value instanceof Number)) {
            throw wrong(name, "a number");
        }
        return Optional.ofNullable((Number) value).map(Number::doubleValue);
    }

    final Optional<Boolean> flag(String name) {
        Object value = fields.get(name);
        if (value != null && !(value instanceof Boolean)) {
            throw wrong(name, "true or false");
        }
        return Optional.ofNullable((Boolean) value);
    }

    /** An inner object as it is; empty if it is absent. */
    final Map<String, Object> object(String name) {
        Object value = fields.get(name);
        return value == null ? Map.of() : toMap(name, value);
    }

    final <T> Optional<T> object(String name, Function<Map<String, ?>, T> read) {
        return Optional.ofNullable(fields.get(name)).map(value -> read.apply(toMap(name, value)));
    }

    final <T> List<T> objects(String name, Function<Map<String, ?>, T> read) {
        return map(list(name), value -> read.apply(toMap(name, value)));
    }

    final List<String> texts(String name) {
        return map(list(name), Object::toString);
    }

    final List<Long> integers(String name) {
        return map(list(name), value -> toLong(name, value));
    }

    static <A, B> List<B> map(List<A> values, Function<? super A, B> read) {
        List<B> mapped = new ArrayList<>(values.size());
        values.forEach(value -> mapped.add(read.apply(value)));
        return List.copyOf(mapped);
    }

    /** A field that a server of this kind always sends. */
    final <T> T need(String name, Optional<T> value) {
        return value.orElseThrow(() -> new BadAnswerException(
                getClass().getSimpleName() + " has no field " + name));
    }

    private List<Object> list(String name) {
        Object value = fields.get(name);
        if (value != null && !(value instanceof List)) {
            throw wrong(name, "a list");
        }
        List<Object> entries = new ArrayList<>();
        if (value != null) {
            ((List<?>) value).forEach(entries::add);
        }
        if (entries.contains(null)) {
            throw wrong(name, "a list without null");
        }
        return entries;
    }

    @SuppressWarnings("unchecked") // Every map in here was made by Plain.
    private Map<String, Object> toMap(String name, Object value) {
        if (!(value instanceof Map)) {
            throw wrong(name, "an object");
        }
        return (Map<String, Object>) value;
    }

    /** Servers of 2020 sent some numbers as text. */
    private long toLong(String name, Object value) {
        if (value instanceof Long) {
            return (Long) value;
        }
        try {
            return Long.parseLong(value.toString());
        } catch (NumberFormatException e) {
            throw wrong(name, "an integer");
        }
    }

    private BadAnswerException wrong(String name, String wanted) {
        return new BadAnswerException(
                getClass().getSimpleName() + "." + name + " is not " + wanted);
    }

    @Override
    public final boolean equals(Object other) {
        return other != null
                && other.getClass() == getClass()
                && ((Fields) other).fields.equals(fields);
    }

    @Override
    public final int hashCode() {
        return fields.hashCode();
    }

    /** The object as JSON with secrets hidden. */
    @Override
    public final String toString() {
        return getClass().getSimpleName() + Json.write(hidden(fields));
    }

    private static Object hidden(Object value) {
        if (value instanceof Map) {
            Map<String, Object> shown = new LinkedHashMap<>();
            ((Map<?, ?>) value).forEach((name, inner) -> shown.put(
                    name.toString(), SECRET.contains(name) ? "***" : hidden(inner)));
            return shown;
        }
        if (value instanceof List) {
            List<Object> shown = new ArrayList<>();
            ((List<?>) value).forEach(entry -> shown.add(hidden(entry)));
            return shown;
        }
        return value;
    }
}
