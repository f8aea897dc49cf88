//! What changes in plugin folders, without being told: by looking again.
//!
//! The invariant: what was good stays until something better is there. A file that is still being
//! written isn't taken, a broken one doesn't replace the good one before it, and only a file that
//! was gone twice is given up.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::classify::Refusal;
use crate::folder::{self, RefusedFile, Stamp};

/// How sure one must be that a file is whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Haste {
    /// At the start: take what is there.
    AtOnce,
    /// Later: take what was the same at the last look.
    Settled,
}

/// The folders, and what is known of their files; `T` is what a file gives.
#[derive(Debug)]
pub(crate) struct Watch<T> {
    folders: Vec<PathBuf>,
    /// By the folder's place and the file's path: the order of precedence.
    files: BTreeMap<(usize, PathBuf), Watched<T>>,
    troubled: BTreeMap<PathBuf, Refusal>,
}

/// One file.
#[derive(Debug)]
struct Watched<T> {
    good: Option<T>,
    /// Why its newest state isn't used.
    refused: Option<Refusal>,
    /// The state that was looked into.
    taken: Option<Stamp>,
    /// Another state, seen at the last look.
    settling: Option<Stamp>,
    missed: bool,
}

/// What a file gave when it was read: with the state that was read.
pub(crate) type Loaded<T> = Result<(T, Stamp), (Refusal, Option<Stamp>)>;

impl<T> Watch<T> {
    /// For these folders; nothing is looked at yet.
    pub(crate) fn new(folders: Vec<PathBuf>) -> Self {
        Self { folders, files: BTreeMap::new(), troubled: BTreeMap::new() }
    }

    /// Looks once. `load` gets a file and what was good of it until now. Answers whether anything
    /// is other than before.
    pub(crate) fn look(
        &mut self,
        haste: Haste,
        mut load: impl FnMut(&Path, Option<&T>) -> Loaded<T>,
    ) -> bool {
        let mut changed = false;
        for (place, folder) in self.folders.clone().into_iter().enumerate() {
            let (paths, trouble) = match folder::scan(&folder) {
                Ok((paths, 0)) => (Some(paths), None),
                Ok((paths, left_out)) => (Some(paths), Some(Refusal::TooMany { left_out })),
                Err(refusal) => (None, Some(refusal)),
            };
            changed |= self.note(folder, trouble);
            // Its plugins stay: a folder that can't be read for a moment removes nothing.
            let Some(paths) = paths else { continue };
            changed |= self.forget_all_but(place, &paths);
            for path in paths {
                let file = self.files.entry((place, path.clone())).or_default();
                changed |= file.look(&path, haste, &mut load);
            }
        }
        changed
    }

    /// What is good, by precedence, with the file that it is from.
    pub(crate) fn good(&self) -> impl Iterator<Item = (&Path, &T)> {
        self.files
            .iter()
            .filter_map(|((_, path), file)| Some((path.as_path(), file.good.as_ref()?)))
    }

    /// What isn't used and why.
    pub(crate) fn refused(&self) -> Vec<RefusedFile> {
        let files = self.files.iter().filter_map(|((_, path), file)| {
            file.refused.clone().map(|reason| RefusedFile { file: path.clone(), reason })
        });
        let folders = self.troubled.iter();
        let folders = folders
            .map(|(file, reason)| RefusedFile { file: file.clone(), reason: reason.clone() });
        files.chain(folders).collect()
    }

    /// Keeps what is wrong with a folder itself; answers whether that is new.
    fn note(&mut self, folder: PathBuf, trouble: Option<Refusal>) -> bool {
        let before = match &trouble {
            Some(refusal) => self.troubled.insert(folder, refusal.clone()),
            None => self.troubled.remove(&folder),
        };
        before != trouble
    }

    fn forget_all_but(&mut self, folder: usize, there: &[PathBuf]) -> bool {
        let before = self.files.len();
        self.files.retain(|(place, path), file| {
            if *place != folder {
                return true;
            }
            let missing = there.binary_search(path).is_err();
            let gone = missing && file.missed;
            file.missed = missing;
            !gone
        });
        before != self.files.len()
    }
}

impl<T> Default for Watched<T> {
    fn default() -> Self {
        Self { good: None, refused: None, taken: None, settling: None, missed: false }
    }
}

impl<T> Watched<T> {
    fn look(
        &mut self,
        path: &Path,
        haste: Haste,
        load: &mut impl FnMut(&Path, Option<&T>) -> Loaded<T>,
    ) -> bool {
        let Ok(now) = Stamp::of(path) else {
            // A link that leads nowhere, or gone since the scan.
            let refusal = Refusal::Unreadable { reason: "it can't be looked at".into() };
            return self.refuse(refusal, None);
        };
        if self.taken == Some(now) {
            self.settling = None;
            return false;
        }
        if haste == Haste::Settled && self.settling != Some(now) {
            self.settling = Some(now);
            return false;
        }
        self.settling = None;
        match load(path, self.good.as_ref()) {
            Ok((good, stamp)) => {
                (self.good, self.refused, self.taken) = (Some(good), None, Some(stamp));
                true
            }
            // Without a state there is nothing to compare with: it is looked into again.
            Err((refusal, stamp)) => self.refuse(refusal, stamp),
        }
    }

    fn refuse(&mut self, refusal: Refusal, stamp: Option<Stamp>) -> bool {
        self.taken = stamp;
        let before = self.refused.replace(refusal);
        before != self.refused
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A plugin is any text that begins with "good".
    fn load(path: &Path, _before: Option<&String>) -> Loaded<String> {
        let (bytes, stamp) = folder::read(path, 1 << 10).map_err(|refusal| (refusal, None))?;
        let text = String::from_utf8(bytes).unwrap();
        let bad = (Refusal::CoreModule, Some(stamp));
        if text.starts_with("good") { Ok((text, stamp)) } else { Err(bad) }
    }

    fn good(watch: &Watch<String>) -> Vec<&str> {
        watch.good().map(|(_, text)| text.as_str()).collect()
    }

    #[test]
    fn a_new_or_changed_file_is_taken_once_it_is_still() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a.wasm");
        std::fs::write(&file, "good 1").unwrap();
        let mut watch = Watch::new(vec![folder.path().to_owned()]);
        assert!(watch.look(Haste::AtOnce, load));
        assert_eq!(good(&watch), ["good 1"]);
        assert!(!watch.look(Haste::Settled, load), "nothing changed");

        std::fs::write(&file, "good").unwrap();
        assert!(!watch.look(Haste::Settled, load));
        std::fs::write(&file, "good, longer").unwrap();
        assert!(!watch.look(Haste::Settled, load), "it grew since the last look");
        assert_eq!(good(&watch), ["good 1"]);
        assert!(watch.look(Haste::Settled, load));
        assert_eq!(good(&watch), ["good, longer"]);

        std::fs::write(folder.path().join("b.wasm"), "good too").unwrap();
        assert!(!watch.look(Haste::Settled, load));
        assert!(watch.look(Haste::Settled, load));
        assert_eq!(good(&watch), ["good, longer", "good too"]);
    }

    #[test]
    fn a_broken_file_is_refused_and_the_old_one_goes_on() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a.wasm");
        std::fs::write(&file, "good").unwrap();
        let mut watch = Watch::new(vec![folder.path().to_owned()]);
        watch.look(Haste::AtOnce, load);
        std::fs::write(&file, "broken").unwrap();
        watch.look(Haste::Settled, load);
        assert!(watch.look(Haste::Settled, load));
        assert_eq!(good(&watch), ["good"]);
        assert_eq!(watch.refused().len(), 1);
        assert!(!watch.look(Haste::Settled, load), "refused once");
        std::fs::write(&file, "good again").unwrap();
        watch.look(Haste::Settled, load);
        assert!(watch.look(Haste::Settled, load));
        assert_eq!((good(&watch), watch.refused().len()), (vec!["good again"], 0));
    }

    #[test]
    fn only_what_is_gone_twice_is_given_up() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a.wasm");
        std::fs::write(&file, "good").unwrap();
        let mut watch = Watch::new(vec![folder.path().to_owned()]);
        watch.look(Haste::AtOnce, load);
        std::fs::remove_file(&file).unwrap();
        assert!(!watch.look(Haste::Settled, load));
        assert_eq!(good(&watch), ["good"]);
        assert!(watch.look(Haste::Settled, load));
        assert!(good(&watch).is_empty());

        std::fs::write(&file, "good").unwrap();
        watch.look(Haste::AtOnce, load);
        let away = folder.path().with_extension("away");
        std::fs::rename(folder.path(), &away).unwrap();
        for _ in 0..3 {
            watch.look(Haste::Settled, load);
        }
        assert_eq!((good(&watch), watch.refused().len()), (vec!["good"], 1));
        std::fs::rename(&away, folder.path()).unwrap();
        assert!(watch.look(Haste::Settled, load));
        assert!(watch.refused().is_empty());
    }
}
