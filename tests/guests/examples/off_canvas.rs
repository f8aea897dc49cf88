//! Answers an area outside the canvas.

guests::layout!("off-canvas", |_| {
    Ok(scene_of(Rect { x: 0.5, y: -7.0, width: 1e300, height: 1.0 }))
});
