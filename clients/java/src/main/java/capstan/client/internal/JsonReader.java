package capstan.client.internal;

import capstan.client.internal.Json.JsonException;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Reads one JSON text. Depth and the size of numbers are bounded: the text comes from outside. */
final class JsonReader {
    private static final int MAX_DEPTH = 100;
    private static final int MAX_NUMBER = 400;
    private static final Pattern NUMBER =
            Pattern.compile("-?(?:0|[1-9][0-9]*)(\\.[0-9]+)?([eE][+-]?[0-9]{1,5})?");

    private final String text;
    private int at;

    JsonReader(String text) {
        this.text = text;
    }

    Object whole() throws JsonException {
        Object value = value(0);
        blank();
        if (at < text.length()) {
            throw wrong("something after the end");
        }
        return value;
    }

    private Object value(int depth) throws JsonException {
        if (depth > MAX_DEPTH) {
            throw wrong("more than " + MAX_DEPTH + " levels");
        }
        blank();
        char c = peek();
        if (c == '{') {
            return object(depth);
        }
        if (c == '[') {
            return list(depth);
        }
        if (c == '"') {
            return string();
        }
        if (c == '-' || c >= '0' && c <= '9') {
            return number();
        }
        return word();
    }

    private Map<String, Object> object(int depth) throws JsonException {
        Map<String, Object> fields = new LinkedHashMap<>();
        at++;
        blank();
        if (peek() == '}') {
            at++;
            return fields;
        }
        do {
            blank();
            String name = string();
            blank();
            expect(':');
            fields.put(name, value(depth + 1));
            blank();
        } while (goesOn('}'));
        return fields;
    }

    private List<Object> list(int depth) throws JsonException {
        List<Object> entries = new ArrayList<>();
        at++;
        blank();
        if (peek() == ']') {
            at++;
            return entries;
        }
        do {
            entries.add(value(depth + 1));
            blank();
        } while (goesOn(']'));
        return entries;
    }

    private boolean goesOn(char end) throws JsonException {
        char c = peek();
        at++;
        if (c != ',' && c != end) {
            throw wrong("neither a comma nor " + end);
        }
        return c == ',';
    }

    private String string() throws JsonException {
        expect('"');
        StringBuilder read = new StringBuilder();
        while (true) {
            char c = peek();
            at++;
            if (c == '"') {
                return read.toString();
            }
            if (c < 0x20) {
                throw wrong("a control character in text");
            }
            read.append(c == '\\' ? escaped() : c);
        }
    }

    private char escaped() throws JsonException {
        char c = peek();
        at++;
        switch (c) {
            case '"':
            case '\\':
            case '/':
                return c;
            case 'b':
                return '\b';
            case 'f':
                return '\f';
            case 'n':
                return '\n';
            case 'r':
                return '\r';
            case 't':
                return '\t';
            case 'u':
                return unicode();
            default:
                throw wrong("an unknown escape");
        }
    }

    private char unicode() throws JsonException {
        int code = 0;
        for (int i = 0; i < 4; i++) {
            char c = peek();
            int digit = c < 128 ? Character.digit(c, 16) : -1;
            if (digit < 0) {
                throw wrong("an escape without four hex digits");
            }
            code = code * 16 + digit;
            at++;
        }
        return (char) code;
    }

    private Number number() throws JsonException {
        Matcher number = NUMBER.matcher(text).region(at, text.length());
        if (!number.lookingAt() || number.end() - at > MAX_NUMBER) {
            throw wrong("a wrong number");
        }
        String digits = number.group();
        at = number.end();
        if (number.group(1) != null || number.group(2) != null) {
            return new BigDecimal(digits);
        }
        try {
            return Long.valueOf(digits);
        } catch (NumberFormatException e) {
            return new BigInteger(digits);
        }
    }

    private Object word() throws JsonException {
        for (String word : List.of("true", "false", "null")) {
            if (text.startsWith(word, at)) {
                at += word.length();
                return word.equals("null") ? null : Boolean.valueOf(word);
            }
        }
        throw wrong("no value");
    }

    private void blank() {
        while (at < text.length() && " \t\r\n".indexOf(text.charAt(at)) >= 0) {
            at++;
        }
    }

    private void expect(char c) throws JsonException {
        if (peek() != c) {
            throw wrong("no " + c);
        }
        at++;
    }

    private char peek() throws JsonException {
        if (at >= text.length()) {
            throw new JsonException("it ends too early");
        }
        return text.charAt(at);
    }

    private JsonException wrong(String what) {
        return new JsonException(what + " at character " + at);
    }
}
