//! A container in memory.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test")]

use std::collections::BTreeMap;

use capstan_store_kit::Call;
use capstan_store_kit::class::Class;
use capstan_store_kit::io::{Method, Request, Response};
use capstan_store_kit::uploader::Algorithm;
use capstan_store_trial::{Server, Shop, answer, digest};
use storage_azure::{Azure, base64_of};

/// A container with one blob at most.
#[derive(Default)]
pub(crate) struct Container {
    blob: Option<Vec<u8>>,
    md5: String,
    /// By their names, encoded.
    blocks: BTreeMap<String, Vec<u8>>,
}

pub(crate) struct ContainerShop;

impl Shop for ContainerShop {
    type Vendor = Azure;
    type Server = Container;

    const REQUESTS: usize = 5;

    fn object(server: &Container) -> Option<&[u8]> {
        server.blob.as_deref()
    }

    fn put_older(server: &mut Container, object: Vec<u8>) {
        server.blob = Some(object);
        server.md5 = "older".into();
    }

    /// Nothing can be dropped: the vendor does it by itself.
    fn pending(_server: &Container) -> usize {
        0
    }

    fn forget(server: &mut Container) {
        server.blocks.clear();
    }

    fn words(call: Call) -> &'static str {
        match call {
            Call::Put => "PUT",
            // The last digits of its number are the end of a name in base64.
            Call::Part(0) => "MDAw&comp=block",
            Call::Part(1) => "MDAx&comp=block",
            Call::Part(_) => "MDAy&comp=block",
            Call::Complete => "comp=blocklist",
            Call::Look | Call::Create | Call::Abort => "HEAD",
        }
    }

    fn error(class: Class) -> Response {
        let (status, code, detail) = match class {
            Class::BadCredentials => (403, "AuthenticationFailed", "MAC"),
            Class::ClockSkew => (403, "AuthenticationFailed", "Request date header too old"),
            Class::NoBucket => (404, "ContainerNotFound", ""),
            Class::Denied => (403, "AuthorizationFailure", ""),
            Class::Throttled => (503, "ServerBusy", ""),
            Class::Transient => (500, "InternalError", ""),
            Class::Integrity => (400, "Md5Mismatch", ""),
            Class::UploadGone => (400, "InvalidBlockList", ""),
            other => panic!("no {other:?}"),
        };
        let document = format!(
            "\u{feff}<?xml version=\"1.0\"?><Error><Code>{code}</Code><Message>no</Message>\
             <AuthenticationErrorDetail>{detail}</AuthenticationErrorDetail></Error>"
        );
        answer(status, &[("x-ms-request-id", "r1")], &document)
    }

    fn spoil(response: &mut Response) {
        for (name, value) in &mut response.headers {
            if name == "content-md5" {
                *value = "AAAA".into();
            }
        }
    }
}

impl Server for Container {
    fn serve(&mut self, request: &Request, body: &[u8]) -> Response {
        let header = |name: &str| {
            request.headers.iter().find(|(other, _)| other == name).map(|(_, value)| value.clone())
        };
        let md5 = base64_of(&digest(Algorithm::Md5, body));
        let (_, query) = request.target.split_once('?').unwrap_or_default();
        let block = query.split('&').find_map(|pair| pair.strip_prefix("blockid="));
        match (&request.method, block) {
            (Method::Put, Some(name)) => {
                assert_eq!(header("content-md5").as_deref(), Some(md5.as_str()));
                self.blocks.insert(name.to_owned(), body.to_vec());
                answer(201, &[("content-md5", &md5)], "")
            }
            (Method::Put, None) if query.contains("blocklist") => {
                let list = String::from_utf8(body.to_vec()).unwrap();
                let names =
                    list.split("<Latest>").skip(1).filter_map(|rest| rest.split('<').next());
                let blocks: Option<Vec<&[u8]>> =
                    names.map(|name| self.blocks.get(name).map(Vec::as_slice)).collect();
                let Some(blocks) = blocks else { return ContainerShop::error(Class::UploadGone) };
                self.blob = Some(blocks.concat());
                self.md5 = header("x-ms-blob-content-md5").unwrap();
                answer(201, &[("content-md5", &md5), ("etag", "\"0x8D\"")], "")
            }
            (Method::Put, None) => {
                self.blob = Some(body.to_vec());
                self.md5.clone_from(&md5);
                answer(201, &[("content-md5", &md5), ("etag", "\"0x8D\"")], "")
            }
            (Method::Head, _) => match &self.blob {
                Some(blob) => {
                    let length = blob.len().to_string();
                    answer(200, &[("content-md5", &self.md5), ("content-length", &length)], "")
                }
                None => answer(404, &[("x-ms-error-code", "BlobNotFound")], ""),
            },
            (method, _) => panic!("{method:?} {}", request.target),
        }
    }
}
