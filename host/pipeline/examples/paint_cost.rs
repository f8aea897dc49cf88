//! Measures the processor time that scaling and painting take per picture of the canvas.
//!
//! `cargo run -p capstan-pipeline --example paint_cost`
#![expect(clippy::unwrap_used, reason = "a measurement may stop where it stands")]

use std::collections::BTreeMap;

use capstan_media::frame::{Picture, Size};
use capstan_media::scene::{Colour, Participant};
use capstan_media::time::RoomTime;
use capstan_media::track::{TrackKind, Uid};
use capstan_pipeline::mix::canvas::{Canvas, Shown, Sources, Stills};
use capstan_pipeline::mix::grid::grid;
use capstan_pipeline::mix::text::Typeface;
use capstan_pipeline::picture::{PictureView, filled};

const SOURCE: Size = Size { width: 640, height: 360 };
const ROUNDS: u64 = 200;

struct People {
    pictures: Vec<Picture>,
    version: u64,
}

impl Sources for People {
    fn find(&self, uid: Uid, _: TrackKind) -> Option<Shown<'_>> {
        let picture = self.pictures.get(uid.get() as usize - 1)?;
        Some(Shown { version: self.version, picture: PictureView::of(picture) })
    }
}

fn main() {
    println!("canvas     people  ms per picture (all pictures new, median of 5)");
    for (width, height) in [(640, 360), (1280, 720), (1920, 1080)] {
        for count in [4, 9, 17] {
            let mut times: Vec<f64> = (0..5).map(|_| run(Size { width, height }, count)).collect();
            times.sort_by(f64::total_cmp);
            let [_, _, median, ..] = times.as_slice() else { continue };
            println!("{width:>4}x{height:<5} {count:>6}  {median:.3}");
        }
    }
}

fn run(size: Size, count: u32) -> f64 {
    let person = |number| Participant {
        uid: Uid::new(number).unwrap(),
        joined: RoomTime::from_millis(0),
        camera: Some(SOURCE),
        screen: None,
        has_audio: false,
        speaking: false,
        level: 127,
    };
    let participants: Vec<Participant> = (1..=count).map(person).collect();
    let picture = |n: u32| {
        let mut picture = filled(SOURCE, [50, 128, 128]);
        for (place, cell) in picture.planes[0].data.iter_mut().enumerate() {
            *cell = u8::try_from((place * 7 + n as usize * 31) % 220 + 16).unwrap();
        }
        picture
    };
    let mut people = People { pictures: (0..count).map(picture).collect(), version: 1 };
    let stills = Stills { images: BTreeMap::new(), typeface: Typeface::default() };
    let mut canvas = Canvas::new(size, Colour::BLACK, stills);
    canvas.set_scene(grid(&participants, Colour::BLACK));
    canvas.paint(&people);
    let began = cpu_millis();
    for _ in 0..ROUNDS {
        people.version += 1;
        assert!(canvas.paint(&people));
    }
    (cpu_millis() - began) / ROUNDS as f64
}

/// The time that this thread has had a processor (Linux), which other load doesn't stretch.
fn cpu_millis() -> f64 {
    let stat = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    let nanos: u64 = stat.split(' ').next().unwrap().parse().unwrap();
    nanos as f64 / 1e6
}
