//! Answers an area that is no number.

guests::layout!("not-a-number", |_| {
    Ok(scene_of(Rect { x: f64::NAN, y: 0.0, width: 1.0, height: 1.0 }))
});
