package capstan.client.model;

import java.util.List;
import java.util.Map;
import java.util.Optional;

/** What a recording has made so far. */
public final class ServerResponse extends Fields {
    private ServerResponse(Map<String, ?> fields) {
        super(fields);
    }

    /** Reads an object as it stands in JSON. What this version does not know is kept. */
    public static ServerResponse of(Map<String, ?> fields) {
        return new ServerResponse(fields);
    }

    /** Where it stands; of {@code query}. */
    public Optional<Status> status() {
        return small("status").map(Status::of);
    }

    /** What fileList was on the wire; absent for screenshots alone. */
    public Optional<FileListMode> fileListMode() {
        return text("fileListMode").map(FileListMode::of);
    }

    /** The playlists and files; the playlist alone where the API gives one name. */
    public List<RecordedFile> fileList() {
        if (get("fileList") instanceof String) {
            return List.of(RecordedFile.of(Map.of("fileName", get("fileList"))));
        }
        return objects("fileList", RecordedFile::of);
    }

    /** The playlist's key, where there is one for everybody. */
    public Optional<String> playlist() {
        return get("fileList") instanceof String ? text("fileList") : Optional.empty();
    }

    /** Unix milliseconds of the first slice, 0 before it; of {@code query}. */
    public Optional<Long> sliceStartTime() {
        return integer("sliceStartTime");
    }

    /** What became of the files; of {@code stop}. */
    public Optional<UploadingStatus> uploadingStatus() {
        return text("uploadingStatus").map(UploadingStatus::of);
    }

    /** What the storage said of files that it hasn't taken. Capstan's own. */
    public Optional<String> storageError() {
        return text("storageError");
    }

    /** In how many spans something of a track is missing; absent if in none. Capstan's own. */
    public Optional<Long> troubles() {
        return integer("troubles");
    }

    /** Where it can be watched on the server. Capstan's own. */
    public Optional<String> playbackUrl() {
        return text("playbackUrl");
    }
}
