//! What the fields of the recording API's requests and the parts of paths are, in words.
//!
//! The readers of requests know types and ranges, not meanings; these are written here, by the end of
//! a field's path. A test sees to it that no field is without.

use serde_json::{Value, json};

/// Fields by the end of their path, the longest match counts.
const FIELDS: &[(&str, &str)] = &[
    ("cname", "The room's name: 1 to 64 of letters, digits, blank and !#$%&()+-:;<=.>?@[]^_{}|~,"),
    ("uid", "The recorder's uid in decimal, 1 to 4294967295; nobody in the room may have it."),
    ("layoutConfig/uid", "For whom the region is reserved; without it whoever joined next."),
    ("clientRequest", "What is asked for."),
    ("resourceExpiredHour", "Hours after start for which the recording can be controlled."),
    ("scene", "0: rooms. Web pages (1) and postponed transcoding (2) are refused."),
    ("clientRequest/region", "Checked and ignored: one server has no regions to choose from."),
    ("regionAffinity", "Checked and ignored."),
    ("excludeResourceIds", "Checked and ignored."),
    ("startParameter", "The clientRequest that start will bring; another is refused then."),
    ("token", "Ignored: publishers are admitted by WHIP's token."),
    ("storageConfig", "Where files go; without it to the app's own storage."),
    ("vendor", "The vendor's number, or its name in this server's table."),
    ("/region", "The vendor's region, by number or name."),
    ("storageConfig/region", "The vendor's region, by number or name."),
    ("bucket", "The bucket's name."),
    ("accessKey", "The access key."),
    ("secretKey", "The secret key."),
    ("stsToken", "A token of temporary credentials, for the vendors 1, 2 and 3."),
    ("stsExpiration", "The Unix second at which stsToken expires, at least 4 hours ahead."),
    ("fileNamePrefix", "Folders in the bucket; each of letters and digits, 128 characters in all."),
    ("extensionParams", "More for the vendor."),
    ("sse", "Encryption at rest."),
    ("tag", "A tag of every object."),
    ("endpoint", "The store's address, for vendor 11."),
    ("enableNTPtimestamp", "Checked and ignored."),
    ("recordingConfig", "Whose streams, and how they are coded."),
    ("channelType", "Checked and ignored."),
    ("streamTypes", "0: sound, 1: pictures, 2: both."),
    ("streamMode", "Individual mode: original keeps the sound as it was sent, with streamTypes 0."),
    ("decryptionMode", "0: none. Others are refused."),
    ("secret", "Ignored without decryptionMode."),
    ("salt", "Ignored without decryptionMode."),
    ("privateParams", "Checked and ignored."),
    ("maxIdleTime", "Seconds without anybody sending after which the recording ends."),
    ("videoStreamType", "0: the high layer of whoever sends several, 1: the low one."),
    ("subscribeUidGroup", "How many are expected; 4 admits 32 participants and 5 admits 49."),
    ("subscribeAudioUids", "Whose sound; [\"#allstream#\"] is everybody's."),
    ("subscribeVideoUids", "Whose pictures; [\"#allstream#\"] is everybody's."),
    ("unSubscribeAudioUids", "Whose sound not."),
    ("unsubscribeAudioUids", "Another spelling of unSubscribeAudioUids."),
    ("unSubscribeVideoUids", "Whose pictures not."),
    ("unsubscribeVideoUids", "Another spelling of unSubscribeVideoUids."),
    ("audioProfile", "Mix mode: 0: mono, 48 kbit/s; 1: mono, 128 kbit/s; 2: stereo, 192 kbit/s."),
    ("transcodingConfig", "Mix mode: the picture."),
    ("width", "Pixels, even; with height at most 1920x1080 in all."),
    ("height", "Pixels, even."),
    ("fps", "Pictures a second."),
    ("bitrate", "Kilobits a second."),
    ("videoCodec", "Capstan's own: the video encoder."),
    ("audioCodec", "Capstan's own: the audio encoder."),
    ("mixedVideoLayout", "0: float, 1: best fit, 2: vertical, 3: custom."),
    ("maxResolutionUid", "Whose picture is the big one of the vertical layout."),
    ("backgroundColor", "# and six hex digits."),
    ("backgroundImage", "A picture behind everything: a URL or one of the server's images."),
    ("defaultUserBackgroundImage", "A picture for whoever sends none: a URL or an image's name."),
    ("backgroundConfig", "Pictures of single participants."),
    ("backgroundConfig/uid", "Whose."),
    ("image_url", "The picture: a URL or one of the server's images."),
    ("layout", "Capstan's own: another layout plugin, or options for one."),
    ("layout/name", "The plugin's name."),
    ("layout/options", "Its options, over what the other fields say."),
    ("layoutConfig", "The regions of the custom layout, which alone has them."),
    ("x_axis", "Left edge, in widths of the canvas."),
    ("y_axis", "Top edge, in heights of the canvas."),
    ("layoutConfig/width", "In widths of the canvas."),
    ("layoutConfig/height", "In heights of the canvas."),
    ("alpha", "0.0: transparent, 1.0: opaque."),
    (
        "render_mode",
        "0: fill the region, cut what stands out; 1: show all of the picture, with bars.",
    ),
    ("recordingFileConfig", "Which files are made."),
    ("avFileType", "hls, and in mix mode mp4 beside it."),
    ("snapshotConfig", "Individual mode: screenshots; alone without recordingFileConfig."),
    (
        "captureInterval",
        "Seconds from one screenshot of a participant to the next; from 5 unless the profile is today.",
    ),
    ("fileType", "jpg."),
    ("appsCollection", "Checked and ignored."),
    ("combinationPolicy", "default."),
    ("streamSubscribe", "Other lists, which replace those there are."),
    ("audioUidList", "Whose sound from now on."),
    ("videoUidList", "Whose pictures from now on."),
    ("async_stop", "Answer at once instead of when everything is uploaded."),
    ("appid", "The app's id."),
    ("app", "The app's id."),
    ("room", "The room's name."),
    ("mode", "How the room is recorded."),
    ("resourceid", "What acquire answered."),
    ("sid", "The recording, from start's answer."),
    ("session", "The publisher's session, from the answer's Location."),
    ("file", "A file of the recording."),
];

/// A field's or a path part's meaning.
pub(crate) fn of(path: &str) -> Option<&'static str> {
    let ends = |end: &str| path == end || path.ends_with(&format!("/{end}"));
    let fits = FIELDS.iter().filter(|(end, _)| ends(end));
    fits.max_by_key(|(end, _)| end.len()).map(|(_, words)| *words)
}

/// The schema of a part of a path.
pub(crate) fn path(name: &str) -> Value {
    match name {
        "sid" => json!({ "type": "string", "pattern": "^[0-9a-f]{32}$" }),
        _ => json!({ "type": "string", "minLength": 1 }),
    }
}

/// Puts words to every property of a schema that has none.
pub(crate) fn explain(schema: &mut Value) {
    walk(schema, "", &mut |path, property| {
        if let (Some(words), Some(fields)) = (of(path), property.as_object_mut()) {
            fields.entry("description").or_insert_with(|| words.into());
        }
    });
}

/// Visits every property with its path; entries of lists have that of their list.
pub(crate) fn walk(schema: &mut Value, path: &str, visit: &mut impl FnMut(&str, &mut Value)) {
    if let Some(properties) = schema.get_mut("properties").and_then(Value::as_object_mut) {
        for (name, property) in properties {
            let path = format!("{path}/{name}");
            visit(&path, property);
            walk(property, &path, visit);
        }
    }
    if let Some(items) = schema.get_mut("items") {
        walk(items, path, visit);
    }
    for part in schema.get_mut("anyOf").and_then(Value::as_array_mut).into_iter().flatten() {
        walk(part, path, visit);
    }
}
