package capstan.client.callback;

import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.util.Base64;
import java.util.function.Function;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/** The signatures of both kinds of callbacks. */
final class Signatures {
    private static final String STANDARD = "whsec_";
    private static final int LEAST_KEY = 24;
    private static final int MOST_KEY = 64;
    /** How far the sender's clock, and the way here, may be off. */
    private static final Duration TOLERANCE = Duration.ofMinutes(5);
    private static final int MOST_SIGNATURES = 32;

    private Signatures() {}

    static void check(byte[] body, Function<String, String> header, String secret, Instant now) {
        if (secret.isEmpty()) {
            throw new IllegalArgumentException("an empty secret proves nothing");
        }
        if (secret.startsWith(STANDARD)) {
            standard(body, header, secret, now);
        } else {
            agora(body, header, secret);
        }
    }

    /** HMAC over the body, in lower-case hex. Where both versions are there, both must be right. */
    private static void agora(byte[] body, Function<String, String> header, String secret) {
        byte[] key = secret.getBytes(StandardCharsets.UTF_8);
        String first = header.apply("Agora-Signature");
        String second = header.apply("Agora-Signature-V2");
        if (first == null && second == null) {
            throw new BadSignatureException("neither Agora-Signature nor Agora-Signature-V2");
        }
        boolean right = true;
        if (first != null) {
            right &= same(hex(mac("HmacSHA1", key, body)), first);
        }
        if (second != null) {
            right &= same(hex(mac("HmacSHA256", key, body)), second);
        }
        if (!right) {
            throw new BadSignatureException("the signature isn't one of this body and secret");
        }
    }

    /** HMAC-SHA256 over id, time and body; any of the signatures with any of the keys. */
    private static void standard(
            byte[] body, Function<String, String> header, String secrets, Instant now) {
        String id = needed(header, "webhook-id");
        String timestamp = needed(header, "webhook-timestamp");
        String[] given = needed(header, "webhook-signature").split(" ", MOST_SIGNATURES);
        byte[] head = (id + "." + timestamp + ".").getBytes(StandardCharsets.UTF_8);
        boolean right = false;
        for (String secret : secrets.trim().split(" +")) {
            byte[] signed = mac("HmacSHA256", key(secret), head, body);
            String expected = "v1," + Base64.getEncoder().encodeToString(signed);
            for (String signature : given) {
                right |= same(expected, signature);
            }
        }
        if (!right) {
            throw new BadSignatureException("the signature isn't one of this body and secret");
        }
        fresh(timestamp, now);
    }

    private static String needed(Function<String, String> header, String name) {
        String value = header.apply(name);
        if (value == null || value.isEmpty()) {
            throw new BadSignatureException("no header " + name);
        }
        return value;
    }

    private static void fresh(String timestamp, Instant now) {
        try {
            Instant at = Instant.ofEpochSecond(Long.parseLong(timestamp));
            if (Duration.between(at, now).abs().compareTo(TOLERANCE) <= 0) {
                return;
            }
        } catch (NumberFormatException | DateTimeException | ArithmeticException e) {
            throw new BadSignatureException("webhook-timestamp isn't a Unix second");
        }
        throw new BadSignatureException("webhook-timestamp is more than 5 minutes off");
    }

    private static byte[] key(String secret) {
        String wrong = "a secret of Standard Webhooks is whsec_ and 24 to 64 bytes in base64";
        if (!secret.startsWith(STANDARD)) {
            throw new IllegalArgumentException(wrong);
        }
        byte[] key;
        try {
            key = Base64.getDecoder().decode(secret.substring(STANDARD.length()));
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException(wrong);
        }
        if (key.length < LEAST_KEY || key.length > MOST_KEY) {
            throw new IllegalArgumentException(wrong);
        }
        return key;
    }

    private static byte[] mac(String algorithm, byte[] key, byte[]... parts) {
        try {
            Mac mac = Mac.getInstance(algorithm);
            mac.init(new SecretKeySpec(key, algorithm));
            for (byte[] part : parts) {
                mac.update(part);
            }
            return mac.doFinal();
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("every Java has " + algorithm, e);
        }
    }

    /** Takes the same time wherever the first difference is. */
    private static boolean same(String expected, String given) {
        return MessageDigest.isEqual(
                expected.getBytes(StandardCharsets.UTF_8), given.getBytes(StandardCharsets.UTF_8));
    }

    private static String hex(byte[] bytes) {
        StringBuilder hex = new StringBuilder();
        for (byte octet : bytes) {
            hex.append(Character.forDigit(octet >> 4 & 0xf, 16))
                    .append(Character.forDigit(octet & 0xf, 16));
        }
        return hex.toString();
    }
}
