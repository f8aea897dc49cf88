//! Behaves: participants in rows of equal tiles.

guests::layout!("grid", |input| {
    let black = Colour { red: 0, green: 0, blue: 0 };
    let count = input.participants.len().max(1);
    let columns = (1..=count).find(|n| n * n >= count).unwrap_or(1);
    let (width, height) = (1.0 / columns as f64, 1.0 / count.div_ceil(columns) as f64);
    let tile = |(place, participant): (usize, &Participant)| {
        let (x, y) = ((place % columns) as f64 * width, (place / columns) as f64 * height);
        let view = View { uid: participant.uid, source: Source::Camera };
        Layer {
            area: Rect { x, y, width, height },
            content: Content::Participant(view),
            fit: Fit::Cover,
            alpha: 1.0,
            corner_radius: 0.0,
        }
    };
    let layers = input.participants.iter().enumerate().map(tile).collect();
    Ok(Scene { background: black, layers })
});
