//! One layer of the scene with what it was painted from last.
//!
//! A layer keeps its pixels (the *tile*), so that it is scaled again only when its source has a
//! new picture, and so that a source which broke goes on showing its last good one.

use capstan_media::frame::{Picture, Size};
use capstan_media::scene::{Colour, Content, Fit, Layer};

use crate::mix::canvas::{Sources, Stills};
use crate::mix::coverage::Coverage;
use crate::mix::geometry::{PixelRect, place};
use crate::mix::raster::{self, yuv};
use crate::mix::scale::PlanePlan;
use crate::picture::{PictureView, filled};

/// A layer on the canvas.
#[derive(Debug)]
pub(super) struct Placed {
    pub(super) layer: Layer,
    pub(super) rect: PixelRect,
    tile: Option<Tile>,
    /// What an earlier scene showed of the same source, for a source that has no picture any more.
    inherited: Option<Picture>,
}

/// A layer's pixels.
#[derive(Debug)]
struct Tile {
    picture: Picture,
    coverage: Coverage,
    /// The number of the source's picture that this shows; stills have number 0.
    version: u64,
    scaler: Option<Scaler>,
}

/// How pictures of one size become the tile.
#[derive(Debug)]
struct Scaler {
    source: Size,
    target: PixelRect,
    luma: PlanePlan,
    chroma: PlanePlan,
}

impl Placed {
    pub(super) fn new(layer: Layer, canvas: Size) -> Self {
        let rect = PixelRect::of(layer.area, canvas);
        Self { layer, rect, tile: None, inherited: None }
    }

    /// Takes over what `before`, a layer of the scene before, has of the same content.
    pub(super) fn inherit(&mut self, before: &mut Self) {
        if self.layer == before.layer {
            self.tile = before.tile.take().or_else(|| self.tile.take());
            self.inherited = before.inherited.take().or_else(|| self.inherited.take());
        } else if self.inherited.is_none() && self.layer.content == before.layer.content {
            let shown = before.tile.as_ref().map(|tile| tile.picture.clone());
            self.inherited = shown.or_else(|| before.inherited.clone());
        }
    }

    /// Brings the tile up to its source; answers whether its pixels, or whether it has any, changed.
    pub(super) fn update(&mut self, sources: &impl Sources, stills: &Stills) -> bool {
        if self.rect.is_empty() || self.layer.alpha <= 0.0 {
            return false;
        }
        let Content::Participant { uid, source } = self.layer.content else {
            if self.tile.is_some() {
                return false;
            }
            self.tile = self.still(stills);
            return self.tile.is_some();
        };
        let Some(shown) = sources.find(uid, source) else {
            self.inherited = None;
            return self.tile.take().is_some();
        };
        let current = self.tile.as_ref().is_some_and(|tile| tile.version == shown.version);
        if current {
            return false;
        }
        if let Some(view) = shown.picture {
            self.inherited = None;
            return self.show(view, shown.version);
        }
        // The source has lost its picture: what is shown stays.
        if self.tile.is_some() {
            return false;
        }
        let Some(last) = self.inherited.take() else { return false };
        PictureView::of(&last).is_some_and(|view| self.show(view, shown.version))
    }

    /// Scales a picture into the tile.
    fn show(&mut self, view: PictureView<'_>, version: u64) -> bool {
        let (rect, layer) = (self.rect, &self.layer);
        let Some(size) = rect.size() else { return false };
        let tile = self.tile.get_or_insert_with(|| Tile {
            picture: filled(size, yuv(Colour::BLACK)),
            coverage: Coverage::rounded(rect, layer.corner_radius, layer.alpha),
            version,
            scaler: None,
        });
        tile.version = version;
        if tile.scaler.as_ref().is_none_or(|scaler| scaler.source != view.size) {
            let whole = PixelRect { x: 0, y: 0, ..rect };
            raster::fill(&mut tile.picture, whole, Colour::BLACK);
            tile.scaler = Some(Scaler::new(view.size, rect, layer.fit));
        }
        if let Some(scaler) = &mut tile.scaler {
            scaler.run(view, &mut tile.picture);
        }
        true
    }

    fn still(&self, stills: &Stills) -> Option<Tile> {
        let Layer { content, fit, alpha, corner_radius, .. } = &self.layer;
        let rounded = || Coverage::rounded(self.rect, *corner_radius, *alpha);
        let (picture, coverage) = match content {
            Content::Participant { .. } => return None,
            Content::Colour(colour) => (filled(self.rect.size()?, yuv(*colour)), rounded()),
            Content::Image(name) => {
                let (picture, mask) = stills.images.get(name)?.fitted(self.rect, *fit)?;
                (picture, mask.and(rounded(), self.rect.width))
            }
            Content::Text { line, colour } => {
                let mask = stills.typeface.line(line, self.rect).faded(*alpha);
                (filled(self.rect.size()?, yuv(*colour)), mask)
            }
        };
        Some(Tile { picture, coverage, version: 0, scaler: None })
    }

    /// Whether it hides all of its rectangle.
    pub(super) fn hides(&self) -> bool {
        self.tile.as_ref().is_some_and(|tile| tile.coverage.is_opaque())
    }

    /// Paints it.
    pub(super) fn paint(&self, canvas: &mut Picture) {
        if let Some(tile) = &self.tile {
            raster::put(canvas, self.rect, &tile.picture, &tile.coverage);
        }
    }
}

impl Scaler {
    fn new(source: Size, rect: PixelRect, fit: Fit) -> Self {
        let placement = place(source, rect.width, rect.height, fit);
        let target = placement.target;
        let (width, height) = (source.width as usize, source.height as usize);
        let (across, down) = (placement.across, placement.down);
        let luma = PlanePlan::new((width, height), (across, down), (target.width, target.height));
        let chroma = PlanePlan::new(
            (width.div_ceil(2), height.div_ceil(2)),
            (across.halved(), down.halved()),
            (target.width / 2, target.height / 2),
        );
        Self { source, target, luma, chroma }
    }

    fn run(&mut self, view: PictureView<'_>, tile: &mut Picture) {
        let planes = tile.planes.iter_mut().zip(view.planes);
        for (number, (target, source)) in planes.enumerate() {
            let (plan, shift) =
                if number == 0 { (&mut self.luma, 0) } else { (&mut self.chroma, 1) };
            let (x, y) = (self.target.x >> shift, self.target.y >> shift);
            let stride = target.stride;
            let cells = target.data.get_mut(y * stride + x..).unwrap_or_default();
            plan.run(source, cells, stride);
        }
    }
}
