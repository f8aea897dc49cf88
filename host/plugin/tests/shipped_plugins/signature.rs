//! Signatures checked with an implementation of their own: nothing here is shared with the plugins.

use sha1::Sha1;
use sha2::{Digest, Sha256};

use crate::site::Seen;

/// Checks an AWS Signature Version 4 as a server does; an error names what is wrong.
pub(crate) fn check_sigv4(seen: &Seen, access_key: &str, secret: &str) -> Result<(), String> {
    let header = |name: &str| seen.header(name).ok_or_else(|| format!("no {name}"));
    let authorization = header("authorization")?;
    let fields = authorization.strip_prefix("AWS4-HMAC-SHA256 ").ok_or("no AWS4-HMAC-SHA256")?;
    let field = |name: &str| {
        let found = fields.split(", ").find_map(|field| field.strip_prefix(name));
        found.ok_or_else(|| format!("no {name}"))
    };
    let credential: Vec<&str> = field("Credential=")?.split('/').collect();
    let [key, day, region, "s3", "aws4_request"] = credential[..] else {
        return Err(format!("credential {credential:?}"));
    };
    let date = header("x-amz-date")?;
    if key != access_key || !date.starts_with(day) {
        return Err("another key or day".into());
    }
    let signed: Vec<&str> = field("SignedHeaders=")?.split(';').collect();
    for (name, _) in &seen.headers {
        let must = name == "host" || name.starts_with("x-amz-");
        if must && !signed.contains(&name.as_str()) {
            return Err(format!("{name} is not signed"));
        }
    }

    let hash = header("x-amz-content-sha256")?;
    if hash != "UNSIGNED-PAYLOAD" && hash != hex::encode(Sha256::digest(&seen.body)) {
        return Err("the body's hash differs".into());
    }
    let (path, query) = seen.target.split_once('?').unwrap_or((&seen.target, ""));
    let mut pairs: Vec<String> = query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| if pair.contains('=') { pair.into() } else { format!("{pair}=") })
        .collect();
    pairs.sort();
    let mut canonical = format!("{}\n{path}\n{}\n", seen.method, pairs.join("&"));
    for name in &signed {
        canonical += &format!("{name}:{}\n", header(name)?);
    }
    canonical += &format!("\n{}\n{hash}", signed.join(";"));
    let digest = hex::encode(Sha256::digest(canonical.as_bytes()));
    let text = format!("AWS4-HMAC-SHA256\n{date}\n{day}/{region}/s3/aws4_request\n{digest}");

    let mut derived = format!("AWS4{secret}").into_bytes();
    for part in [day, region, "s3", "aws4_request", &text] {
        derived = hmac::<Sha256>(&derived, part.as_bytes());
    }
    if field("Signature=")? == hex::encode(derived) { Ok(()) } else { Err("signature".into()) }
}

/// Lower-case hex of HMAC-SHA1 and HMAC-SHA256.
pub(crate) fn both_hmacs(secret: &str, body: &[u8]) -> (String, String) {
    let key = secret.as_bytes();
    (hex::encode(hmac::<Sha1>(key, body)), hex::encode(hmac::<Sha256>(key, body)))
}

/// HMAC-SHA256.
pub(crate) fn hmac_sha256(key: &[u8], data: &[u8]) -> Vec<u8> {
    hmac::<Sha256>(key, data)
}

/// HMAC as RFC 2104 has it; both hashes have blocks of 64 bytes.
fn hmac<D: Digest>(key: &[u8], data: &[u8]) -> Vec<u8> {
    let mut block = [0_u8; 64];
    let key = if key.len() > 64 { D::digest(key).to_vec() } else { key.to_vec() };
    block[..key.len()].copy_from_slice(&key);
    let inner = D::new().chain_update(block.map(|byte| byte ^ 0x36)).chain_update(data).finalize();
    D::new().chain_update(block.map(|byte| byte ^ 0x5c)).chain_update(inner).finalize().to_vec()
}
