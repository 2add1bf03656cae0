//! How long it takes from the start of the process to its first answer over HTTPS.

use anyhow::Result;

use crate::{
    bench::{Bench, Filled, Store},
    figure::{Figure, Unit},
    hub::Hub,
    samples::Samples,
};

const START_MILLIS_MAX: f64 = 300.0;

pub(super) async fn measure(bench: &mut Bench) -> Result<()> {
    let mut empty = Samples::default();
    for _ in 0..bench.scale.start_count {
        let hub = Hub::start(bench.launch(Store::Sqlite)?).await?;
        empty.push(hub.first_answer);
        hub.stop().await?;
    }
    let Filled { hub, account, heads, times } = bench.take_filled(Store::Sqlite).await?;
    let mut launch = hub.stop().await?;
    let mut filled = Samples::default();
    for _ in 0..bench.scale.start_count {
        let hub = Hub::start(launch).await?;
        filled.push(hub.first_answer);
        launch = hub.stop().await?;
    }
    let hub = Hub::start(launch).await?;
    bench.put_filled(Store::Sqlite, Filled { hub, account, heads, times });

    for (id, what, samples) in [
        ("start.empty", "start to first answer, empty data directory, median", empty),
        ("start.filled", "start to first answer, with the events, median", filled),
    ] {
        let figure = Figure::new(id, what, samples.percentile_ms(50.0), Unit::Millis);
        bench.push(figure.at_most(START_MILLIS_MAX).note(format!("{} starts: {}", samples.len(), samples.summary())));
    }
    Ok(())
}
