//! Answers more layers than anybody paints.

guests::layout!("many-layers", |_| {
    let mut scene = scene_of(Rect { x: 0.0, y: 0.0, width: 1.0, height: 1.0 });
    scene.layers = vec![scene.layers[0].clone(); 20_000];
    Ok(scene)
});
