//! Region numbers of Agora's `storageConfig` for vendor 1.

/// Names by number; the gaps were never assigned.
const NAMES: [&str; 29] = [
    "us-east-1",
    "us-east-2",
    "us-west-1",
    "us-west-2",
    "eu-west-1",
    "eu-west-2",
    "eu-west-3",
    "eu-central-1",
    "ap-southeast-1",
    "ap-southeast-2",
    "ap-northeast-1",
    "ap-northeast-2",
    "sa-east-1",
    "ca-central-1",
    "ap-south-1",
    "cn-north-1",
    "cn-northwest-1",
    "us-gov-west-1",
    "af-south-1",
    "ap-east-1",
    "ap-northeast-3",
    "eu-north-1",
    "me-south-1",
    "us-gov-east-1",
    "ap-southeast-3",
    "eu-south-1",
    "",
    "",
    "il-central-1",
];

/// The region's name, if the number is assigned.
pub(crate) fn by_number(number: u64) -> Option<&'static str> {
    let name = NAMES.get(usize::try_from(number).ok()?)?;
    (!name.is_empty()).then_some(*name)
}

/// A region's name in its usual spelling (`US_EAST_1` is `us-east-1`), if it can be one.
pub(crate) fn by_name(name: &str) -> Option<String> {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    let fine = (1..=64).contains(&name.len()) && name.bytes().all(fits);
    fine.then(|| name.to_ascii_lowercase().replace('_', "-"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_agoras() {
        for (number, name) in [
            (0, Some("us-east-1")),
            (7, Some("eu-central-1")),
            (14, Some("ap-south-1")),
            (17, Some("us-gov-west-1")),
            (25, Some("eu-south-1")),
            (26, None),
            (28, Some("il-central-1")),
            (29, None),
            (u64::MAX, None),
        ] {
            assert_eq!(by_number(number), name, "{number}");
        }
        assert_eq!(by_name("AP_SOUTH_1").as_deref(), Some("ap-south-1"));
        assert_eq!(by_name("a/b"), None);
    }
}
