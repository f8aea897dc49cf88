package capstan.client.model;

import java.util.List;

/**
 * What {@code fileList} was on the wire. A value that this version does not know is kept as it
 * is.
 */
public final class FileListMode extends Choice {
    /** One name. */
    public static final FileListMode STRING = new FileListMode("string");
    /** A list. */
    public static final FileListMode JSON = new FileListMode("json");

    private static final List<FileListMode> VALUES = List.of(STRING, JSON);

    private FileListMode(String value) {
        super(value);
    }

    /** The one with this value on the wire. */
    public static FileListMode of(String value) {
        return new FileListMode(value);
    }

    /** All that this version knows. */
    public static List<FileListMode> values() {
        return VALUES;
    }
}
