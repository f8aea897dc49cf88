//! The backup store: where a file goes that its own storage hasn't taken for too long.
//!
//! The file stays owed to its own storage, from the copy on this machine and from the parts that
//! arrived; once that has it, the copy in the backup store is removed.

use std::sync::Arc;

use super::cargo::{Cargo, LoadError, Routes, load, put};
use super::on_disk;
use crate::books::Books;
use crate::books::change::Change;
use crate::books::owing::Owing;
use crate::event::{Code, Event, Module, Problem};
use crate::keeper::Keeper;
use crate::ports::Stored;

/// Whether a playlist goes to the backup store because files that it names are there, and all others
/// are at their own storage.
pub(crate) fn playlist_follows(books: &Books, playlist: &Owing) -> bool {
    let mut files = books.uploads_of(&playlist.sid).filter(|other| other.is_file()).peekable();
    let current = books.uploads.get(&(playlist.sid.clone(), playlist.key.clone()));
    current.is_some_and(|current| !current.in_backup())
        && files.peek().is_some()
        && files.all(Owing::in_backup)
}

/// Brings a file to the backup store, if there is one. What comes of it is on disk before this
/// returns; `false` if it isn't there.
pub(crate) async fn bring(keeper: &Arc<Keeper>, routes: &Routes, owing: &Owing) -> bool {
    let Some(target) = &routes.backup else { return false };
    let (sid, key) = (owing.sid.as_str(), owing.key.as_str());
    let cargo = {
        let owing = owing.clone();
        let missing = |other: &Owing| other.is_file() && !other.in_backup();
        on_disk(keeper, move |keeper| Ok(load(keeper, &owing, missing))).await
    };
    let cargo: Cargo = match cargo.unwrap_or_else(|reason| Err(LoadError::NoCopy(reason))) {
        Ok(Some(cargo)) => cargo,
        Ok(None) => return false,
        Err(error) => {
            tracing::warn!(sid, key, %error, "a file for the backup store can't be read");
            return false;
        }
    };
    // What was saved is of the file's own storage.
    let fresh = Owing { saved: None, ..owing.clone() };
    match put(keeper, routes.storages.as_ref(), &fresh, target, &cargo).await {
        Ok(Stored { url, .. }) => {
            metrics::counter!("capstan_backups_total").increment(1);
            tracing::warn!(
                sid,
                key,
                url,
                "sent to the backup store; its own storage gets it later"
            );
            cargo.whole && note(keeper, owing.clone()).await
        }
        Err(error) => {
            metrics::counter!("capstan_backup_failures_total", "class" => error.class())
                .increment(1);
            tracing::error!(sid, key, %error, "the backup store doesn't take a file");
            false
        }
    }
}

async fn note(keeper: &Arc<Keeper>, owing: Owing) -> bool {
    let noted = on_disk(keeper, move |keeper| {
        keeper.change(&owing.sid.clone(), |change, books, now| {
            let current = books.uploads.get(&(owing.sid.clone(), owing.key.clone()));
            let Some(current) = current.cloned() else { return };
            tell(change, &current, now);
            change.owe.push(Owing { backup: Some(owing.version), ..current });
        })
    });
    match noted.await {
        Ok(()) => true,
        Err(reason) => {
            tracing::error!(reason, "a copy in the backup store can't be noted; it is sent again");
            false
        }
    }
}

/// Tells of the first file of a recording that went there.
fn tell(change: &mut Change, owing: &Owing, now: capstan_media::time::RoomTime) {
    if std::mem::replace(&mut change.ledger.told.backup, true) {
        return;
    }
    let trouble = owing.trouble.as_deref().unwrap_or("files that it names are there");
    let message = format!("{} went to the backup store: {trouble}", owing.key);
    let (module, code) = (Module::Uploader, Code::SentToBackup);
    change.tell(&Event::Warning(Problem { module, level: 4, code, message }), now);
}
