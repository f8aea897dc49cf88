//! Says no to every question.

guests::layout!("refuses", |input| Err(format!("no good options: {}", input.options)));
