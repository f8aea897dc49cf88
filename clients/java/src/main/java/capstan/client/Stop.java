package capstan.client;

import capstan.client.ApiException.Conflict;
import capstan.client.ApiException.NotFound;
import capstan.client.model.Answer;
import capstan.client.model.RecordingDetails;
import capstan.client.model.Uploads;
import capstan.client.model.UploadingStatus;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;

/**
 * What {@code stop} answers when an earlier attempt has stopped the recording already and only its
 * answer got lost: then a refusal (49, 404) tells that it worked, and what became of the files is
 * read from the recording itself.
 */
final class Stop {
    private final CapstanAsync capstan;
    private final RecordingId id;

    Stop(CapstanAsync capstan, RecordingId id) {
        this.capstan = capstan;
        this.id = id;
    }

    CompletableFuture<Answer> after(CompletableFuture<Answer> stop) {
        return stop.handle((answer, failure) -> {
            Throwable cause = failure instanceof CompletionException
                    ? failure.getCause() : failure;
            boolean over = cause instanceof Conflict || cause instanceof NotFound;
            if (over && ((CapstanException) cause).mayHaveHappened()) {
                return capstan.recording(id.sid()).thenApply(this::told);
            }
            return cause == null ? CompletableFuture.completedFuture(answer)
                    : CompletableFuture.<Answer>failedFuture(cause);
        }).thenCompose(next -> next);
    }

    private Answer told(RecordingDetails details) {
        Map<String, Object> response = new LinkedHashMap<>();
        response.put("fileListMode", "json");
        response.put("fileList", details.files());
        response.put("uploadingStatus", uploading(details));
        details.playbackUrl().ifPresent(url -> response.put("playbackUrl", url));
        Map<String, Object> answer = new LinkedHashMap<>();
        answer.put("cname", details.room());
        answer.put("uid", Long.toString(details.recorderUid()));
        answer.put("resourceId", id.resourceId());
        answer.put("sid", id.sid());
        answer.put("serverResponse", response);
        return Answer.of(answer);
    }

    private static UploadingStatus uploading(RecordingDetails details) {
        Uploads uploads = details.uploads();
        if (details.endedAt().isEmpty() || uploads.owed() + uploads.parked() > 0
                || details.files().isEmpty()) {
            return UploadingStatus.UNKNOWN;
        }
        return uploads.backedUp() > 0 ? UploadingStatus.BACKED_UP : UploadingStatus.UPLOADED;
    }
}
