//! Parameter sets: which an access unit brings, which of them hold for it, and what is remembered of them.

use std::collections::BTreeMap;

use bytes::Bytes;

use super::super::bits::Bits;
use super::nal::{MAX_PARAMETER_SET, PPS, SPS, nal_type, nal_units, push_annex_b, unescaped};
use super::slice;

/// The most of each kind that a file's configuration takes (ISO 14496-15, 5.3.3.1).
const MAX_SPS: usize = 31;
const MAX_PPS: usize = 255;

/// Sequence and picture parameter sets, whole NAL units without start codes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ParameterSets {
    /// The sequence parameter sets; the one that holds for the access unit first.
    pub sps: Vec<Bytes>,
    /// The picture parameter sets.
    pub pps: Vec<Bytes>,
}

/// The parameter sets in the access unit; `None` unless both kinds are there.
#[must_use]
pub fn parameter_sets(annex_b: &[u8]) -> Option<ParameterSets> {
    let mut known = KnownSets::default();
    known.learn(annex_b);
    known.of(annex_b)
}

/// The parameter sets of a stream, by their numbers: the newest of each.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct KnownSets {
    sps: BTreeMap<u32, Bytes>,
    /// With the number of the sequence parameter set that it belongs to.
    pps: BTreeMap<u32, (u32, Bytes)>,
}

impl KnownSets {
    /// Takes in the sets of an access unit. Broken ones are passed over.
    pub fn learn(&mut self, annex_b: &[u8]) {
        nal_units(annex_b).for_each(|nal| self.learn_nal(nal));
    }

    /// Takes in a NAL unit, if it is a parameter set.
    pub fn learn_nal(&mut self, nal: &[u8]) {
        if nal.len() > MAX_PARAMETER_SET {
            return;
        }
        let copied = || Bytes::copy_from_slice(nal);
        match nal_type(nal) {
            SPS => {
                let number = sps_number(nal).filter(|&n| (n as usize) < MAX_SPS);
                number.map(|number| self.sps.insert(number, copied()));
            }
            PPS => {
                let numbers = pps_numbers(nal).filter(|&(n, _)| (n as usize) < MAX_PPS);
                numbers.map(|(number, of)| self.pps.insert(number, (of, copied())));
            }
            _ => {}
        }
    }

    /// Whether there is one of each kind.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        !self.sps.is_empty() && !self.pps.is_empty()
    }

    /// All of them, those that hold for this access unit first; `None` unless both kinds are there.
    #[must_use]
    pub fn of(&self, annex_b: &[u8]) -> Option<ParameterSets> {
        if !self.is_whole() {
            return None;
        }
        let picture = nal_units(annex_b).find_map(slice::picture_set);
        let holds = picture.and_then(|number| self.pps.get(&number)).map(|(of, _)| *of);
        let mut sps: Vec<(&u32, &Bytes)> = self.sps.iter().collect();
        sps.sort_by_key(|(number, _)| Some(**number) != holds);
        Some(ParameterSets {
            sps: sps.into_iter().map(|(_, set)| set.clone()).collect(),
            pps: self.pps.values().map(|(_, set)| set.clone()).collect(),
        })
    }

    /// The access unit with the known sets before it that it doesn't bring itself; `None` if it
    /// brings some of each kind, or none are known.
    #[must_use]
    pub fn completed(&self, annex_b: &[u8]) -> Option<Bytes> {
        let brings = |kind| nal_units(annex_b).any(|nal| nal_type(nal) == kind);
        let (brings_sps, brings_pps) = (brings(SPS), brings(PPS));
        if !self.is_whole() || (brings_sps && brings_pps) {
            return None;
        }
        let mut out = Vec::with_capacity(annex_b.len() + 256);
        let sps = self.sps.values().filter(|_| !brings_sps);
        let pps = self.pps.values().map(|(_, set)| set).filter(|_| !brings_pps);
        sps.for_each(|set| push_annex_b(&mut out, set));
        // What the unit brings itself goes between, so that each set follows what it names.
        if brings_sps {
            for nal in nal_units(annex_b).filter(|nal| nal_type(nal) == SPS) {
                push_annex_b(&mut out, nal);
            }
        }
        pps.for_each(|set| push_annex_b(&mut out, set));
        for nal in nal_units(annex_b).filter(|nal| !brings_sps || nal_type(nal) != SPS) {
            push_annex_b(&mut out, nal);
        }
        Some(out.into())
    }
}

/// `seq_parameter_set_id` (7.3.2.1.1).
fn sps_number(nal: &[u8]) -> Option<u32> {
    let payload = unescaped(nal.get(4..)?);
    Bits::new(&payload).exp_golomb()
}

/// `pic_parameter_set_id` and `seq_parameter_set_id` (7.3.2.2).
fn pps_numbers(nal: &[u8]) -> Option<(u32, u32)> {
    let payload = unescaped(nal.get(1..)?);
    let mut bits = Bits::new(&payload);
    Some((bits.exp_golomb()?, bits.exp_golomb()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unit(nals: &[&[u8]]) -> Vec<u8> {
        let mut out = Vec::new();
        nals.iter().for_each(|nal| push_annex_b(&mut out, nal));
        out
    }

    // Numbers 0 and 1 of each; picture set 1 belongs to sequence set 1.
    const SPS_0: &[u8] = &[0x67, 66, 0, 30, 0b1010_0000];
    const SPS_1: &[u8] = &[0x67, 66, 0, 30, 0b0101_0000];
    const PPS_0: &[u8] = &[0x68, 0b1110_0000];
    const PPS_1: &[u8] = &[0x68, 0b0100_1010];
    // An IDR slice from macroblock 0, of type I, with picture set 1.
    const SLICE_1: &[u8] = &[0x65, 0b1011_0100, 0x80];

    #[test]
    fn the_set_that_holds_for_the_picture_comes_first() {
        let sets = parameter_sets(&unit(&[SPS_0, SPS_1, PPS_0, PPS_1, SLICE_1])).unwrap();
        assert_eq!(sets.sps, [SPS_1, SPS_0]);
        assert_eq!(sets.pps, [PPS_0, PPS_1]);
        assert_eq!(parameter_sets(&unit(&[SPS_0, SLICE_1])), None);
    }

    #[test]
    fn what_a_picture_leaves_out_is_put_before_it() {
        let mut known = KnownSets::default();
        known.learn(&unit(&[SPS_1, PPS_1]));
        let completed = known.completed(&unit(&[SLICE_1])).unwrap();
        assert_eq!(completed, unit(&[SPS_1, PPS_1, SLICE_1]));
        let completed = known.completed(&unit(&[PPS_0, SLICE_1])).unwrap();
        assert_eq!(completed, unit(&[SPS_1, PPS_0, SLICE_1]));
        let completed = known.completed(&unit(&[SPS_0, SLICE_1])).unwrap();
        assert_eq!(completed, unit(&[SPS_0, PPS_1, SLICE_1]));
        assert_eq!(known.completed(&unit(&[SPS_0, PPS_0, SLICE_1])), None);
        assert_eq!(KnownSets::default().completed(&unit(&[SLICE_1])), None);
    }
}
