//! The two views of a room: with the largest layer of those who send several, or with the smallest.
//!
//! Everybody and everything else is the same in both.

use capstan_media::subscription::VideoLayer;

/// Where something is seen.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum View {
    /// In both.
    Both,
    /// In the one with this layer.
    With(VideoLayer),
}

impl View {
    /// Whether it is seen by who wants this layer.
    pub(crate) fn shows(self, layer: VideoLayer) -> bool {
        self == Self::Both || self == Self::With(layer)
    }
}

/// Something of each view.
#[derive(Clone, Debug, Default)]
pub(crate) struct Views<T> {
    high: T,
    low: T,
}

impl<T> Views<T> {
    pub(crate) const fn of(&self, layer: VideoLayer) -> &T {
        match layer {
            VideoLayer::High => &self.high,
            VideoLayer::Low => &self.low,
        }
    }

    /// Both, with the layer that they are of.
    pub(crate) fn each_mut(&mut self) -> [(VideoLayer, &mut T); 2] {
        [(VideoLayer::High, &mut self.high), (VideoLayer::Low, &mut self.low)]
    }
}
