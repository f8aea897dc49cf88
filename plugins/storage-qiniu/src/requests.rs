//! Kodo's requests: the form, the four of "resumable v2", and the look at an object.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE;
use capstan_store_kit::io::{Method, Moment, Request, Segment};
use capstan_store_kit::request::request;
use capstan_store_kit::uploader::Algorithm;
use capstan_store_kit::{Call, Facts, Part};
use serde_json::{Map, Value, json};

use crate::config::Qiniu;
use crate::token::{management, policy, upload_token};

/// A header of the object's answers as Kodo keeps it: beside the metadata, under this name.
const CACHE_CONTROL: &str = "x-qn-meta-!Cache-Control";
/// From here on the server is asked before the body goes.
const ASK_FROM: u64 = 1 << 20;

impl Qiniu {
    pub(crate) fn request_for(&self, facts: &Facts, call: Call, at: &Moment) -> Request {
        let token = self.token(facts, at);
        match call {
            Call::Put => self.form(facts, &token, at),
            Call::Look => self.look(facts),
            Call::Create => self.resumable(facts, Method::Post, "", &token, None),
            Call::Part(number) => self.part(facts, number, &token),
            Call::Complete => {
                let body = (self.json_list(facts), "application/json", None);
                let path = format!("/{}", facts.id());
                self.resumable(facts, Method::Post, &path, &token, Some(body))
            }
            Call::Abort => {
                let path = format!("/{}", facts.id());
                self.resumable(facts, Method::Delete, &path, &token, None)
            }
        }
    }

    fn token(&self, facts: &Facts, at: &Moment) -> String {
        let policy = policy(&self.bucket, &facts.job.key, self.file_type, at.now_ms);
        upload_token(&self.credentials.access_key, &self.credentials.secret_key, &policy)
    }

    /// The whole file in one form, between the bytes before and after it.
    fn form(&self, facts: &Facts, token: &str, at: &Moment) -> Request {
        let boundary = format!("capstan-{:016x}{:016x}", at.random.0, at.random.1);
        let part = facts.parts.first();
        let mut fields = vec![("token".to_owned(), token.to_owned())];
        fields.push(("key".into(), facts.job.key.clone()));
        if let Some(crc32) = part.and_then(|part| part.digest(Algorithm::Crc32)) {
            let number = crc32.iter().fold(0, |n: u32, byte| n << 8 | u32::from(*byte));
            fields.push(("crc32".into(), number.to_string()));
        }
        fields.extend(self.metadata(facts));
        let (before, after) = form_around(&boundary, &fields, facts);
        let file = part.map(|part| part.range).filter(|range| range.length > 0);
        let segments =
            [Some(Segment::Bytes(before)), file.map(Segment::File), Some(Segment::Bytes(after))];
        let kind = format!("multipart/form-data; boundary={boundary}");
        request(
            &self.upload_place,
            Method::Post,
            "/".into(),
            vec![("content-type".into(), kind)],
            segments.into_iter().flatten().collect(),
            facts.job.size >= ASK_FROM,
        )
    }

    /// What the object is created with.
    fn metadata(&self, facts: &Facts) -> impl Iterator<Item = (String, String)> {
        let caching = (CACHE_CONTROL.to_owned(), self.caching.control(&facts.job).to_owned());
        let meta = |(name, value): &(String, String)| (format!("x-qn-meta-{name}"), value.clone());
        facts.job.tags.iter().map(meta).chain(std::iter::once(caching))
    }

    /// What joins the parts: their tags, and what a form would say of the object.
    fn json_list(&self, facts: &Facts) -> Segment {
        let part = |(number, part): (u32, &Part)| json!({ "partNumber": number, "etag": part.tag.as_deref().unwrap_or_default() });
        let metadata = self.metadata(facts).map(|(name, value)| (name, Value::from(value)));
        let body = json!({
            "parts": (1..).zip(&facts.parts).map(part).collect::<Vec<_>>(),
            "fname": file_name(facts),
            "mimeType": facts.job.content_type,
            "metadata": metadata.collect::<Map<_, _>>(),
        });
        Segment::Bytes(body.to_string().into_bytes())
    }

    fn part(&self, facts: &Facts, number: usize, token: &str) -> Request {
        let path = format!("/{}/{}", facts.id(), number + 1);
        let part = facts.parts.get(number);
        let md5 = part.and_then(|part| part.digest(Algorithm::Md5)).map(hex::encode);
        let body = part.map(|part| (Segment::File(part.range), "application/octet-stream", md5));
        self.resumable(facts, Method::Put, &path, token, body)
    }

    /// A request of "resumable v2": body, its media type, and the hexadecimal MD5 that the store checks.
    fn resumable(
        &self,
        facts: &Facts,
        method: Method,
        path: &str,
        token: &str,
        body: Option<(Segment, &str, Option<String>)>,
    ) -> Request {
        let key = URL_SAFE.encode(&facts.job.key);
        let target = format!("/buckets/{}/objects/{key}/uploads{path}", self.bucket);
        let mut headers = vec![("authorization".to_owned(), format!("UpToken {token}"))];
        let mut segments = Vec::new();
        if let Some((segment, kind, md5)) = body {
            headers.push(("content-type".into(), kind.into()));
            headers.extend(md5.map(|md5| ("content-md5".to_owned(), md5)));
            segments.push(segment);
        }
        let ask = matches!(segments.first(), Some(Segment::File(run)) if run.length >= ASK_FROM);
        request(&self.upload_place, method, target, headers, segments, ask)
    }

    fn look(&self, facts: &Facts) -> Request {
        let entry = URL_SAFE.encode(format!("{}:{}", self.bucket, facts.job.key));
        let (place, target) = (&self.manage_place, format!("/stat/{entry}"));
        let who = &self.credentials;
        let signed = management(&who.access_key, &who.secret_key, &target, &place.authority());
        let headers = vec![("authorization".to_owned(), signed)];
        request(place, Method::Get, target, headers, Vec::new(), false)
    }
}

/// The bytes of a form before and after the file.
fn form_around(boundary: &str, fields: &[(String, String)], facts: &Facts) -> (Vec<u8>, Vec<u8>) {
    let mut before = String::new();
    for (name, value) in fields {
        before += &format!(
            "--{boundary}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n"
        );
    }
    let (name, kind) = (file_name(facts).replace('"', "%22"), &facts.job.content_type);
    before += &format!(
        "--{boundary}\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{name}\"\r\n\
         Content-Type: {kind}\r\n\r\n"
    );
    (before.into_bytes(), format!("\r\n--{boundary}--\r\n").into_bytes())
}

fn file_name(facts: &Facts) -> &str {
    facts.job.key.rsplit('/').next().unwrap_or_default()
}
