//! Which troubles make a recording one that lacks something.

use capstan_archive::report::Report;
use capstan_media::timeline::LossPlace;

use super::*;

#[test]
fn what_costs_the_files_nothing_is_no_lack() {
    let at = DAWN;
    let lost = |place| Mark::Lost { at, place, events: 1, why: String::new() };
    let lacks = |mark| Report::of(&[mark]).lacks();
    assert_eq!(lacks(Mark::Fault { at, detail: String::new() }), 0);
    assert_eq!(lacks(lost(LossPlace::Tape)), 0, "the files have it");
    for place in [LossPlace::Room, LossPlace::Composite, LossPlace::Segment] {
        assert_eq!(lacks(lost(place)), 1, "{place:?}");
    }
    assert_eq!(lacks(Mark::Overloaded { from: at, to: at, pictures: 1 }), 1);
}
