//! Where the demo's participants are on the canvas.

use capstan_publish::pattern::Area;
use serde_json::{Value, json};

/// How much of the width the first participant has in the second half.
const MAIN: f64 = 0.75;
/// Width by height of every publisher's picture.
const ASPECT: f64 = 16.0 / 9.0;

/// The layout of the second half.
pub(super) fn custom_layout(participants: u32) -> Value {
    let regions = rearranged(participants).into_iter().zip(1_u32..).map(|(area, uid)| {
        json!({
            "uid": uid.to_string(),
            "x_axis": area.x,
            "y_axis": area.y,
            "width": area.width,
            "height": area.height,
            "render_mode": 0,
        })
    });
    json!({
        "mixedVideoLayout": 3,
        "backgroundColor": "#203040",
        "layoutConfig": regions.collect::<Vec<_>>(),
    })
}

/// Where test pictures may be on a canvas of this size, in either half of the demo. Who is where is
/// read from the pictures themselves.
pub(super) fn places(participants: u32, (width, height): (u32, u32)) -> Vec<Area> {
    let (width, height) = (f64::from(width), f64::from(height));
    let mut tiles = grid(participants);
    tiles.extend(rearranged(participants));
    tiles
        .into_iter()
        .map(|tile| {
            Area {
                x: tile.x * width,
                y: tile.y * height,
                width: tile.width * width,
                height: tile.height * height,
            }
            .covered(ASPECT)
        })
        .collect()
}

/// The equal tiles of the "best fit" layout, in fractions of the canvas.
fn grid(participants: u32) -> Vec<Area> {
    let (columns, rows) = match participants {
        0 | 1 => (1, 1),
        2 => (2, 1),
        3..=4 => (2, 2),
        5..=9 => (3, 3),
        10..=16 => (4, 4),
        // Seventeen: four rows of four and one below; its tiles are a fifth each way.
        _ => {
            let cell = |place: u32| {
                let (column, row) = if place == 16 {
                    (2.0, 4.0)
                } else {
                    (0.5 + f64::from(place % 4), f64::from(place / 4))
                };
                Area { x: column / 5.0, y: row / 5.0, width: 0.2, height: 0.2 }
            };
            return (0..17).map(cell).collect();
        }
    };
    let (width, height) = (1.0 / f64::from(columns), 1.0 / f64::from(rows));
    (0..columns * rows)
        .map(|place| Area {
            x: f64::from(place % columns) * width,
            y: f64::from(place / columns) * height,
            width,
            height,
        })
        .collect()
}

/// The tiles of the second half: the first participant large at the left and the others below each
/// other at the right, while their tiles have room there; else the grid the other way round.
fn rearranged(participants: u32) -> Vec<Area> {
    let others = participants.saturating_sub(1);
    // A tile of the canvas's own shape, so that nothing of a picture is cropped.
    let side = 1.0 - MAIN;
    if others == 0 {
        return vec![Area { x: 0.0, y: 0.0, width: 1.0, height: 1.0 }];
    }
    if f64::from(others) * side > 1.0 {
        let mut tiles = grid(participants);
        tiles.truncate(participants as usize);
        tiles.reverse();
        return tiles;
    }
    let mut areas = vec![Area { x: 0.0, y: 0.0, width: MAIN, height: 1.0 }];
    areas.extend((0..others).map(|place| Area {
        x: MAIN,
        y: f64::from(place) * side,
        width: side,
        height: side,
    }));
    areas
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_layout_names_everybody_and_stays_on_the_canvas() {
        for participants in 1..=17 {
            let layout = custom_layout(participants);
            let regions = layout["layoutConfig"].as_array().unwrap();
            assert_eq!(regions.len(), participants as usize);
            for region in regions {
                let end = |start: &str, length: &str| {
                    region[start].as_f64().unwrap() + region[length].as_f64().unwrap()
                };
                assert!(end("x_axis", "width") <= 1.0 + 1e-6);
                assert!(end("y_axis", "height") <= 1.0 + 1e-6);
            }
        }
    }
}
