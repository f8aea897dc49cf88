//! A track's clock map: from the sender's media time to room time.
//!
//! A frame can't arrive before it was sent, so the frames with the least delay tell where the
//! sender's clock lies on the room's. The map follows the least delay of the last seconds, slowly,
//! so that drifting clocks stay together and jitter does nothing. It moves by steps only where RTP
//! time jumped or the delay changed for good, and is a function of the frames seen so far.

use capstan_media::time::{RoomTime, RtpTime};

use super::reorder::Reorder;

/// Media time: RTP time with its jumps taken out, in ticks since the track's first frame.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct MediaTime(pub i64);

/// RTP time that runs ahead of arrival by more than this has jumped: no network brings frames
/// early.
const JUMP_AHEAD: i64 = 3_000_000;
/// RTP time that goes back by more than this has jumped: reordering spans less.
const JUMP_BACK: i64 = 1_000_000;
/// After an anchor the least delay is still being found, and the map follows it at once.
const SETTLING: i64 = 1_000_000;
/// Half of the time over which the least delay is taken.
const WINDOW: i64 = 2_500_000;
/// After a pause the first window is shorter: a sender whose clock stood still meanwhile must be
/// told quickly from one whose frames were held up, which come in a burst.
const WINDOW_AFTER_PAUSE: i64 = 500_000;
/// No frame for as long as this is a pause.
const PAUSE: i64 = 1_000_000;
/// A delay that stays off by more than this moves the map by a step: at the slow rate, late frames
/// would stay late for a minute.
const STEP: i64 = 400_000;
/// Smaller deviations are noise.
const QUIET: i64 = 1_000;
/// The map slews by at most one part in 100: hardly audible, and twice as fast as the worst sound card drifts.
const SLEW: i64 = 100;

/// Maps one track. All times are in microseconds.
#[derive(Clone, Debug)]
pub struct ClockMap {
    rate: i64,
    anchor: Option<Anchor>,
    jumps: u64,
}

#[derive(Clone, Copy, Debug)]
struct Anchor {
    /// RTP time of media time 0.
    origin: u64,
    /// What is added to RTP ticks since `origin` to give media time.
    shift: i64,
    /// Room time of media time 0.
    base: i64,
    /// The newest frame.
    newest: MediaTime,
    newest_arrived: i64,
    anchored: i64,
    /// The least delay over the map in this window and in the one before.
    least: i64,
    least_before: Option<i64>,
    /// When this window began and how long it is.
    window: i64,
    window_len: i64,
    /// The last sender report: media time minus the sender's own clock.
    report: Option<i64>,
    /// The map moved by a step since the last report, which says nothing any more.
    awaits_report: bool,
}

/// How a frame would be placed. Times are in microseconds.
#[derive(Clone, Copy, Debug)]
pub struct Lateness {
    /// Where the map has it.
    pub room: RoomTime,
    /// How long after that it arrived.
    pub late: i64,
    /// How long after the newest frame it arrived.
    pub passed: i64,
    /// How far its media time is ahead of the newest.
    pub moved: i64,
}

impl ClockMap {
    /// For media time of `rate` ticks a second.
    #[must_use]
    pub fn new(rate: u32) -> Self {
        Self { rate: i64::from(rate.max(1)), anchor: None, jumps: 0 }
    }

    /// Takes a frame in the order of arrival and answers its media time.
    pub fn place(&mut self, rtp: RtpTime, arrived: RoomTime) -> MediaTime {
        self.place_in(None, rtp, arrived)
    }

    /// The same, of a stream that is sent in the order of decoding.
    pub fn place_in(
        &mut self,
        order: Option<&mut Reorder>,
        rtp: RtpTime,
        arrived: RoomTime,
    ) -> MediaTime {
        let (rate, arrived) = (self.rate, arrived.as_micros());
        let Some(anchor) = &mut self.anchor else {
            self.anchor = Some(Anchor::new(rtp.0, arrived));
            order.map(|order| order.take(MediaTime(0)));
            return MediaTime(0);
        };
        let mut media = anchor.media(rtp.0);
        let passed = arrived.saturating_sub(anchor.newest_arrived).max(0);
        let moved = micros(media.0.saturating_sub(anchor.newest.0), rate);
        if moved < -JUMP_BACK || moved > passed.saturating_add(JUMP_AHEAD) {
            self.jumps += 1;
            media = anchor.jump(rtp.0, arrived, rate);
        }
        let (due, deeper) = order.map_or((media, false), |order| {
            let depth = order.depth();
            (order.take(media), order.depth() > depth)
        });
        let delay = arrived - anchor.room(due, rate);
        if deeper {
            anchor.begin_again(delay, arrived);
        } else {
            anchor.observe(delay, arrived, passed);
        }
        anchor.newest = anchor.newest.max(media);
        anchor.newest_arrived = anchor.newest_arrived.max(arrived);
        media
    }

    /// How the next frame would be placed; `None` before the first one.
    #[must_use]
    pub fn lateness(&self, rtp: RtpTime, arrived: RoomTime) -> Option<Lateness> {
        let anchor = self.anchor?;
        let (media, arrived) = (anchor.media(rtp.0), arrived.as_micros());
        let room = anchor.room(media, self.rate);
        Some(Lateness {
            room: RoomTime::from_micros(room),
            late: arrived.saturating_sub(room),
            passed: arrived.saturating_sub(anchor.newest_arrived).max(0),
            moved: micros(media.0.saturating_sub(anchor.newest.0), self.rate),
        })
    }

    /// The sender's clock stood still: from the frame of `rtp`, which belongs at `at`, it goes on.
    pub fn resume(&mut self, rtp: RtpTime, at: RoomTime) {
        if let Some(anchor) = &mut self.anchor {
            self.jumps += 1;
            anchor.jump(rtp.0, at.as_micros(), self.rate);
        }
    }

    /// Takes a sender report: `rtp` and `sender_micros` are the same moment.
    pub fn report(&mut self, rtp: RtpTime, sender_micros: i64) {
        let rate = self.rate;
        if let Some(anchor) = &mut self.anchor {
            let media = micros(anchor.media(rtp.0).0, rate);
            anchor.report = Some(media.saturating_sub(sender_micros));
            anchor.awaits_report = false;
        }
    }

    /// Room time minus the sender's own clock as this track sees it, if the sender reported.
    #[must_use]
    pub fn sender_offset(&self) -> Option<i64> {
        self.anchor.and_then(|anchor| Some(anchor.base.saturating_add(anchor.report?)))
    }

    /// Whether the sender reported, but not since the map last moved by a step.
    #[must_use]
    pub fn awaits_report(&self) -> bool {
        self.anchor.is_some_and(|anchor| anchor.awaits_report)
    }

    /// Where a media time lies on the room's clock; `None` before the first frame.
    #[must_use]
    pub fn room_time(&self, media: MediaTime) -> Option<RoomTime> {
        self.anchor.map(|anchor| RoomTime::from_micros(anchor.room(media, self.rate)))
    }

    /// The media time of a moment of the room, in ticks and parts of them.
    #[must_use]
    pub fn media_time(&self, room: RoomTime) -> Option<f64> {
        let anchor = self.anchor?;
        let since = room.as_micros().saturating_sub(anchor.base);
        Some(since as f64 * self.rate as f64 / 1_000_000.0)
    }

    /// How often RTP time jumped or stood still.
    #[must_use]
    pub const fn jumps(&self) -> u64 {
        self.jumps
    }
}

/// Ticks to microseconds, rounded down as the composite's ticks are: a frame sent at a tick is due
/// at that tick.
fn micros(ticks: i64, rate: i64) -> i64 {
    let micros = (i128::from(ticks) * 1_000_000).div_euclid(i128::from(rate));
    i64::try_from(micros).unwrap_or(if ticks < 0 { i64::MIN / 4 } else { i64::MAX / 4 })
}

impl Anchor {
    const fn new(origin: u64, arrived: i64) -> Self {
        Self {
            origin,
            shift: 0,
            base: arrived,
            newest: MediaTime(0),
            newest_arrived: arrived,
            anchored: arrived,
            least: i64::MAX,
            least_before: None,
            window: arrived,
            window_len: WINDOW,
            report: None,
            awaits_report: false,
        }
    }

    const fn media(&self, rtp: u64) -> MediaTime {
        MediaTime(rtp.wrapping_sub(self.origin).cast_signed().saturating_add(self.shift))
    }

    fn room(&self, media: MediaTime, rate: i64) -> i64 {
        self.base.saturating_add(micros(media.0, rate))
    }

    /// Places the frame where it arrived and goes on from there.
    fn jump(&mut self, rtp: u64, arrived: i64, rate: i64) -> MediaTime {
        let since = i128::from(arrived.saturating_sub(self.base)) * i128::from(rate) / 1_000_000;
        let media = i64::try_from(since).unwrap_or(0).max(self.newest.0.saturating_add(1));
        self.origin = rtp;
        self.shift = media;
        self.anchored = arrived;
        self.newest = MediaTime(media);
        self.newest_arrived = self.newest_arrived.max(arrived);
        self.restart(arrived, WINDOW);
        self.stepped();
        MediaTime(media)
    }

    const fn stepped(&mut self) {
        self.awaits_report |= self.report.is_some();
        self.report = None;
    }

    /// Frames turn out to come before their time: what was measured by those that did says nothing.
    const fn begin_again(&mut self, delay: i64, arrived: i64) {
        self.restart(arrived, WINDOW);
        if arrived - self.anchored < SETTLING {
            self.base = self.base.saturating_add(delay);
            self.least = 0;
        } else {
            self.least = delay;
        }
    }

    const fn restart(&mut self, arrived: i64, len: i64) {
        self.least = i64::MAX;
        self.least_before = None;
        self.window = arrived;
        self.window_len = len;
    }

    /// Takes the delay of a frame over the map, and moves the map.
    fn observe(&mut self, delay: i64, arrived: i64, passed: i64) {
        if passed > PAUSE {
            self.restart(arrived, WINDOW_AFTER_PAUSE);
        } else if arrived - self.window > self.window_len {
            self.least_before = Some(self.least);
            self.least = i64::MAX;
            self.window = arrived;
            self.window_len = WINDOW;
        }
        self.least = self.least.min(delay);
        let least = self.least.min(self.least_before.unwrap_or(i64::MAX));
        let settling = arrived - self.anchored < SETTLING;
        let step = if settling { least.min(0) } else { self.step(least, passed) };
        if !settling && step.abs() > STEP {
            self.stepped();
        }
        self.base = self.base.saturating_add(step);
        self.least = self.least.saturating_sub(step);
        self.least_before = self.least_before.map(|before| before.saturating_sub(step));
    }

    const fn step(&self, least: i64, passed: i64) -> i64 {
        if least < -STEP || (least > STEP && self.least_before.is_some()) {
            return least;
        }
        let most = if passed < 1_000_000 { passed / SLEW } else { 1_000_000 / SLEW };
        if least > QUIET {
            if least - QUIET < most { least - QUIET } else { most }
        } else if least < -QUIET {
            if least + QUIET > -most { least + QUIET } else { -most }
        } else {
            0
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: i64 = 1_700_000_000_000_000;

    /// Feeds packets of 20 ms: for each its RTP time in ms and its arrival in ms after the start.
    fn fed(packets: impl IntoIterator<Item = (i64, i64)>) -> (ClockMap, Vec<MediaTime>) {
        let mut map = ClockMap::new(48_000);
        let place = |(rtp_ms, arrived_ms): (i64, i64)| {
            let rtp = RtpTime(u64::try_from(1_000_000_000 + rtp_ms * 48).unwrap());
            map.place(rtp, RoomTime::from_micros(START + arrived_ms * 1_000))
        };
        let placed = packets.into_iter().map(place).collect();
        (map, placed)
    }

    fn room_ms(map: &ClockMap, media: MediaTime) -> i64 {
        (map.room_time(media).unwrap().as_micros() - START) / 1_000
    }

    #[test]
    fn steady_packets_are_placed_by_rtp_time() {
        let (map, placed) = fed((0..100).map(|n| (n * 20, 50 + n * 20)));
        assert_eq!(placed[99], MediaTime(99 * 960));
        assert_eq!(room_ms(&map, placed[99]), 50 + 99 * 20);
        let back = map.media_time(map.room_time(placed[7]).unwrap()).unwrap();
        assert!((back - 7.0 * 960.0).abs() < 0.05);
    }

    #[test]
    fn jitter_does_nothing_and_the_least_delay_counts() {
        let jitter = |n: i64| [60, 0, 35, 110, 5][n.rem_euclid(5) as usize];
        let (map, placed) = fed((0..1000).map(|n| (n * 20, 30 + n * 20 + jitter(n))));
        assert_eq!(room_ms(&map, placed[999]), 30 + 999 * 20);
    }

    #[test]
    fn a_late_start_is_corrected_at_once() {
        // The first packets wait for the connection.
        let (map, placed) = fed((0..40).map(|n| (n * 20, (n * 20 + 10).max(300))));
        assert_eq!(room_ms(&map, placed[39]), 39 * 20 + 10);
    }

    #[test]
    fn a_stall_and_its_burst_move_nothing() {
        let stall = |n: i64| if (500..700).contains(&n) { 14_000 } else { n * 20 };
        let (map, placed) = fed((0..1000).map(|n| (n * 20, stall(n))));
        assert!((room_ms(&map, placed[999]) - 999 * 20).abs() <= 25);
        assert_eq!(map.jumps(), 0);
    }

    #[test]
    fn rtp_jumps_are_placed_by_arrival() {
        for jump in [-900_000, 7_000_000] {
            let packets = (0..200).map(|n| (n * 20 + if n < 100 { 0 } else { jump }, n * 20));
            let (map, placed) = fed(packets);
            assert_eq!(map.jumps(), 1);
            assert!(placed.is_sorted());
            assert_eq!(room_ms(&map, placed[150]), 150 * 20, "jump by {jump}");
        }
    }

    #[test]
    fn a_clock_that_stood_still_in_a_pause_is_placed_anew_soon() {
        let packets = (0..200).map(|n| (n * 20, n * 20 + if n < 100 { 0 } else { 60_000 }));
        let (map, placed) = fed(packets);
        assert!((room_ms(&map, placed[199]) - (199 * 20 + 60_000)).abs() <= 1);
    }

    #[test]
    fn frames_before_their_time_are_placed_by_when_they_can_be_shown() {
        // 15 a second, two of each three refer to the one sent before them.
        let (mut map, mut order) = (ClockMap::new(90_000), Reorder::default());
        let shown = |n: i64| if n == 0 { 0 } else { [n + 2, n - 1, n - 1][(n - 1) as usize % 3] };
        let mut placed = Vec::new();
        for n in 0..100 {
            let rtp = RtpTime(u64::try_from(shown(n) * 6_000).unwrap());
            let arrived = RoomTime::from_micros(START + n * 1_000_000 / 15);
            placed.push(map.place_in(Some(&mut order), rtp, arrived));
        }
        for (n, media) in placed.iter().enumerate().skip(3) {
            let late =
                START + n as i64 * 1_000_000 / 15 - map.room_time(*media).unwrap().as_micros();
            assert!(late <= 1_000, "frame {n} is {late} us late");
            assert!(late > -300_000, "frame {n} waits for {late} us");
        }
    }

    #[test]
    fn drift_of_200_ppm_is_followed_within_a_few_milliseconds() {
        // 10 minutes; the sender's clock is slow, so its RTP time falls behind by 120 ms.
        let mut map = ClockMap::new(48_000);
        for n in 0..30_000_i64 {
            let arrived = RoomTime::from_micros(START + n * 20_004);
            let media = map.place(RtpTime(u64::try_from(n * 960).unwrap()), arrived);
            let off = arrived.micros_from(map.room_time(media).unwrap());
            assert!(off.abs() <= 3_000, "off by {off} us at packet {n}");
        }
    }

    #[test]
    fn hostile_times_are_survived() {
        let mut map = ClockMap::new(90_000);
        let rtps = [0, u64::MAX, 1 << 63, 1, u64::MAX / 2, 7, u64::MAX - 1];
        let times = [0, i64::MAX, i64::MIN, 5, i64::MAX / 2, -1, 0];
        for (rtp, micros) in rtps.into_iter().zip(times) {
            let media = map.place(RtpTime(rtp), RoomTime::from_micros(micros));
            map.report(RtpTime(rtp), micros);
            let _ = (map.room_time(media), map.sender_offset());
            let _ = map.media_time(RoomTime::from_micros(micros));
        }
    }
}
