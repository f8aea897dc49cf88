//! Logs 5,000 lines before it answers properly.

guests::layout!("floods-log", |_| {
    for n in 0..5_000 {
        capstan::plugin::log::write(capstan::plugin::log::Level::Info, &format!("line {n}"));
    }
    Ok(scene_of(Rect { x: 0.0, y: 0.0, width: 1.0, height: 1.0 }))
});
