package capstan.client.model;

import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Puts an object together.
 *
 * @param <B> the builder itself
 */
public abstract class FieldsBuilder<B extends FieldsBuilder<B>> {
    private final Map<String, Object> fields;

    FieldsBuilder(Map<String, ?> fields) {
        this.fields = new LinkedHashMap<>(fields);
    }

    /**
     * Sets any field by its name in JSON, also one that this version doesn't know.
     *
     * @param value text, a number, a boolean, a list, a map, a {@link Choice} or {@link Fields};
     *     null takes the field out
     */
    @SuppressWarnings("unchecked")
    public final B with(String name, Object value) {
        if (value == null) {
            fields.remove(name);
        } else {
            fields.put(name, Plain.of(value));
        }
        return (B) this;
    }

    final Map<String, Object> map() {
        return fields;
    }
}
