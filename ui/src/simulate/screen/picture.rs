//! The final screen of a simulation as an SVG, without a terminal.

use std::sync::Arc;

use clacks_p2p::simulation::{Sample, Simulation};
use clacks_widgets::{svg, theme::Theme};
use ratatui::{Terminal, backend::TestBackend, layout::Rect};

use super::{
    model::{Model, Msg, update},
    points::Points,
    snapshot::{Heat, Snapshot, Stage},
    view::view,
};

/// Columns and rows: every part of the screen fits, and the text is readable at a page width of about 800 pixels.
const SIZE: (u16, u16) = (112, 34);

/// Renders the picture as an SVG document.
pub(crate) fn picture(simulation: &Simulation, samples: &[Sample], theme: Theme) -> anyhow::Result<String> {
    let mut model = Model::new(simulation.scenario());
    model.is_still = true;
    update(&mut model, Msg::Resized(Rect::new(0, 0, SIZE.0, SIZE.1)));
    let snapshot = snapshot(&model, simulation, samples);
    update(&mut model, Msg::Told(Box::new(snapshot)));
    let mut terminal = Terminal::new(TestBackend::new(SIZE.0, SIZE.1))?;
    terminal.draw(|frame| view(&model, theme, frame))?;
    Ok(svg::of(terminal.backend().buffer()))
}

fn snapshot(model: &Model, simulation: &Simulation, samples: &[Sample]) -> Snapshot {
    let grid = model.areas().map(|areas| areas.grid).unwrap_or_default();
    let mut points = Points::default();
    samples.iter().for_each(|sample| points.note(sample.into()));
    Snapshot {
        stage: Stage::Ended,
        at: simulation.now().as_secs_f64(),
        progress: simulation.progress(),
        deliveries: simulation.deliveries(),
        sample: samples.last().cloned(),
        points: points.all().into(),
        heat: Arc::new(Heat::of(simulation, model.measure, grid)),
        ..Snapshot::preparing(simulation.scenario().seed)
    }
}
