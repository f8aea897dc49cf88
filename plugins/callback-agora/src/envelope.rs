//! An event in Agora's words: its numbers and the JSON around its details.

use capstan_callback_kit::details;
use capstan_callback_kit::notifier::Notice;
use serde_json::{Map, Value};

/// Agora's number for cloud recording among its products.
const PRODUCT: u32 = 3;

/// Which part of Agora's service speaks.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
enum Service {
    Recording = 0,
    Recorder = 1,
    Uploader = 2,
}

/// The event's number and who tells it; `None` for a kind that Agora has no number for.
fn number(kind: &str) -> Option<(u32, Service)> {
    Some(match kind {
        "cloud_recording_error" => (1, Service::Recording),
        "cloud_recording_warning" => (2, Service::Recording),
        "cloud_recording_status_update" => (3, Service::Recording),
        "cloud_recording_file_infos" => (4, Service::Recording),
        "session_exit" => (11, Service::Recording),
        "session_failover" => (12, Service::Recording),
        "uploader_started" => (30, Service::Uploader),
        "uploaded" => (31, Service::Uploader),
        "backuped" => (32, Service::Uploader),
        "uploading_progress" => (33, Service::Uploader),
        "recorder_started" => (40, Service::Recorder),
        "recorder_leave" => (41, Service::Recorder),
        "recorder_slice_start" => (42, Service::Recorder),
        "recorder_audio_stream_state_changed" => (43, Service::Recorder),
        "recorder_video_stream_state_changed" => (44, Service::Recorder),
        "recorder_snapshot_file" => (45, Service::Recorder),
        _ => return None,
    })
}

/// The body of the notification; `None` if Agora tells of no such event.
///
/// # Errors
/// The details are no JSON object.
pub(crate) fn body(notice: &Notice, now_ms: u64) -> Result<Option<String>, String> {
    let Some((event_type, service)) = number(&notice.kind) else { return Ok(None) };
    let mut details = details(notice)?;
    if event_type == 11 {
        name_the_exit_twice(&mut details);
    }
    details.insert("msgName".into(), notice.kind.as_str().into());
    let text = |text: &str| Value::from(text).to_string();
    let (id, cname, sid) = (text(&notice.id), text(&notice.room), text(&notice.sid));
    let Notice { recorder_uid, sequence, at_ms, .. } = notice;
    let (service, details) = (service as u8, Value::Object(details));
    // In the order of Agora's own examples; receivers don't depend on it, people compare by eye.
    Ok(Some(format!(
        "{{\"noticeId\":{id},\"productId\":{PRODUCT},\"eventType\":{event_type},\
         \"notifyMs\":{now_ms},\"payload\":{{\"cname\":{cname},\"uid\":\"{recorder_uid}\",\
         \"sid\":{sid},\"sequence\":{sequence},\"sendts\":{at_ms},\"serviceType\":{service},\
         \"details\":{details}}}}}"
    )))
}

/// The text of June 2020 calls it `leaveStatus`, today's `exitStatus`; receivers read either.
fn name_the_exit_twice(details: &mut Map<String, Value>) {
    let status = details.get("exitStatus").or_else(|| details.get("leaveStatus")).cloned();
    if let Some(status) = status {
        details.insert("exitStatus".into(), status.clone());
        details.insert("leaveStatus".into(), status);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn notice(kind: &str, details: &str) -> Notice {
        Notice {
            id: "n-1".into(),
            app: "demo".into(),
            room: "room \"1\"".into(),
            recorder_uid: 527_841,
            sid: "38f8e3cf".into(),
            sequence: 7,
            at_ms: 1_611_566_412_600,
            kind: kind.into(),
            details: details.into(),
            attempt: 0,
        }
    }

    fn envelope(kind: &str, details: &str) -> Value {
        let body = body(&notice(kind, details), 1_611_566_412_672).unwrap().unwrap();
        serde_json::from_str(&body).unwrap()
    }

    #[test]
    fn the_envelope_is_agoras() {
        let expected = json!({
            "noticeId": "n-1", "productId": 3, "eventType": 40, "notifyMs": 1_611_566_412_672_u64,
            "payload": {
                "cname": "room \"1\"", "uid": "527841", "sid": "38f8e3cf", "sequence": 7,
                "sendts": 1_611_566_412_600_u64, "serviceType": 1,
                "details": {"msgName": "recorder_started", "status": 0},
            },
        });
        assert_eq!(envelope("recorder_started", r#"{"status":0}"#), expected);
    }

    #[test]
    fn every_kind_has_agoras_numbers() {
        for (kind, event_type, service) in [
            ("cloud_recording_error", 1, 0),
            ("cloud_recording_warning", 2, 0),
            ("cloud_recording_status_update", 3, 0),
            ("cloud_recording_file_infos", 4, 0),
            ("session_exit", 11, 0),
            ("session_failover", 12, 0),
            ("uploader_started", 30, 2),
            ("uploaded", 31, 2),
            ("backuped", 32, 2),
            ("uploading_progress", 33, 2),
            ("recorder_started", 40, 1),
            ("recorder_leave", 41, 1),
            ("recorder_slice_start", 42, 1),
            ("recorder_audio_stream_state_changed", 43, 1),
            ("recorder_video_stream_state_changed", 44, 1),
            ("recorder_snapshot_file", 45, 1),
        ] {
            let envelope = envelope(kind, "{}");
            assert_eq!(envelope["eventType"], event_type, "{kind}");
            assert_eq!(envelope["payload"]["serviceType"], service, "{kind}");
            assert_eq!(envelope["payload"]["details"]["msgName"], kind);
        }
        assert_eq!(body(&notice("newer_kind", "{}"), 0), Ok(None));
    }

    #[test]
    fn details_pass_through_and_the_exit_has_both_names() {
        let details = r#"{"startUtcMs":1606357122528,"streamUid":"0","list":[{"a":1.5}]}"#;
        let passed = &envelope("recorder_slice_start", details)["payload"]["details"];
        assert_eq!(passed["startUtcMs"], 1_606_357_122_528_u64);
        assert_eq!(passed["list"][0]["a"], 1.5);
        for given in [r#"{"exitStatus":1}"#, r#"{"leaveStatus":1}"#] {
            let exit = &envelope("session_exit", given)["payload"]["details"];
            assert_eq!((&exit["exitStatus"], &exit["leaveStatus"]), (&json!(1), &json!(1)));
        }
        let refused = body(&notice("uploaded", "[1]"), 0).unwrap_err();
        assert_eq!(refused, "details: must be a JSON object");
    }
}
