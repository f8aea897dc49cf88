package capstan.client;

import capstan.client.model.Mode;
import capstan.client.model.StartRequest;

/**
 * {@code record} got no answer to its {@code start} until the deadline: the recording may run. Call
 * {@link Capstan#start} with the values in here to find it again; it is never started twice.
 */
public final class UnansweredStartException extends CapstanException {
    private static final long serialVersionUID = 1;

    private final transient Recorder recorder;
    private final String resourceId;
    private final transient Mode mode;
    private final transient StartRequest request;

    UnansweredStartException(
            Recorder recorder, String resourceId, Mode mode, StartRequest request,
            CapstanException cause) {
        super("start of " + recorder + " may have happened: " + cause.getMessage(), cause);
        this.recorder = recorder;
        this.resourceId = resourceId;
        this.mode = mode;
        this.request = request;
        unanswered(true);
    }

    /** The room, and the recorder in it. */
    public Recorder recorder() {
        return recorder;
    }

    /** What {@code acquire} gave. */
    public String resourceId() {
        return resourceId;
    }

    /** The mode. */
    public Mode mode() {
        return mode;
    }

    /** What was asked for. */
    public StartRequest request() {
        return request;
    }

    @Override
    public boolean retryable() {
        return true;
    }
}
