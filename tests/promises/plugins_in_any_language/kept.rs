//! What was built of a project's sources, kept among cargo's own build products: with the same sources
//! and tools nothing is built and compiled again, only proven.

use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

/// A folder for one project.
pub(super) struct Kept {
    folder: PathBuf,
    sources: String,
}

impl Kept {
    /// What is kept in `folder` for the sources in `project` and these tools; what was of others is gone.
    pub(super) fn of(folder: PathBuf, project: &Path, tools: &str) -> Self {
        let mut digest = Sha256::new();
        digest.update(tools);
        feed(&mut digest, project);
        let sources = digest.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
        let kept = Self { folder, sources };
        if !kept.is_whole() {
            match fs::remove_dir_all(&kept.folder) {
                Err(error) if error.kind() != ErrorKind::NotFound => panic!("{error}"),
                _ => {}
            }
            fs::create_dir_all(kept.cache()).unwrap();
            fs::set_permissions(kept.cache(), PermissionsExt::from_mode(0o700)).unwrap();
        }
        kept
    }

    /// For code that Capstan compiled.
    pub(super) fn cache(&self) -> PathBuf {
        self.folder.join("cache")
    }

    /// Puts the component beside its sources, newer than they are, if it is kept.
    pub(super) fn lend(&self, component: &Path) {
        if self.is_whole() {
            fs::copy(self.component(), component).unwrap();
        }
    }

    /// Keeps the component that was built.
    pub(super) fn keep(&self, component: &Path) {
        fs::copy(component, self.component()).unwrap();
        // Last: it says that the rest is whole.
        fs::write(self.mark(), &self.sources).unwrap();
    }

    fn is_whole(&self) -> bool {
        fs::read_to_string(self.mark()).is_ok_and(|sources| sources == self.sources)
    }

    fn component(&self) -> PathBuf {
        self.folder.join("plugin.wasm")
    }

    fn mark(&self) -> PathBuf {
        self.folder.join("sources")
    }
}

/// Every file below a folder with its path, in order.
fn feed(digest: &mut Sha256, folder: &Path) {
    let mut paths: Vec<PathBuf> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    for path in paths {
        digest.update(path.file_name().unwrap().as_encoded_bytes());
        if path.is_dir() {
            feed(digest, &path);
        } else {
            digest.update(Sha256::digest(fs::read(&path).unwrap()));
        }
    }
}
