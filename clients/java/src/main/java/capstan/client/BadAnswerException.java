package capstan.client;

/** An answer that isn't one of this API: another server, or something in between, spoke. */
public final class BadAnswerException extends CapstanException {
    private static final long serialVersionUID = 1;

    /** Says what is wrong with the answer. */
    public BadAnswerException(String message) {
        super(message, null);
    }

    @Override
    public boolean retryable() {
        return false;
    }
}
