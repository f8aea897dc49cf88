//! `capstan tape`: what is on a tape, record by record, for eyes or as JSON lines.

use std::collections::BTreeMap;
use std::io::{self, BufWriter, Write};
use std::path::PathBuf;

use anyhow::Context;
use capstan_archive::tape::reader::{self, TapeDamage};
use capstan_archive::tape::record::{Header, Record};
use capstan_media::frame::{Continuity, FrameKind};
use capstan_media::time::RoomTime;
use clap::Args;
use serde_json::{Value, json};

/// Which tape, and how it is shown.
#[derive(Args, Debug)]
pub(super) struct TapeArgs {
    /// A file such as recordings/.work/<sid>/tape/7-camera.tape
    file: PathBuf,
    /// Print one JSON object a line
    #[arg(long)]
    json: bool,
    /// Print the totals only
    #[arg(long)]
    summary: bool,
}

/// What a whole tape amounts to.
#[derive(Default)]
struct Totals {
    frames: u64,
    keys: u64,
    gaps: u64,
    reports: u64,
    bytes: u64,
    first: Option<RoomTime>,
    last: Option<RoomTime>,
    codecs: BTreeMap<&'static str, u64>,
}

/// Prints the tape up to its end or its first damage.
///
/// # Errors
/// The file is no tape, or is damaged; what is whole was printed before.
pub(super) fn run(args: &TapeArgs) -> anyhow::Result<()> {
    let name = args.file.display();
    let tape =
        reader::open(&args.file).with_context(|| format!("{name} can't be read as a tape"))?;
    let mut out = BufWriter::new(io::stdout().lock());
    let printed = print(args, tape, &mut out);
    match printed.and_then(|damage| out.flush().map(|()| damage)) {
        Ok(None) => Ok(()),
        Ok(Some(damage)) => Err(damage).with_context(|| format!("{name} is whole up to there")),
        // Somebody reads only the first lines; that is their right.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        Err(error) => Err(error.into()),
    }
}

fn print<R: io::Read>(
    args: &TapeArgs,
    mut tape: reader::TapeReader<R>,
    out: &mut impl Write,
) -> io::Result<Option<TapeDamage>> {
    let header = tape.header().clone();
    let mut totals = Totals::default();
    let mut damage = None;
    line(args, out, &describe(&header), &as_json(&header))?;
    for item in tape.by_ref() {
        match item {
            Ok(record) => {
                totals.add(&record);
                if !args.summary {
                    let first = totals.first.unwrap_or(record.arrived());
                    line(args, out, &text(&record, first), &value(&record))?;
                }
            }
            Err(found) => damage = Some(found),
        }
    }
    line(args, out, &totals.text(tape.offset()), &totals.value(tape.offset()))?;
    Ok(damage)
}

fn line(args: &TapeArgs, out: &mut impl Write, text: &str, json: &Value) -> io::Result<()> {
    if args.json { writeln!(out, "{json}") } else { writeln!(out, "{text}") }
}

fn describe(header: &Header) -> String {
    format!("tape of {} in recording {}", header.track, header.sid)
}

fn as_json(header: &Header) -> Value {
    json!({
        "type": "header",
        "sid": header.sid,
        "uid": header.track.uid.get(),
        "kind": header.track.kind.name(),
    })
}

/// One record for eyes: seconds since the first one, what it is, its media time.
fn text(record: &Record, first: RoomTime) -> String {
    let after = record.arrived().since(first).as_secs_f64();
    match record {
        Record::Frame(frame) => {
            let kind = if frame.kind == FrameKind::Key { "key" } else { "delta" };
            let gap = if frame.continuity == Continuity::AfterGap { "  after a gap" } else { "" };
            format!(
                "{after:>12.6}  {:<5} {kind:<5} rtp {:>12}  {:>7} bytes{gap}",
                frame.codec.name(),
                frame.rtp_time.0,
                frame.data.len()
            )
        }
        Record::Report(report) => format!(
            "{after:>12.6}  report      rtp {:>12}  sender's clock {} us",
            report.rtp_time.0, report.sender_micros
        ),
    }
}

fn value(record: &Record) -> Value {
    match record {
        Record::Frame(frame) => json!({
            "type": "frame",
            "arrived_us": frame.arrived.as_micros(),
            "rtp_time": frame.rtp_time.0,
            "codec": frame.codec.name(),
            "key": frame.kind == FrameKind::Key,
            "after_gap": frame.continuity == Continuity::AfterGap,
            "bytes": frame.data.len(),
        }),
        Record::Report(report) => json!({
            "type": "report",
            "arrived_us": report.arrived.as_micros(),
            "rtp_time": report.rtp_time.0,
            "sender_us": report.sender_micros,
        }),
    }
}

impl Totals {
    fn add(&mut self, record: &Record) {
        self.first.get_or_insert(record.arrived());
        self.last = Some(record.arrived());
        match record {
            Record::Frame(frame) => {
                self.frames += 1;
                self.keys += u64::from(frame.kind == FrameKind::Key);
                self.gaps += u64::from(frame.continuity == Continuity::AfterGap);
                self.bytes += frame.data.len() as u64;
                *self.codecs.entry(frame.codec.name()).or_default() += 1;
            }
            Record::Report(_) => self.reports += 1,
        }
    }

    fn seconds(&self) -> f64 {
        match (self.first, self.last) {
            (Some(first), Some(last)) => last.since(first).as_secs_f64(),
            _ => 0.0,
        }
    }

    fn text(&self, offset: u64) -> String {
        let codecs: Vec<&str> = self.codecs.keys().copied().collect();
        format!(
            "{} frames ({} key, {} after gaps) of {}, {} bytes of media, {} reports in {:.3} s; whole \
             up to byte {offset}",
            self.frames,
            self.keys,
            self.gaps,
            if codecs.is_empty() { "nothing".into() } else { codecs.join(", ") },
            self.bytes,
            self.reports,
            self.seconds()
        )
    }

    fn value(&self, offset: u64) -> Value {
        json!({
            "type": "total",
            "frames": self.frames,
            "keys": self.keys,
            "gaps": self.gaps,
            "reports": self.reports,
            "media_bytes": self.bytes,
            "seconds": self.seconds(),
            "codecs": self.codecs,
            "whole_up_to": offset,
        })
    }
}
