//! `capstan layout preview`: what a layout makes of a room, as a picture.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, bail};
use capstan_media::frame::{Picture, Size};
use capstan_media::scene::{LayoutInput, Participant};
use capstan_media::time::{RoomClock, RoomTime};
use capstan_media::track::{TrackKind, Uid};
use capstan_pipeline::mix::canvas::{Canvas, Shown, Sources, Stills};
use capstan_pipeline::picture::PictureView;
use capstan_publish::pattern::Painter;
use capstan_recording::layout::Layout;
use clap::{Args, Subcommand};

use crate::clock::SystemClock;
use crate::commands::config_args::ConfigArgs;
use crate::plugins;

/// The most participants of a preview.
const MOST: u32 = 100;
/// The pictures' shapes, one after the other.
const CAMERAS: [Size; 3] = [
    Size { width: 640, height: 360 },
    Size { width: 640, height: 480 },
    Size { width: 360, height: 640 },
];
const SCREEN: Size = Size { width: 1280, height: 800 };

/// What can be done with layouts.
#[derive(Subcommand, Debug)]
pub(super) enum LayoutCommand {
    Preview(PreviewArgs),
}

/// Paint what a layout answers for a room of N with test pictures, as a PNG.
#[derive(Args, Debug)]
pub(super) struct PreviewArgs {
    /// Which folders and images, by the configuration
    #[command(flatten)]
    config: ConfigArgs,
    /// The layout's name
    #[arg(long)]
    layout: String,
    /// How many participants; the second of them speaks
    #[arg(short = 'n', long, value_name = "N", default_value_t = 4, value_parser = clap::value_parser!(u32).range(0..=i64::from(MOST)))]
    participants: u32,
    /// The canvas
    #[arg(long, value_name = "WxH", default_value = "1280x720", value_parser = size)]
    size: Size,
    /// The layout's options, a JSON object
    #[arg(long, value_name = "JSON", default_value = "{}")]
    options: String,
    /// Let this one share a screen
    #[arg(long, value_name = "UID")]
    screen: Option<u32>,
    /// Where the picture is written
    #[arg(short, long, value_name = "FILE")]
    out: PathBuf,
}

/// Paints.
///
/// # Errors
/// There is no such layout, it says no, or the file can't be written.
pub(super) fn run(LayoutCommand::Preview(args): &LayoutCommand) -> anyhow::Result<()> {
    let config = args.config.load()?;
    let clock = Arc::new(SystemClock::start());
    let now = clock.now();
    let host = plugins::load(&config, clock)?;
    let mut layout = host.layout(&args.layout)?;
    let room = Room::new(args, now);
    let scene = layout.arrange(&LayoutInput {
        canvas: args.size,
        participants: room.participants.clone(),
        previous: None,
        at: now,
        options: args.options.clone(),
    })?;
    let images = capstan_recorder::images::load(&config.images)?;
    let typeface = crate::fonts::load(&config.recording.fonts)?;
    let mut canvas = Canvas::new(args.size, scene.background, Stills { images, typeface });
    let layers = scene.layers.len();
    canvas.set_scene(scene);
    canvas.paint(&room);
    write(&args.out, canvas.picture())
        .with_context(|| format!("can't write {}", args.out.display()))?;
    println!("{}: {layers} layers", args.out.display());
    Ok(())
}

/// A room of test pictures.
struct Room {
    participants: Vec<Participant>,
    pictures: Vec<(Uid, TrackKind, Picture)>,
}

impl Room {
    fn new(args: &PreviewArgs, now: RoomTime) -> Self {
        let mut room = Self { participants: Vec::new(), pictures: Vec::new() };
        let uids = (1..=args.participants).filter_map(Uid::new);
        for (uid, camera) in uids.zip(CAMERAS.into_iter().cycle()) {
            let screen = (args.screen == Some(uid.get())).then_some(SCREEN);
            room.draw(uid, TrackKind::Camera, camera, now);
            if let Some(size) = screen {
                room.draw(uid, TrackKind::Screen, size, now);
            }
            let speaking = uid.get() == 2;
            room.participants.push(Participant {
                uid,
                joined: now.offset_micros(i64::from(uid.get()) * 1_000_000 - 3_600_000_000),
                camera: Some(camera),
                screen,
                has_audio: true,
                speaking,
                level: if speaking { 20 } else { 127 },
            });
        }
        room
    }

    fn draw(&mut self, uid: Uid, kind: TrackKind, size: Size, now: RoomTime) {
        let picture = Painter::new(uid, size).paint(now).clone();
        self.pictures.push((uid, kind, picture));
    }
}

impl Sources for Room {
    fn find(&self, uid: Uid, kind: TrackKind) -> Option<Shown<'_>> {
        let drawn = self.pictures.iter().find(|(of, what, _)| (*of, *what) == (uid, kind))?;
        Some(Shown { version: 1, picture: PictureView::of(&drawn.2) })
    }
}

fn size(text: &str) -> anyhow::Result<Size> {
    let (width, height) = text.split_once('x').context("write 1280x720, for example")?;
    let side = |text: &str| match text.parse::<u32>() {
        Ok(side @ 2..=4096) => Ok(side),
        _ => bail!("{text} is not between 2 and 4096"),
    };
    Ok(Size { width: side(width)?, height: side(height)? })
}

fn write(path: &Path, picture: &Picture) -> anyhow::Result<()> {
    let Size { width, height } = picture.size;
    let pixels =
        image::RgbImage::from_raw(width, height, rgb(picture)).context("too few pixels")?;
    Ok(pixels.save_with_format(path, image::ImageFormat::Png)?)
}

/// Of studio range BT.601, which the canvas is painted in.
fn rgb(picture: &Picture) -> Vec<u8> {
    let Size { width, height } = picture.size;
    let at = |plane: usize, x: u32, y: u32| {
        let cell = picture
            .planes
            .get(plane)
            .and_then(|plane| plane.data.get(y as usize * plane.stride + x as usize));
        f32::from(cell.copied().unwrap_or(0))
    };
    let mut rgb = Vec::with_capacity(width as usize * height as usize * 3);
    for y in 0..height {
        for x in 0..width {
            let luma = 1.164 * (at(0, x, y) - 16.0);
            let (u, v) = (at(1, x / 2, y / 2) - 128.0, at(2, x / 2, y / 2) - 128.0);
            let (red, blue) = (luma + 1.596 * v, luma + 2.017 * u);
            let green = luma - 0.392 * u - 0.813 * v;
            // A float becomes the nearest end of the range beyond it.
            rgb.extend([red, green, blue].map(|value| value.round() as u8));
        }
    }
    rgb
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_canvas_is_two_numbers() {
        assert_eq!(size("640x360").unwrap(), Size { width: 640, height: 360 });
        for bad in ["640", "0x2", "9999x2", "axb"] {
            assert!(size(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn white_and_black_stay_so() {
        let size = Size { width: 2, height: 2 };
        let picture = |luma| capstan_pipeline::picture::filled(size, [luma, 128, 128]);
        assert!(rgb(&picture(235)).iter().all(|value| *value >= 254));
        assert!(rgb(&picture(16)).iter().all(|value| *value == 0));
    }
}
