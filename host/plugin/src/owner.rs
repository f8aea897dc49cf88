//! Who may write a file or a folder, as far as the system's owners and modes say it.
//!
//! The invariant: a folder counts as private only if nobody else can change it or put another in its
//! place, all the way up.

#![expect(unsafe_code, reason = "asking who one is has no safe binding among our crates")]

use std::fs::Metadata;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

const ROOT: u32 = 0;
const WRITE_OTHERS: u32 = 0o002;
const WRITE_GROUP: u32 = 0o020;
/// Any right of anybody but the owner.
const ANY_OTHERS: u32 = 0o077;
/// In such a folder only an entry's owner may rename or remove it.
const STICKY: u32 = 0o1000;

/// This process's user and group.
fn me() -> (u32, u32) {
    // SAFETY: neither call takes anything or can fail.
    unsafe { (libc::geteuid(), libc::getegid()) }
}

/// Whether what lies in a folder can't be moved away or replaced by others. `folder` is canonical.
///
/// # Errors
/// Who could, for the operator.
pub(crate) fn kept_from_others(folder: &Path) -> Result<(), String> {
    let (me, my_group) = me();
    for folder in folder.ancestors() {
        let shown = folder.display();
        let metadata =
            std::fs::symlink_metadata(folder).map_err(|error| format!("{shown}: {error}"))?;
        let (mode, owner) = (metadata.mode(), metadata.uid());
        if owner != ROOT && owner != me {
            return Err(format!("{shown} belongs to user {owner}, not to {me}"));
        }
        // A group of one's own, as some distributions give to each user, is no stranger.
        let group = mode & WRITE_GROUP != 0 && metadata.gid() != my_group;
        if (group || mode & WRITE_OTHERS != 0) && mode & STICKY == 0 {
            return Err(format!("others may write {shown}"));
        }
    }
    Ok(())
}

/// Whether a folder, which is no link, is this user's alone.
///
/// # Errors
/// What is wrong, for the operator.
pub(crate) fn private_folder(metadata: &Metadata) -> Result<(), String> {
    if !metadata.is_dir() {
        return Err("it is no folder".into());
    }
    alone(metadata)
}

/// Whether an open file is a plain one of this user alone.
///
/// # Errors
/// What is wrong, for the operator.
pub(crate) fn private_file(metadata: &Metadata) -> Result<(), String> {
    if !metadata.is_file() {
        return Err("it is no regular file".into());
    }
    if metadata.nlink() > 1 {
        return Err("it has a second name elsewhere".into());
    }
    alone(metadata)
}

/// Whether others may put files into a folder of plugins.
pub(crate) fn others_write(metadata: &Metadata) -> bool {
    metadata.mode() & WRITE_OTHERS != 0
}

fn alone(metadata: &Metadata) -> Result<(), String> {
    let (me, _) = me();
    if metadata.uid() != me {
        return Err(format!("it belongs to user {}, not to {me}", metadata.uid()));
    }
    if metadata.mode() & ANY_OTHERS != 0 {
        return Err(format!(
            "its mode is {:o}: others have rights to it",
            metadata.mode() & 0o7777
        ));
    }
    Ok(())
}
