package capstan.client.internal;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;

/**
 * JSON (RFC 8259) to and from maps, lists, strings, booleans, {@code Long}, {@code BigInteger},
 * {@code BigDecimal} and null, so that whatever is read is written again as the same value.
 */
public final class Json {
    private Json() {}

    /** A text that isn't JSON. */
    public static final class JsonException extends Exception {
        private static final long serialVersionUID = 1;

        JsonException(String message) {
            super(message);
        }
    }

    /** Reads a whole text in UTF-8. */
    public static Object read(byte[] text) throws JsonException {
        try {
            return read(StandardCharsets.UTF_8.newDecoder()
                    .onMalformedInput(CodingErrorAction.REPORT)
                    .onUnmappableCharacter(CodingErrorAction.REPORT)
                    .decode(ByteBuffer.wrap(text)).toString());
        } catch (CharacterCodingException e) {
            throw new JsonException("not UTF-8");
        }
    }

    /** Reads a whole text. */
    public static Object read(String text) throws JsonException {
        return new JsonReader(text).whole();
    }

    /** Reads a whole text that must be an object. */
    @SuppressWarnings("unchecked") // The reader makes maps with text as keys only.
    public static Map<String, Object> readObject(byte[] text) throws JsonException {
        Object value = read(text);
        if (!(value instanceof Map)) {
            throw new JsonException("not an object");
        }
        return (Map<String, Object>) value;
    }

    /** Writes a value without blanks. */
    public static String write(Object value) {
        StringBuilder out = new StringBuilder();
        write(out, value);
        return out.toString();
    }

    private static void write(StringBuilder out, Object value) {
        if (value == null || value instanceof Boolean || value instanceof Long
                || value instanceof Integer || value instanceof BigInteger
                || value instanceof BigDecimal) {
            out.append(value);
        } else if (value instanceof String) {
            writeText(out, (String) value);
        } else if (value instanceof List) {
            String before = "[";
            for (Object entry : (List<?>) value) {
                out.append(before);
                write(out, entry);
                before = ",";
            }
            out.append(before.equals("[") ? "[]" : "]");
        } else if (value instanceof Map) {
            String before = "{";
            for (Map.Entry<?, ?> field : ((Map<?, ?>) value).entrySet()) {
                out.append(before);
                writeText(out, String.valueOf(field.getKey()));
                out.append(':');
                write(out, field.getValue());
                before = ",";
            }
            out.append(before.equals("{") ? "{}" : "}");
        } else {
            throw new IllegalArgumentException("JSON has no " + value.getClass().getName());
        }
    }

    private static void writeText(StringBuilder out, String text) {
        out.append('"');
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c == '"' || c == '\\') {
                out.append('\\').append(c);
            } else if (c < 0x20 || Character.isSurrogate(c) && !paired(text, i)) {
                out.append(String.format("\\u%04x", (int) c));
            } else {
                out.append(c);
            }
        }
        out.append('"');
    }

    /** Half a pair would become a question mark in UTF-8. */
    private static boolean paired(String text, int i) {
        char c = text.charAt(i);
        return Character.isHighSurrogate(c)
                ? i + 1 < text.length() && Character.isLowSurrogate(text.charAt(i + 1))
                : i > 0 && Character.isHighSurrogate(text.charAt(i - 1));
    }
}
