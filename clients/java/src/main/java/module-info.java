/** A client of Capstan, the self-hosted cloud recorder, and of the API of Agora Cloud Recording. */
module capstan.client {
    requires transitive java.net.http;

    exports capstan.client;
    exports capstan.client.callback;
    exports capstan.client.http;
    exports capstan.client.model;
    exports io.agora.cloud_recording;
}
