//! Pictures that were decoded before their time.

use std::collections::BTreeMap;

use capstan_media::frame::{Picture, Size};

use crate::picture::{PictureView, filled};
use crate::playout::clock::MediaTime;

/// The most pictures that a decoder may hold back (H.264, E.2.1), and one.
const MOST: usize = 17;

/// The waiting pictures and the shown one, copied.
#[derive(Debug, Default)]
pub(super) struct Ahead {
    waiting: BTreeMap<MediaTime, Picture>,
    shown: Option<(MediaTime, Picture)>,
    /// Memory of pictures that were shown.
    spare: Vec<Picture>,
}

impl Ahead {
    /// Keeps a picture for its time. One that comes after a later one was shown is passed over.
    pub(super) fn keep(&mut self, at: MediaTime, picture: PictureView<'_>) {
        if self.shown.as_ref().is_some_and(|(shown, _)| at <= *shown) {
            return;
        }
        if self.waiting.len() >= MOST {
            self.spare.extend(self.waiting.pop_first().map(|(_, picture)| picture));
        }
        let fresh = || filled(Size { width: 2, height: 2 }, [16, 128, 128]);
        let mut copy = self.spare.pop().unwrap_or_else(fresh);
        picture.copy_to(&mut copy);
        self.waiting.insert(at, copy);
    }

    /// Shows the newest picture that is due. False if there is no new one.
    pub(super) fn show_until(&mut self, now: MediaTime) -> bool {
        let mut any = false;
        while let Some(first) = self.waiting.first_entry().filter(|first| *first.key() <= now) {
            let before = self.shown.replace(first.remove_entry());
            self.spare.extend(before.map(|(_, picture)| picture));
            any = true;
        }
        any
    }

    /// The picture that is shown.
    pub(super) fn shown(&self) -> Option<PictureView<'_>> {
        self.shown.as_ref().and_then(|(_, picture)| PictureView::of(picture))
    }
}
