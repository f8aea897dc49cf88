//! Packets of 188 bytes: continuity, clock references, PES headers, stuffing (ISO 13818-1, 2.4.3).

use std::collections::BTreeMap;

use super::CLOCK_EVERY;

/// Bytes of a packet.
pub(super) const LEN: usize = 188;
const SYNC: u8 = 0x47;
const HEADER: usize = 4;

/// Where the program association is found.
pub(super) const PAT_PID: u16 = 0;
/// Where this program's map is found.
pub(super) const PMT_PID: u16 = 0x1000;

/// The PID of a track by its place.
pub(super) fn pid(track: usize) -> u16 {
    0x100 + u16::try_from(track).unwrap_or(0xfff)
}

/// Times are counted in 33 bits.
const WRAP: u64 = 1 << 33;

/// One PES packet but for its bytes.
pub(super) struct Pes {
    pub(super) is_video: bool,
    /// A player can start here.
    pub(super) key: bool,
    /// The clock reference to go with it, in 90 kHz.
    pub(super) clock: Option<u64>,
    /// In 90 kHz.
    pub(super) decoding: u64,
    /// Likewise; the same unless other pictures are shown before it.
    pub(super) presentation: u64,
}

/// When the clock was last referred to.
pub(super) struct Clocks {
    pid: u16,
    last: Option<u64>,
}

impl Clocks {
    pub(super) const fn new(pid: u16) -> Self {
        Self { pid, last: None }
    }

    pub(super) const fn pid(&self) -> u16 {
        self.pid
    }

    /// The next reference that must come by itself before something at `now`, which brings a
    /// reference of its own or doesn't.
    pub(super) fn due(&mut self, now: u64, brings_one: bool) -> Option<u64> {
        let due = match self.last {
            Some(last) => last + CLOCK_EVERY,
            None if brings_one => return None,
            None => now,
        };
        let is_due = if brings_one { due < now } else { due <= now };
        is_due.then(|| self.write(due))
    }

    pub(super) const fn write(&mut self, reference: u64) -> u64 {
        self.last = Some(reference);
        reference
    }
}

/// The packets written so far, as far as the next ones depend on them.
#[derive(Debug, Default)]
pub(super) struct Packets {
    /// By PID, the continuity counter of the next packet with a payload.
    counters: BTreeMap<u16, u8>,
}

impl Packets {
    /// Takes over the counters of packets that were written by another.
    pub(super) fn follow(&mut self, packets: &[u8]) {
        for packet in packets.chunks_exact(LEN) {
            let &[SYNC, high, low, control, ..] = packet else { continue };
            if control & 0b01 << 4 != 0 {
                let pid = u16::from_be_bytes([high & 0x1f, low]);
                self.counters.insert(pid, control.wrapping_add(1) & 15);
            }
        }
    }

    /// A section that fits one packet.
    pub(super) fn section(&mut self, pid: u16, section: &[u8], out: &mut Vec<u8>) {
        self.header(pid, true, 0b01, out);
        out.push(0); // it begins at once
        out.extend_from_slice(section);
        let used = HEADER + 1 + section.len();
        out.resize(out.len() + LEN.saturating_sub(used), 0xff);
    }

    /// A packet with nothing but a clock reference. It doesn't count.
    pub(super) fn clock(&self, pid: u16, reference: u64, out: &mut Vec<u8>) {
        let counter = self.counters.get(&pid).map_or(15, |next| next.wrapping_sub(1) & 15);
        let [high, low] = pid.to_be_bytes();
        out.extend_from_slice(&[SYNC, high, low, 0b10 << 4 | counter]);
        adaptation(LEN - HEADER, false, Some(reference), out);
    }

    /// One PES packet, over as many packets as it takes.
    pub(super) fn pes(&mut self, pid: u16, pes: &Pes, data: &[u8], out: &mut Vec<u8>) {
        let header = pes_header(pes, data.len());
        let mut rest: [&[u8]; 2] = [&header, data];
        let mut first = true;
        while rest.iter().any(|part| !part.is_empty()) {
            let left: usize = rest.iter().map(|part| part.len()).sum();
            let clock = pes.clock.filter(|_| first);
            let wanted = if clock.is_some() { 8 } else { 0 };
            // What the payload leaves free is stuffed, and stuffing is part of the adaptation field.
            let field = (LEN - HEADER).saturating_sub(left).max(wanted);
            self.header(pid, first, if field > 0 { 0b11 } else { 0b01 }, out);
            if field > 0 {
                adaptation(field, first && pes.key, clock, out);
            }
            let mut space = LEN - HEADER - field;
            for part in &mut rest {
                let (now, later) = part.split_at_checked(space).unwrap_or((part, &[]));
                out.extend_from_slice(now);
                space -= now.len();
                *part = later;
            }
            first = false;
        }
    }

    /// The header of a packet with a payload.
    fn header(&mut self, pid: u16, starts: bool, control: u8, out: &mut Vec<u8>) {
        let counter = self.counters.entry(pid).or_insert(0);
        let [high, low] = pid.to_be_bytes();
        let high = high & 0x1f | u8::from(starts) << 6;
        out.extend_from_slice(&[SYNC, high, low, control << 4 | *counter]);
        *counter = (*counter + 1) & 15;
    }
}

/// An adaptation field of `len` bytes, at least 1, or 8 with a clock reference (2.4.3.4).
fn adaptation(len: usize, key: bool, clock: Option<u64>, out: &mut Vec<u8>) {
    let end = out.len() + len;
    out.push(u8::try_from(len - 1).unwrap_or(183));
    if len > 1 {
        out.push(u8::from(key) << 6 | u8::from(clock.is_some()) << 4);
    }
    if let Some(clock) = clock {
        let base = clock % WRAP;
        let [.., a, b, c, d, e] = (base << 7).to_be_bytes();
        // 33 bits, 6 reserved ones, an extension of 0.
        out.extend_from_slice(&[a, b, c, d, e | 0x7e, 0]);
    }
    out.resize(end, 0xff);
}

/// 2.4.3.6.
fn pes_header(pes: &Pes, payload: usize) -> Vec<u8> {
    let both = pes.decoding != pes.presentation;
    let times = if both { 10 } else { 5 };
    let stream = if pes.is_video { 0xe0 } else { 0xc0 };
    // Pictures may be longer than the field can say; 0 leaves their length open.
    let [high, low] = u16::try_from(payload + 3 + usize::from(times)).unwrap_or(0).to_be_bytes();
    let mut header = vec![
        0,
        0,
        1,
        stream,
        high,
        low,
        0x84, // aligned: an access unit begins with the payload
        if both { 0xc0 } else { 0x80 },
        times,
    ];
    header.extend(time(if both { 3 } else { 2 }, pes.presentation));
    if both {
        header.extend(time(1, pes.decoding));
    }
    header
}

/// A time behind four bits that say which it is.
fn time(which: u8, time: u64) -> [u8; 5] {
    let time = time % WRAP;
    let bits = |from: u32, mask: u64| u8::try_from(time >> from & mask).unwrap_or(0);
    [
        which << 4 | bits(30, 7) << 1 | 1,
        bits(22, 0xff),
        bits(15, 0x7f) << 1 | 1,
        bits(7, 0xff),
        bits(0, 0x7f) << 1 | 1,
    ]
}
