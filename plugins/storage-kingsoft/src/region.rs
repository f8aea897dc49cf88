//! KS3's hosts by the names that their regions go by: the vendor's own and Agora's.

/// The region's host, if there is one. The name is in lower case, with `-`.
pub(crate) fn host(region: &str) -> Option<&'static str> {
    Some(match region {
        "beijing" | "cn-beijing" => "ks3-cn-beijing.ksyuncs.com",
        "shanghai" | "cn-shanghai" => "ks3-cn-shanghai.ksyuncs.com",
        "guangzhou" | "cn-guangzhou" => "ks3-cn-guangzhou.ksyuncs.com",
        "qingdao" | "cn-qingdao" => "ks3-cn-qingdao.ksyuncs.com",
        "hangzhou" | "cn-hangzhou" => "kss.ksyun.com",
        "hongkong" | "cn-hongkong" | "cn-hk-1" => "ks3-cn-hk-1.ksyuncs.com",
        "russia" | "na-russia-1" | "rus" => "ks3-rus.ksyuncs.com",
        "singapore" | "na-singapore-1" | "sgp" => "ks3-sgp.ksyuncs.com",
        "jr-beijing" => "ks3-jr-beijing.ksyuncs.com",
        "jr-shanghai" => "ks3-jr-shanghai.ksyuncs.com",
        "gov-beijing" => "ks3-gov-beijing.ksyuncs.com",
        "america" | "us-west-1" => "ks3-us-west-1.ksyuncs.com",
        _ => return None,
    })
}
