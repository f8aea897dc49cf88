package io.agora.cloud_recording;

/** Where files go. */
public class CloudStorageConfig {
    /** The vendor. */
    public CloudStorageVendor vendor = CloudStorageVendor.CloudStorageVendorQiniu;

    /** The vendor's region by its number. */
    public int region;

    /** The bucket; without it files go to the app's own storage. */
    public String bucket;

    /** The access key. */
    public String accessKey;

    /** The secret key. */
    public String secretKey;
}
