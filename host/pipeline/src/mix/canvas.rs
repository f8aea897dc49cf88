//! The canvas: paints a scene, and only what of it changed.
//!
//! After `paint` the picture is what painting every layer anew would give.

use std::collections::BTreeMap;

use capstan_media::frame::{Picture, Size};
use capstan_media::scene::{Colour, Scene};
use capstan_media::track::{TrackKind, Uid};

use crate::mix::geometry::PixelRect;
use crate::mix::image::Image;
use crate::mix::layer::Placed;
use crate::mix::raster::{self, yuv};
use crate::mix::text::Typeface;
use crate::picture::{PictureView, filled};

/// Where the pictures of participants are found.
pub trait Sources {
    /// The newest picture of one source; `None` if there is nothing to show.
    fn find(&self, uid: Uid, kind: TrackKind) -> Option<Shown<'_>>;
}

/// A source's newest picture.
#[derive(Clone, Copy, Debug)]
pub struct Shown<'a> {
    /// Another number for every picture of the source, never 0.
    pub version: u64,
    /// `None` if the picture is lost but was good: whoever painted it keeps what was painted.
    pub picture: Option<PictureView<'a>>,
}

/// What scenes may show beside participants.
#[derive(Clone, Debug)]
pub struct Stills {
    /// By name.
    pub images: BTreeMap<String, Image>,
    /// For text.
    pub font: Typeface,
}

/// A picture that is painted over and over.
#[derive(Debug)]
pub struct Canvas {
    picture: Picture,
    background: Colour,
    layers: Vec<Placed>,
    stills: Stills,
    /// The scene changed: everything is painted anew.
    stale: bool,
}

impl Canvas {
    /// An empty canvas; both sides of `size` are rounded down to even numbers.
    #[must_use]
    pub fn new(size: Size, background: Colour, stills: Stills) -> Self {
        let size = Size { width: size.width & !1, height: size.height & !1 };
        let picture = filled(size, yuv(background));
        Self { picture, background, layers: Vec::new(), stills, stale: true }
    }

    /// Shows another scene from the next `paint` on.
    pub fn set_scene(&mut self, scene: Scene) {
        let mut before = std::mem::take(&mut self.layers);
        self.background = scene.background;
        for layer in scene.layers {
            let mut placed = Placed::new(layer, self.picture.size);
            before.iter_mut().for_each(|before| placed.inherit(before));
            self.layers.push(placed);
        }
        self.stale = true;
    }

    /// Brings the picture up to its sources; answers whether it changed.
    pub fn paint(&mut self, sources: &impl Sources) -> bool {
        let stills = &self.stills;
        let mut dirty: Vec<bool> =
            self.layers.iter_mut().map(|layer| layer.update(sources, stills)).collect();
        if self.stale {
            dirty.fill(true);
            let Size { width, height } = self.picture.size;
            let (width, height) = (width as usize, height as usize);
            let whole = PixelRect { x: 0, y: 0, width, height };
            raster::fill(&mut self.picture, whole, self.background);
        } else if dirty.contains(&true) {
            self.spread(&mut dirty);
            for layer in marked(&self.layers, &dirty).filter(|layer| !layer.hides()) {
                raster::fill(&mut self.picture, layer.rect, self.background);
            }
        }
        for layer in marked(&self.layers, &dirty) {
            layer.paint(&mut self.picture);
        }
        std::mem::take(&mut self.stale) || dirty.contains(&true)
    }

    /// The picture as it was last painted.
    #[must_use]
    pub const fn picture(&self) -> &Picture {
        &self.picture
    }

    /// Marks what must be painted again because something beneath or, where one shines through,
    /// above is: what lies above a marked layer, and what lies beneath one that doesn't hide it.
    fn spread(&self, dirty: &mut [bool]) {
        loop {
            let reaches = |number: usize, layer: &Placed| {
                let others = self.layers.iter().zip(dirty.iter()).enumerate();
                others.filter(|&(_, (_, &marked))| marked).any(|(other, (cause, _))| {
                    (other < number || !cause.hides()) && cause.rect.overlaps(&layer.rect)
                })
            };
            let unmarked =
                self.layers.iter().enumerate().filter(|&(n, _)| dirty.get(n) == Some(&false));
            let reached: Vec<usize> =
                unmarked.filter(|&(n, layer)| reaches(n, layer)).map(|(n, _)| n).collect();
            if reached.is_empty() {
                return;
            }
            for number in reached {
                if let Some(mark) = dirty.get_mut(number) {
                    *mark = true;
                }
            }
        }
    }
}

fn marked<'a>(layers: &'a [Placed], dirty: &'a [bool]) -> impl Iterator<Item = &'a Placed> {
    layers.iter().zip(dirty).filter(|&(_, &dirty)| dirty).map(|(layer, _)| layer)
}
