package capstan.client;

/** Why a call failed. The subclasses say who it was: the network, the server or its answer. */
public abstract class CapstanException extends RuntimeException {
    private static final long serialVersionUID = 1;

    private boolean unanswered;

    CapstanException(String message, Throwable cause) {
        super(message, cause);
    }

    /** Whether the same call may succeed later. */
    public abstract boolean retryable();

    /**
     * Whether an attempt got no answer, so that the server may have done what was asked. Every call
     * of this client can be made again without harm.
     */
    public final boolean mayHaveHappened() {
        return unanswered;
    }

    final CapstanException unanswered(boolean attempts) {
        unanswered |= attempts;
        return this;
    }
}
