package io.agora.cloud_recording;

/** The storage's vendor, by its number in the API. */
public enum CloudStorageVendor {
    /** 0 in the API. */
    CloudStorageVendorQiniu,
    /** 1 in the API. */
    CloudStorageVendorAws,
    /** 2 in the API. */
    CloudStorageVendorAliyun
}
