//! Requests and what they are answered: status, code, and a reason that names what to change.

use http::Method;
use serde_json::{Value, json};

use crate::server::{TestServer, basic};

#[tokio::test(flavor = "multi_thread")]
async fn acquire_takes_right_names_only() {
    let server = TestServer::start().await;
    let long = "x".repeat(65);
    let hours = |hours: Value| json!({"cname": "r", "uid": "1", "clientRequest": {"resourceExpiredHour": hours}});
    let who = |cname: Value, uid: Value| json!({"cname": cname, "uid": uid, "clientRequest": {}});
    let cases: &[(Value, u16, u64, &str)] = &[
        (who(json!("room 1!{x}"), json!("4294967295")), 200, 0, ""),
        (json!({"cname": "r", "uid": "1"}), 200, 0, ""),
        (who(json!("r"), json!("0")), 400, 2, "/uid"),
        (who(json!("r"), json!("8810546176")), 400, 2, "8810546176"),
        (who(json!("r"), json!(7)), 400, 2, "/uid is 7; it must be a string"),
        (who(json!("r"), Value::Null), 400, 2, "/uid is missing"),
        (who(json!(["r"]), json!("1")), 400, 2, "/cname"),
        (who(json!(""), json!("1")), 400, 1013, "0 bytes"),
        (who(json!("a/b"), json!("1")), 400, 1013, "'/'"),
        (who(json!(long), json!("1")), 400, 1013, "65 bytes"),
        (hours(json!(1)), 200, 0, ""),
        (hours(json!(720)), 200, 0, ""),
        (hours(json!(0)), 400, 2, "invalid resourceExpiredHour value!"),
        (hours(json!(721)), 400, 2, "from 1 to 720"),
        (hours(json!("1")), 400, 2, "/clientRequest/resourceExpiredHour"),
        (json!({"cname": "r", "uid": "1", "clientRequest": {"scene": 1}}), 400, 2, "scene"),
        (json!({"cname": "r", "uid": "1", "clientRequest": {"region": "EU"}}), 200, 0, ""),
        (json!({"cname": "r", "uid": "1", "clientRequest": []}), 400, 2, "/clientRequest"),
        (json!([1, 2]), 400, 2, "the body is a list"),
    ];
    for (body, status, code, reason) in cases {
        let answer = server.post("/acquire", body).await;
        assert_eq!((answer.status, answer.code()), (*status, *code), "{body}: {}", answer.reason());
        assert!(answer.reason().contains(reason), "{body}: {}", answer.reason());
        assert_eq!(answer.json()["message"], answer.json()["reason"]);
    }
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn start_names_what_is_wrong_or_not_served() {
    let server = TestServer::start().await;
    let resource = server.acquire("r", "1").await;
    let region = json!({"x_axis": 0, "y_axis": 0.5, "width": 1, "height": 0.5});
    let custom = |entries: Value| {
        json!({"recordingConfig": {"transcodingConfig":
            {"mixedVideoLayout": 3, "layoutConfig": entries}}})
    };
    let config = |key: &str, value: Value| json!({"recordingConfig": {key: value}});
    let coding = |key: &str, value: Value| config("transcodingConfig", json!({key: value}));
    let cases: Vec<(Value, &str)> = vec![
        (config("maxIdleTime", json!(4)), "/clientRequest/recordingConfig/maxIdleTime is 4"),
        (config("channelType", json!(2)), "channelType"),
        (config("streamTypes", json!("2")), "streamTypes is \"2\""),
        (config("audioProfile", json!(3)), "from 0 to 2"),
        (config("decryptionMode", json!(1)), "decryptionMode is not served yet"),
        (config("videoStreamType", json!(1)), "videoStreamType"),
        (config("streamMode", json!("original")), "streamMode"),
        (config("subscribeAudioUids", json!(["1"])), "subscribeAudioUids"),
        (config("unSubscribeVideoUids", json!(["1"])), "unSubscribeVideoUids"),
        (config("subscribeVideoUids", json!([1])), "subscribeVideoUids/0"),
        (coding("width", json!(1921)), "/transcodingConfig/width is 1921"),
        (
            json!({"recordingConfig": {"transcodingConfig": {"width": 1920, "height": 1920}}}),
            "1920x1920",
        ),
        (coding("width", json!(641)), "even"),
        (coding("fps", json!(0)), "from 1 to 60"),
        (coding("bitrate", json!(6501)), "bitrate"),
        (coding("videoCodec", json!("vp8")), "h264 or av1"),
        (coding("mixedVideoLayout", json!(4)), "mixedVideoLayout"),
        (coding("mixedVideoLayout", json!(3)), "layoutConfig is missing"),
        (coding("layoutConfig", json!([region])), "only for mixedVideoLayout 3"),
        (coding("backgroundColor", json!("112233")), "backgroundColor"),
        (coding("backgroundImage", json!("ftp://x/a.jpg")), "backgroundImage must be an http"),
        (coding("backgroundImage", json!("nobody")), "there is no image \"nobody\""),
        (coding("layout", json!({"name": "layout-of-nobody"})), "layout-of-nobody"),
        (coding("layout", json!({"options": {"main_uid": "x"}})), "/main_uid: must be a uid"),
        (coding("maxResolutionUid", json!("-1")), "maxResolutionUid"),
        (custom(json!([{"x_axis": 0}])), "layoutConfig/0/y_axis is missing"),
        (
            custom(json!([{"x_axis": 0.6, "y_axis": 0, "width": 0.5, "height": 1}])),
            "leaves the canvas",
        ),
        (custom(json!([{"x_axis": 2, "y_axis": 0, "width": 0.5, "height": 1}])), "from 0.0 to 1.0"),
        (custom(json!(vec![region.clone(); 18])), "18 entries"),
        (json!({"snapshotConfig": {}}), "/clientRequest/snapshotConfig is not served yet"),
        (json!({"extensionServiceConfig": {}}), "extensionServiceConfig"),
        (json!({"recordingFileConfig": {"avFileType": ["hls", "mp4"]}}), "avFileType/1"),
        (
            json!({"storageConfig": {"vendor": 77, "region": 0, "bucket": "b"}}),
            "vendor is 77; this server serves ",
        ),
        (json!({"storageConfig": {"bucket": "b"}}), "vendor"),
        (json!({"storageConfig": {"fileNamePrefix": ["a-b"]}}), "fileNamePrefix"),
        (json!({"storageConfig": {"fileNamePrefix": ["../x"]}}), "fileNamePrefix"),
    ];
    for (request, reason) in cases {
        let body = json!({"cname": "r", "uid": "1", "clientRequest": request});
        let answer = server.post(&format!("/resourceid/{resource}/mode/mix/start"), &body).await;
        assert_eq!((answer.status, answer.code()), (400, 2), "{body}: {}", answer.reason());
        assert!(answer.reason().contains(reason), "{body}: {}", answer.reason());
        assert_eq!(answer.json()["resourceId"], resource.as_str());
    }
    // None of these used the resource up; unknown fields and copied misspellings are ignored.
    let config = json!({"maxIdleTime": 4_294_967_295_u32, "subscribeUidGroup": 0, "token": "t",
        "subscribeAudioUids": ["#allstream#"], "privateParams": "{}",
        "transcodingConfig": {"backgroudColor": 5, "fps": 23}});
    server.start_recording(&resource, "r", "1", config).await.expect(200, 0);
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn modes_other_than_mix_are_refused_by_name() {
    let server = TestServer::start().await;
    let resource = server.acquire("r", "1").await;
    let body = json!({"cname": "r", "uid": "1", "clientRequest": {}});
    for mode in ["individual", "web", "Mix", "x"] {
        let answer = server.post(&format!("/resourceid/{resource}/mode/{mode}/start"), &body).await;
        answer.expect(400, 2);
        assert!(answer.reason().contains("mode"), "{}", answer.reason());
    }
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn credentials_content_types_and_routes() {
    let server = TestServer::start().await;
    let acquire = "/v1/apps/demo/cloud_recording/acquire";
    let body = json!({"cname": "r", "uid": "1", "clientRequest": {}}).to_string();
    let json = "application/json";
    let demo = basic("demo:demo");
    let post = async |path: &str, auth: &str, kind: &str, body: &str| {
        let headers = [("authorization", auth), ("content-type", kind)];
        server.request(Method::POST, path, &headers, body.to_owned()).await
    };
    for kind in [json, "application/json;charset=utf-8", "application/json; charset=UTF-8"] {
        post(acquire, &demo, kind, &body).await.expect(200, 0);
    }
    for region in ["/na", "/eu", "/ap", "/cn"] {
        post(&format!("{region}{acquire}"), &demo, json, &body).await.expect(200, 0);
    }
    for wrong in [basic("demo:wrong"), basic("other:demo"), basic("x"), "Bearer x".into()] {
        let answer = post(acquire, &wrong, json, &body).await;
        assert_eq!(answer.status, 401, "{wrong}");
        let message = answer.json()["message"].as_str().unwrap().to_owned();
        assert!(message.starts_with("Invalid authentication credentials"), "{message}");
    }
    post(acquire, &basic("other:s2"), json, &body).await.expect(400, 400);
    post("/v1/apps/none/cloud_recording/acquire", &demo, json, &body).await.expect(400, 400);
    post(acquire, &demo, "text/plain", &body).await.expect(400, 8);
    post(acquire, &demo, json, "{not json").await.expect(400, 8);
    let huge = format!("{{\"cname\":\"{}\"}}", "x".repeat(100_000));
    post(acquire, &demo, json, &huge).await.expect(400, 8);
    for (method, path) in [(Method::GET, acquire), (Method::POST, "/v1/apps/demo/acquire")] {
        let answer = server.request(method, path, &[("authorization", &demo)], "").await;
        assert_eq!(answer.status, 404);
        let message = answer.json()["message"].as_str().unwrap().to_owned();
        assert!(message.contains("no Route matched with those values"), "{message}");
    }
    server.stop().await;
}
