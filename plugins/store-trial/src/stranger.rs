//! A server that answers anything.

use capstan_store_kit::io::{Request, Response};
use proptest::prelude::{Just, Strategy, prop_oneof};
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;

use crate::host::{Server, response};

/// Whoever answers in a vendor's place.
#[derive(Default)]
pub struct Stranger {
    runner: TestRunner,
}

impl Server for Stranger {
    fn serve(&mut self, _request: &Request, _body: &[u8]) -> Response {
        let status = prop_oneof![Just(200), Just(200), Just(404), 200..1000_u16];
        let header = prop_oneof![
            Just("etag"),
            Just("x-reqid"),
            Just("content-md5"),
            Just("content-length"),
            Just("date"),
            Just("retry-after"),
            Just("x-oss-hash-crc64ecma"),
            Just("x-oss-err"),
        ];
        let body = prop_oneof![
            "<[A-Z]{1,6}><(UploadId|ETag|Code)>[a-z0-9&;#<\"-]{0,40}</(UploadId|ETag|Code)></R>",
            "\\{\"(uploadId|eTag|etag|hash|code|error)\":[\"a-z0-9\\[{}]{0,40}\\}",
            "[<>/?! =&;aCode\"{}:\\[\\]\\\\u0-9\n\u{e9}]{0,80}",
        ];
        let answer = (status, header, "[a-zA-Z0-9 ,:=\"-]{0,40}", body);
        let tree = answer.new_tree(&mut self.runner).unwrap();
        let (status, name, value, body) = tree.current();
        response(status, &[(name, &value)], &body)
    }
}
