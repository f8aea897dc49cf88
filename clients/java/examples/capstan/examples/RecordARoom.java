package capstan.examples;

import capstan.client.Capstan;
import capstan.client.CapstanException;
import capstan.client.Recording;
import capstan.client.model.RecordedFile;
import capstan.client.model.ServerResponse;

/** Records a room for some seconds: {@code RecordARoom URL APP KEY SECRET ROOM SECONDS}. */
public final class RecordARoom {
    private RecordARoom() {}

    /** Records. */
    public static void main(String[] arguments) throws InterruptedException {
        Capstan capstan = Capstan.builder().baseUrl(arguments[0]).app(arguments[1])
                .key(arguments[2], arguments[3]).log(System.err::println).build();
        try {
            Recording recording = capstan.record(arguments[4]);
            System.out.println("recording " + recording.sid());
            Thread.sleep(Long.parseLong(arguments[5]) * 1_000);
            ServerResponse running = recording.query().serverResponse().orElseThrow();
            System.out.println("watch it: " + running.playbackUrl().orElse("nowhere"));
            ServerResponse made = recording.stop().serverResponse().orElseThrow();
            System.out.println(made.uploadingStatus().orElseThrow());
            made.fileList().stream().map(RecordedFile::fileName).forEach(System.out::println);
        } catch (CapstanException e) {
            System.err.println(e.getMessage());
            System.exit(1);
        }
    }
}
