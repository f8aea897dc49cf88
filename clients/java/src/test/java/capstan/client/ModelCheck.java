package capstan.client;

import static capstan.client.DescribedTest.list;
import static capstan.client.DescribedTest.object;

import capstan.client.model.Choice;
import capstan.client.model.Fields;
import java.lang.reflect.Method;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.Type;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Holds classes of the model against schemas, by building and reading every field once. */
final class ModelCheck {
    /** Other spellings of fields that the client has. */
    private static final Map<String, String> SPELLINGS = Map.of(
            "unsubscribeAudioUids", "unSubscribeAudioUids",
            "unsubscribeVideoUids", "unSubscribeVideoUids",
            "filename", "fileName");

    private final String where;
    private final List<String> missing;
    private int checked;

    ModelCheck(String where, List<String> missing) {
        this.where = where;
        this.missing = missing;
    }

    int checked() {
        return checked;
    }

    void missing(String what) {
        missing.add(where + ": " + what);
    }

    /** Every property can be built, and read again. */
    void request(Class<?> type, Map<?, ?> schema) {
        each(type, schema, true);
    }

    /** Every property can be read. */
    void answer(Class<?> type, Map<?, ?> schema) {
        each(type, schema, false);
    }

    private void each(Class<?> type, Map<?, ?> schema, boolean builds) {
        list(schema, "anyOf").forEach(part -> each(type, (Map<?, ?>) part, builds));
        object(schema, "properties").forEach((name, property) -> {
            String known = SPELLINGS.getOrDefault(name.toString(), name.toString());
            checked++;
            try {
                property(type, known, name.toString(), (Map<?, ?>) property, builds);
            } catch (ReflectiveOperationException e) {
                missing(type.getSimpleName() + "." + name + ": " + e);
            }
        });
    }

    private void property(
            Class<?> type, String known, String spelled, Map<?, ?> schema, boolean builds)
            throws ReflectiveOperationException {
        Method getter = type.getMethod(camel(known));
        Type held = getter.getGenericReturnType();
        if (held instanceof ParameterizedType
                && ((ParameterizedType) held).getRawType() != Map.class) {
            held = ((ParameterizedType) held).getActualTypeArguments()[0];
        }
        Object sample = sample(held);
        Object value = getter.getReturnType() == List.class ? List.of(plain(sample)) : plain(sample);
        Object read = type.getMethod("of", Map.class).invoke(null, Map.of(builds ? known : spelled, value));
        if (isEmpty(getter.invoke(read))) {
            missing(type.getSimpleName() + " doesn't read " + spelled);
        }
        if (builds) {
            built(type, known, value);
        }
        Map<?, ?> inner = schema.get("items") instanceof Map ? object(schema, "items") : schema;
        if (held instanceof Class && Choice.class.isAssignableFrom((Class<?>) held)) {
            values((Class<?>) held, inner);
        } else if (!list(inner, "enum").isEmpty()) {
            missing(type.getSimpleName() + "." + known + " names none of its values");
        }
        if (sample instanceof Fields) {
            each((Class<?>) held, inner, builds);
            list(inner, "anyOf").forEach(part -> each(
                    sample.getClass(), object((Map<?, ?>) part, "items"), builds));
        }
    }

    /** A builder's method of that name makes a field of that name. */
    private void built(Class<?> type, String name, Object value)
            throws ReflectiveOperationException {
        Object builder = type.getMethod("builder").invoke(null);
        for (Method setter : builder.getClass().getMethods()) {
            if (setter.getName().equals(camel(name)) && !setter.isVarArgs()) {
                Type given = setter.getGenericParameterTypes()[0];
                boolean of = given instanceof ParameterizedType
                        && ((ParameterizedType) given).getRawType() == List.class;
                Object sample = sample(of
                        ? ((ParameterizedType) given).getActualTypeArguments()[0] : given);
                setter.invoke(builder, of ? List.of(sample) : sample);
                Fields made = (Fields) builder.getClass().getMethod("build").invoke(builder);
                if (!made.fields().containsKey(name)) {
                    missing(type.getSimpleName() + "'s builder doesn't write " + name);
                }
                return;
            }
        }
        missing(type.getSimpleName() + "'s builder has no " + camel(name));
    }

    private void values(Class<?> choice, Map<?, ?> schema) throws ReflectiveOperationException {
        List<?> known = (List<?>) choice.getMethod("values").invoke(null);
        for (Object value : list(schema, "enum")) {
            checked++;
            if (value != null && known.stream().noneMatch(
                    one -> ((Choice) one).value().toString().equals(value.toString()))) {
                missing(choice.getSimpleName() + " has no " + value);
            }
        }
        if (schema.get("minimum") instanceof Long && schema.get("maximum") instanceof Long) {
            for (long value = (Long) schema.get("minimum"); value <= (Long) schema.get("maximum");
                    value++) {
                String shown = Long.toString(value);
                checked++;
                if (known.stream().noneMatch(
                        one -> ((Choice) one).value().toString().equals(shown))) {
                    missing(choice.getSimpleName() + " has no " + value);
                }
            }
        }
    }

    private static Object sample(Type type) throws ReflectiveOperationException {
        if (type == String.class) {
            return "text";
        }
        if (type == Long.class || type == long.class) {
            return 5L;
        }
        if (type == Double.class || type == double.class) {
            return 0.5;
        }
        if (type == Boolean.class || type == boolean.class) {
            return true;
        }
        if (type instanceof ParameterizedType) {
            return Map.of("a", 1);
        }
        Class<?> held = (Class<?>) type;
        if (Choice.class.isAssignableFrom(held)) {
            return ((List<?>) held.getMethod("values").invoke(null)).get(0);
        }
        return held.getMethod("of", Map.class).invoke(null, Map.of());
    }

    private static Object plain(Object sample) {
        return sample instanceof Choice ? ((Choice) sample).value()
                : sample instanceof Fields ? ((Fields) sample).fields() : sample;
    }

    private static boolean isEmpty(Object read) {
        return read instanceof Optional && ((Optional<?>) read).isEmpty()
                || read instanceof List && ((List<?>) read).isEmpty()
                || read instanceof Map && ((Map<?, ?>) read).isEmpty();
    }

    /** {@code x_axis} is {@code xAxis} in Java. */
    private static String camel(String name) {
        StringBuilder camel = new StringBuilder();
        for (String word : name.split("_")) {
            camel.append(camel.length() == 0 ? word
                    : Character.toUpperCase(word.charAt(0)) + word.substring(1));
        }
        return camel.toString();
    }
}
