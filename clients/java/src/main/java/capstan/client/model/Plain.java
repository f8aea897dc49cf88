package capstan.client.model;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** What JSON can hold, unmodifiable all the way down, so that equal JSON is equal here. */
final class Plain {
    private Plain() {}

    static Map<String, Object> map(Map<?, ?> fields) {
        Map<String, Object> plain = new LinkedHashMap<>();
        fields.forEach((name, value) -> plain.put(String.valueOf(name), of(value)));
        return Collections.unmodifiableMap(plain);
    }

    static Object of(Object value) {
        if (value == null || value instanceof String || value instanceof Boolean
                || value instanceof Long || value instanceof BigInteger
                || value instanceof BigDecimal) {
            return value;
        }
        if (value instanceof Integer || value instanceof Short || value instanceof Byte) {
            return ((Number) value).longValue();
        }
        if (value instanceof Double || value instanceof Float) {
            // Refuses what is no number, as JSON does.
            return new BigDecimal(value.toString());
        }
        if (value instanceof Choice) {
            return of(((Choice) value).value());
        }
        if (value instanceof Fields) {
            return ((Fields) value).fields();
        }
        if (value instanceof Map) {
            return map((Map<?, ?>) value);
        }
        if (value instanceof Iterable) {
            List<Object> plain = new ArrayList<>();
            ((Iterable<?>) value).forEach(entry -> plain.add(of(entry)));
            return Collections.unmodifiableList(plain);
        }
        throw new IllegalArgumentException("JSON has no " + value.getClass().getName());
    }
}
