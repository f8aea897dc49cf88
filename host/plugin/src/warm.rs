//! Compiles what no cache has yet before anything is loaded, several files at once: a first start would
//! take as long as all of them one after the other.

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use crate::compile::Standing;
use crate::folder;
use crate::load::Loader;

/// Compilers at once, however many cores there are: each may take all the memory that one may.
const MOST: usize = 4;

/// Something that may have to be compiled.
enum Source {
    File(PathBuf),
    Bundled(&'static [u8]),
}

/// Fills the cache; without one there is nothing to fill. What can't be read or compiled is told when
/// it is loaded.
pub(crate) fn warm(
    loader: &Loader,
    folders: &[PathBuf],
    bundled: &'static [(&'static str, &'static [u8])],
) {
    if loader.cache.is_none() {
        return;
    }
    let files = folders.iter().filter_map(|folder| folder::scan(folder).ok());
    let files = files.flat_map(|(files, _)| files).map(Source::File);
    let sources = files.chain(bundled.iter().map(|(_, bytes)| Source::Bundled(bytes)));
    let queue = Mutex::new(sources.collect::<Vec<_>>().into_iter());
    let next = || queue.lock().unwrap_or_else(PoisonError::into_inner).next();
    let work = || {
        while let Some(source) = next() {
            match source {
                Source::Bundled(bytes) => loader.warm(bytes, Standing::First),
                Source::File(file) => {
                    if let Ok((bytes, _)) = folder::read(&file, loader.largest()) {
                        loader.warm(&bytes, Standing::First);
                    }
                }
            }
        }
    };
    let cores = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..cores.min(MOST)).map(|_| scope.spawn(work)).collect();
        for worker in workers {
            // Whatever it left undone is done when it is loaded.
            let _done_later = worker.join();
        }
    });
}
