//! What outlives an attempt: the upload's id and the parts that the vendor has, as lines of text.
//!
//! ```text
//! capstan-upload 1
//! 123456789 8388608 VXBsb2FkIElE       size, part size, upload id
//! 1 8b896e3911a0fdf5474b9cb43e83ad44 "8b896e3911a0fdf5474b9cb43e83ad44"
//! end
//! ```
//!
//! Ten thousand parts take 0.8 MB, under the contract's 1 MiB. What can't be read counts as nothing.

use crate::part::{Part, parts};

const MAGIC: &str = "capstan-upload 1";
const END: &str = "\nend\n";

/// A begun multipart upload.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Begun {
    pub(crate) upload_id: String,
    pub(crate) part_size: u64,
    pub(crate) parts: Vec<Part>,
}

impl Begun {
    /// The lines.
    pub(crate) fn save(&self, size: u64) -> Vec<u8> {
        let mut text = format!("{MAGIC}\n{size} {} {}\n", self.part_size, self.upload_id);
        for (number, part) in (1..).zip(&self.parts) {
            if let Some(tag) = &part.tag {
                text += &format!("{number} {} {tag}\n", hex::encode(&part.print));
            }
        }
        text.truncate(text.trim_end().len());
        (text + END).into_bytes()
    }

    /// Reads the lines; `None` if they aren't such, or belong to a file of another length.
    pub(crate) fn read(saved: &[u8], size: u64) -> Option<Self> {
        let mut lines = std::str::from_utf8(saved).ok()?.strip_suffix(END)?.lines();
        if lines.next()? != MAGIC {
            return None;
        }
        let mut facts = lines.next()?.splitn(3, ' ');
        let saved_size: u64 = facts.next()?.parse().ok()?;
        let part_size: u64 = facts.next()?.parse().ok().filter(|size| *size > 0)?;
        let upload_id = facts.next().filter(|id| is_token(id))?.to_owned();
        if saved_size != size {
            return None;
        }
        let mut parts = parts(size, part_size);
        for line in lines {
            let mut facts = line.splitn(3, ' ');
            let number: usize = facts.next()?.parse().ok()?;
            let part = parts.get_mut(number.checked_sub(1)?)?;
            part.print = hex::decode(facts.next()?).ok()?;
            part.tag = Some(facts.next().filter(|tag| is_token(tag))?.to_owned());
        }
        Some(Self { upload_id, part_size, parts })
    }
}

/// Whether a vendor's id or tag is what one looks like: visible ASCII of a sane length.
pub(crate) fn is_token(text: &str) -> bool {
    (1..=1024).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn begun() -> Begun {
        let mut parts = parts(20, 8);
        parts[1].print = vec![7; 16];
        parts[1].tag = Some("\"tag\"".into());
        Begun { upload_id: "id+/=".into(), part_size: 8, parts }
    }

    #[test]
    fn what_was_saved_is_read_again() {
        assert_eq!(Begun::read(&begun().save(20), 20), Some(begun()));
    }

    #[test]
    fn anything_else_counts_as_nothing() {
        let saved = begun().save(20);
        assert_eq!(Begun::read(&saved, 21), None, "another file");
        for cut in 0..saved.len() {
            assert_eq!(Begun::read(&saved[..cut], 20), None, "{cut}");
        }
        for bad in [
            "",
            "capstan-upload 2\n20 8 id",
            "capstan-upload 1\n20 0 id",
            "capstan-upload 1\n20 8 a b",
            "capstan-upload 1\n20 8 id\n9 00 x",
            "capstan-upload 1\n20 8 id\n1 0g x",
            "capstan-upload 1\n20 8 id\n0 00 x",
            "\u{0}\u{ff}",
        ] {
            assert_eq!(Begun::read(format!("{bad}{END}").as_bytes(), 20), None, "{bad:?}");
        }
    }

    proptest::proptest! {
        #[test]
        fn strangers_states_are_read_or_not(
            lines in "(capstan-upload 1\n)?([0-9]{1,20} ){0,2}[a-f0-9 \"\n]{0,80}",
            size: u64,
        ) {
            if let Some(begun) = Begun::read(format!("{lines}{END}").as_bytes(), size) {
                assert!((1..=10_000).contains(&begun.parts.len()));
            }
        }
    }
}
