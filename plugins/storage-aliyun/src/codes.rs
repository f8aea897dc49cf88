//! OSS's own codes, beside those that it has from S3.

use capstan_store_kit::class::{Class, Codes};

pub(crate) const CODES: Codes = &[
    ("InvalidSecurityToken", Class::BadCredentials),
    ("AccessKeyIdAndSecurityTokenNotMatch", Class::BadCredentials),
    ("SecurityTokenExpired", Class::ExpiredCredentials),
    ("UserDisable", Class::Quota),
    ("InDebt", Class::Quota),
    ("InDebtOverdue", Class::Quota),
    ("BucketDisable", Class::Quota),
    ("AbnormalBucketOwnerStatus", Class::Quota),
    ("TotalQpsLimitExceeded", Class::Throttled),
    ("QpsLimitExceeded", Class::Throttled),
    ("UploadTrafficRateLimitExceeded", Class::Throttled),
    ("ActiveRequestLimitExceeded", Class::Throttled),
    ("CpuLimitExceeded", Class::Throttled),
];
