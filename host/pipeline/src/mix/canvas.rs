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
    pub typeface: Typeface,
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

    /// Adds an image; layers that name it show it from the next `paint` on. A name that is taken
    /// keeps its image.
    pub fn add_image(&mut self, name: String, image: Image) {
        self.stills.images.entry(name).or_insert(image);
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

#[cfg(test)]
mod tests {
    use capstan_media::scene::{Content, Fit, Layer, Rect};

    use super::*;
    use crate::testing::{flat, moving, uid};

    /// One picture per participant.
    #[derive(Default)]
    struct Walls(BTreeMap<u32, (u64, Option<Picture>)>);

    impl Sources for Walls {
        fn find(&self, uid: Uid, _: TrackKind) -> Option<Shown<'_>> {
            let (version, picture) = self.0.get(&uid.get())?;
            Some(Shown { version: *version, picture: picture.as_ref().and_then(PictureView::of) })
        }
    }

    fn canvas(width: u32, height: u32) -> Canvas {
        let stills = Stills { images: BTreeMap::new(), typeface: Typeface::default() };
        Canvas::new(Size { width, height }, Colour::BLACK, stills)
    }

    fn layer(number: u32, area: (f64, f64, f64, f64), fit: Fit) -> Layer {
        let (x, y, width, height) = area;
        let content = Content::Participant { uid: uid(number), source: TrackKind::Camera };
        let area = Rect { x, y, width, height };
        Layer { area, content, fit, alpha: 1.0, corner_radius: 0.0 }
    }

    fn luma(canvas: &Canvas, x: usize, y: usize) -> u8 {
        let plane = &canvas.picture().planes[0];
        plane.data[y * plane.stride + x]
    }

    const GREY: Colour = Colour { red: 100, green: 100, blue: 100 };
    const WHOLE: (f64, f64, f64, f64) = (0.0, 0.0, 1.0, 1.0);

    #[test]
    fn contain_shows_all_with_black_bars_and_cover_fills() {
        let mut canvas = canvas(64, 64);
        let walls = Walls(BTreeMap::from([(1, (1, Some(flat(160, 80, 200))))]));
        canvas.set_scene(Scene { background: GREY, layers: vec![layer(1, WHOLE, Fit::Contain)] });
        assert!(canvas.paint(&walls));
        let column: Vec<u8> = (0..64).map(|y| luma(&canvas, 31, y)).collect();
        assert_eq!(column[..16], [16; 16]);
        assert_eq!(column[16..48], [200; 32]);
        assert_eq!(column[48..], [16; 16]);
        canvas.set_scene(Scene { background: GREY, layers: vec![layer(1, WHOLE, Fit::Cover)] });
        assert!(canvas.paint(&walls));
        assert!(canvas.picture().planes[0].data.iter().all(|&cell| cell == 200));
    }

    #[test]
    fn cover_cuts_both_sides_alike() {
        // 48 columns wide with bright outer quarters; a square takes the dark middle.
        let mut wide = flat(48, 24, 50);
        for row in wide.planes[0].data.chunks_mut(48) {
            row[..12].fill(220);
            row[36..].fill(220);
        }
        let mut canvas = canvas(24, 24);
        canvas.set_scene(Scene { background: GREY, layers: vec![layer(1, WHOLE, Fit::Cover)] });
        canvas.paint(&Walls(BTreeMap::from([(1, (1, Some(wide)))])));
        assert!(canvas.picture().planes[0].data.iter().all(|&cell| cell == 50));
    }

    #[test]
    fn tiles_leave_no_seam_and_keep_to_their_areas() {
        let mut canvas = canvas(100, 50);
        let third = 1.0 / 3.0;
        let layers =
            (0..3).map(|n| layer(n + 1, (f64::from(n) * third, 0.0, third, 1.0), Fit::Cover));
        canvas.set_scene(Scene { background: Colour::BLACK, layers: layers.collect() });
        let wall = |luma| (1, Some(flat(64, 64, luma)));
        canvas.paint(&Walls(BTreeMap::from([(1, wall(60)), (2, wall(120)), (3, wall(180))])));
        let row: Vec<u8> = (0..100).map(|x| luma(&canvas, x, 25)).collect();
        let runs: Vec<(u8, usize)> =
            row.chunk_by(|a, b| a == b).map(|run| (run[0], run.len())).collect();
        assert_eq!(runs, [(60, 34), (120, 32), (180, 34)]);
    }

    #[test]
    fn without_a_picture_the_background_shows() {
        let mut canvas = canvas(32, 32);
        canvas.set_scene(Scene { background: GREY, layers: vec![layer(1, WHOLE, Fit::Cover)] });
        let mut walls = Walls::default();
        assert!(canvas.paint(&walls));
        let grey = luma(&canvas, 5, 5);
        assert_eq!(grey, yuv(GREY)[0]);
        walls.0.insert(1, (7, Some(flat(8, 8, 200))));
        assert!(canvas.paint(&walls));
        assert_eq!(luma(&canvas, 5, 5), 200);
        assert!(!canvas.paint(&walls), "nothing changed");
        // A broken stream keeps what was painted, also in another place.
        walls.0.insert(1, (7, None));
        assert!(!canvas.paint(&walls));
        let right = layer(1, (0.5, 0.0, 0.5, 1.0), Fit::Cover);
        canvas.set_scene(Scene { background: GREY, layers: vec![right] });
        assert!(canvas.paint(&walls));
        assert_eq!((luma(&canvas, 5, 5), luma(&canvas, 20, 5)), (grey, 200));
        walls.0.clear();
        assert!(canvas.paint(&walls));
        assert_eq!(luma(&canvas, 20, 5), grey, "left");
    }

    #[test]
    fn painting_what_changed_is_the_same_as_painting_everything() {
        let round = Layer { corner_radius: 0.3, ..layer(2, (0.2, 0.1, 0.5, 0.6), Fit::Cover) };
        let faint = Layer { alpha: 0.4, ..layer(3, (0.5, 0.4, 0.5, 0.6), Fit::Contain) };
        let label = Layer {
            content: Content::Text { line: "Ada".into(), colour: GREY },
            ..layer(1, (0.1, 0.7, 0.6, 0.2), Fit::Cover)
        };
        let layers = vec![layer(1, WHOLE, Fit::Cover), round, faint, label];
        let scene = Scene { background: GREY, layers };
        let mut kept = canvas(96, 64);
        kept.set_scene(scene.clone());
        let mut walls = Walls::default();
        for step in 0..24_u32 {
            let (number, version) = (step % 3 + 1, u64::from(step) + 1);
            if step % 7 == 5 {
                walls.0.remove(&number);
            } else {
                walls.0.insert(number, (version, Some(moving(80, 60, step as usize * 9))));
            }
            kept.paint(&walls);
            let mut fresh = canvas(96, 64);
            fresh.set_scene(scene.clone());
            fresh.paint(&walls);
            assert!(kept.picture() == fresh.picture(), "step {step}");
        }
    }

    #[test]
    fn an_image_that_comes_later_is_painted_then() {
        let mut canvas = canvas(32, 32);
        let content = Content::Image("wall".into());
        let wall = Layer { content, ..layer(1, WHOLE, Fit::Cover) };
        canvas.set_scene(Scene { background: GREY, layers: vec![wall] });
        let nobody = Walls::default();
        canvas.paint(&nobody);
        assert_eq!(luma(&canvas, 5, 5), yuv(GREY)[0]);
        let size = Size { width: 2, height: 2 };
        canvas.add_image("wall".into(), Image { size, rgba: [255; 16].into() });
        assert!(canvas.paint(&nobody));
        assert_eq!(luma(&canvas, 5, 5), 235);
    }

    #[test]
    fn odd_canvases_and_slivers_are_survived() {
        for (width, height) in [(17, 31), (16, 16), (2, 2)] {
            let mut canvas = canvas(width, height);
            let areas =
                [(0.0, 0.0, 0.01, 1.0), (0.99, 0.99, 0.01, 0.01), WHOLE, (0.3, 0.3, 0.0, 0.4)];
            let layers = areas.map(|area| layer(1, area, Fit::Contain)).to_vec();
            canvas.set_scene(Scene { background: GREY, layers });
            let walls = Walls(BTreeMap::from([(1, (1, Some(flat(3, 701, 99))))]));
            assert!(canvas.paint(&walls));
        }
    }
}
