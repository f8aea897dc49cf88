//! Kodo's configuration: the bucket, and the hosts of its region.

use capstan_kit::json::Wrong;
use capstan_store_kit::config::{self, Credentials, Form, Own, USUAL_CUT};
use capstan_store_kit::place::{Addressing, Place, Store};
use capstan_store_kit::{Caching, Cut};

use crate::qetag::BLOCK;

/// Members of the configuration that only this plugin has.
const OWN: Own = &[
    (
        "storage_class",
        r#"{
      "enum": ["STANDARD", "IA", "ARCHIVE", "DEEP_ARCHIVE", "ARCHIVE_IR"],
      "description": "The bucket's own if unsaid"
    }"#,
    ),
    (
        "rs_endpoint",
        r#"{
      "type": "string",
      "description": "Where objects are looked up, if not at the region's own host or at `endpoint`"
    }"#,
    ),
];

/// Kodo, configured. It has no `Debug`: it holds secrets.
pub struct Qiniu {
    pub(crate) credentials: Credentials,
    pub(crate) bucket: String,
    /// Where objects are uploaded.
    pub(crate) upload_place: Place,
    /// Where they are looked up.
    pub(crate) manage_place: Place,
    /// What stands before a key in the URLs that are told.
    pub(crate) public_url: String,
    /// The storage class by Kodo's number.
    pub(crate) file_type: Option<u8>,
    pub(crate) caching: Caching,
    pub(crate) cut: Cut,
}

pub(crate) fn schema() -> String {
    config::schema(OWN)
}

pub(crate) fn parse(text: &str) -> Result<Qiniu, Vec<Wrong>> {
    config::read(text, OWN, |form| {
        refuse_what_kodo_has_not(form);
        let (credentials, bucket) = (form.credentials(), form.bucket());
        let endpoint = form.endpoint();
        let region = form.region(endpoint.as_ref().map(|_| "z0"));
        let region = region.as_deref().map(Region::of);
        let rs_endpoint = rs_endpoint(form);
        let (public_url, file_type) = (form.public_url(), file_type(form));
        let caching = form.caching();
        let cut = form.cut(Cut { part_size: BLOCK, ..USUAL_CUT });

        let (bucket, region) = (bucket?, region?);
        let elsewhere = endpoint.is_some();
        let upload = endpoint.unwrap_or_else(|| Some(Store::secure(region.upload_host())))?;
        let manage = match rs_endpoint {
            Some(store) => store?,
            None if elsewhere => upload.clone(),
            None => Store::secure(format!("rs-{}.qiniuapi.com", region.id)),
        };
        // Kodo serves objects from domains that are bound to the bucket; without one, from where
        // it speaks S3's protocol.
        let s3 = Store::secure(format!("s3.{}.qiniucs.com", region.s3_id));
        let served = if elsewhere { upload.clone() } else { s3 };
        let url = || {
            let url = served.bucket(bucket, Addressing::Path).url("");
            url.trim_end_matches('/').to_owned()
        };
        Some(Qiniu {
            credentials: credentials?,
            bucket: bucket.into(),
            upload_place: upload.bucket(bucket, Addressing::Domain),
            manage_place: manage.bucket(bucket, Addressing::Domain),
            public_url: public_url.unwrap_or_else(url),
            file_type,
            caching,
            cut,
        })
    })
}

/// A region by its two names.
struct Region<'a> {
    id: &'a str,
    s3_id: &'a str,
}

impl<'a> Region<'a> {
    /// By either name; regions without an older one have the same for both.
    fn of(name: &'a str) -> Self {
        const NAMES: [(&str, &str); 5] = [
            ("z0", "cn-east-1"),
            ("z1", "cn-north-1"),
            ("z2", "cn-south-1"),
            ("na0", "us-north-1"),
            ("as0", "ap-southeast-1"),
        ];
        let known = NAMES.iter().find(|(id, s3_id)| *id == name || *s3_id == name);
        known.map_or(Self { id: name, s3_id: name }, |(id, s3_id)| Self { id, s3_id })
    }

    fn upload_host(&self) -> String {
        match self.id {
            "z0" => "up.qiniup.com".into(),
            id => format!("up-{id}.qiniup.com"),
        }
    }
}

fn refuse_what_kodo_has_not(form: &mut Form<'_>) {
    if form.top.text("stsToken").is_some_and(|token| !token.is_empty()) {
        form.top.wrong("stsToken", "upload tokens know no temporary credentials");
    }
    for name in ["sse", "tag"] {
        if form.extra.text(name).is_some_and(|value| !value.is_empty()) {
            form.extra.wrong(name, "this vendor can't be asked for it");
        }
    }
}

fn rs_endpoint(form: &mut Form<'_>) -> Option<Option<Store>> {
    let text = form.top.text("rs_endpoint").filter(|text| !text.is_empty())?;
    Some(Store::parse(text).map_err(|what| form.top.wrong("rs_endpoint", what)).ok())
}

fn file_type(form: &mut Form<'_>) -> Option<u8> {
    const CLASSES: [&str; 5] = ["STANDARD", "IA", "ARCHIVE", "DEEP_ARCHIVE", "ARCHIVE_IR"];
    let class = form.visible("storage_class")?;
    let number = (0..).zip(CLASSES).find(|(_, name)| *name == class).map(|(number, _)| number);
    if number.is_none() {
        let wrong = format!("must be one of {}", CLASSES.join(", "));
        form.top.wrong("storage_class", wrong);
    }
    number
}
