//! `capstan render`: makes the recording's files again from its tapes and timeline, the part
//! included that no segment holds because the process died.

use std::path::PathBuf;

use anyhow::Context;
use capstan_render::{Rendering, render_into};
use clap::Args;

use crate::commands::config_args::ConfigArgs;
use crate::fonts;
use capstan_recorder::images;
use capstan_recorder::pictures::{FOLDER, fetched};

/// What is rendered, and where to.
#[derive(Args, Debug)]
pub(super) struct RenderArgs {
    /// A recording's folder, recordings/.work/<sid> for example: it holds tape/ and timeline.jsonl
    folder: PathBuf,
    /// Where the files go: a folder that is empty or doesn't exist yet
    #[arg(long, short, value_name = "FOLDER")]
    out: PathBuf,
    /// Whose [images] and fonts the layout showed.
    #[command(flatten)]
    config: ConfigArgs,
}

/// Renders all of it. Damage is told, and what is whole is rendered.
///
/// # Errors
/// The folder holds no recording, or the files can't be made.
pub(super) fn run(args: RenderArgs) -> anyhow::Result<()> {
    let RenderArgs { folder, out, config } = args;
    let name = folder.display().to_string();
    let config = config.load()?;
    let mut images = images::load(&config.images)?;
    images.extend(fetched(&folder.join(FOLDER))?);
    let typeface = fonts::load(&config.recording.fonts)?;
    let rendering = Rendering { folder, output: None, images, typeface };
    let (playlists, rendered) =
        render_into(rendering, &out).with_context(|| format!("{name} can't be rendered"))?;
    for (tape, damage) in &rendered.damaged_tapes {
        println!("{} is whole only up to here: {damage}", tape.display());
    }
    for line in &rendered.damaged_lines {
        println!("{line}");
    }
    for lost in &rendered.lost {
        println!("{lost}");
    }
    println!("{} segments, {} composed pictures", rendered.segments, rendered.pictures);
    for playlist in playlists {
        println!("{}", playlist.display());
    }
    Ok(())
}
