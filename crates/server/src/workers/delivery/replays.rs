//! Replays: a window of the past delivered once more, beside what is new, with cursors of its own.

use std::collections::HashMap;

use daybook_events::{ConnectorId, Position, ReplayId, Window};
use daybook_store::{CursorName, ReadFilter, Replay, StoreError, StreamState};
use tokio::{sync::watch, task::JoinHandle};

use super::{
    fleet::{HUB, JobPart, Running, Shared, job},
    stream::Ended,
};

/// The replays at work.
#[derive(Default)]
pub(super) struct Replays(HashMap<ReplayId, RunningReplay>);

struct RunningReplay {
    connector_id: ConnectorId,
    stop: watch::Sender<bool>,
    streams: Vec<JoinHandle<Ended>>,
}

impl Replays {
    /// Starts replays that were asked for, stops those that were cancelled, and notes those that are done.
    pub(super) async fn reconcile(
        &mut self,
        shared: &Shared,
        running: &HashMap<ConnectorId, Running>,
    ) -> Result<(), StoreError> {
        let app = &shared.app;
        let wanted = app.catalog.running_replays(HUB).await?;
        let cancelled: Vec<ReplayId> =
            self.0.keys().filter(|id| !wanted.iter().any(|replay| replay.replay_id == **id)).cloned().collect();
        for id in cancelled {
            self.stop_one(&id).await;
        }
        for replay in wanted {
            match self.0.get_mut(&replay.replay_id) {
                Some(at_work) if at_work.streams.iter().all(JoinHandle::is_finished) => {
                    if self.is_finished(&replay.replay_id).await {
                        app.catalog.finish_replay(HUB, &replay.replay_id).await?;
                        tracing::info!(destination.id = replay.connector_id.as_str(), "a replay is done");
                    }
                }
                Some(_) => {}
                None => {
                    if let Some(destination) = running.get(&replay.connector_id) {
                        let at_work = start(shared, destination, &replay).await?;
                        self.0.insert(replay.replay_id, at_work);
                    }
                }
            }
        }
        Ok(())
    }

    /// Takes a replay whose loops have ended off the list; false if one of them did not come to its end, so that it
    /// begins again where its cursor is.
    async fn is_finished(&mut self, id: &ReplayId) -> bool {
        let Some(at_work) = self.0.remove(id) else { return false };
        let mut is_finished = true;
        for task in at_work.streams {
            is_finished &= task.await.is_ok_and(|ended| ended == Ended::Finished);
        }
        is_finished
    }

    /// Stops the replays of a destination; they go on when it is at work again.
    pub(super) async fn stop_of(&mut self, connector_id: &ConnectorId) {
        let ids: Vec<ReplayId> =
            self.0.iter().filter(|(_, it)| it.connector_id == *connector_id).map(|(id, _)| id.clone()).collect();
        self.stop_all(ids).await;
    }

    pub(super) async fn stop(&mut self) {
        let ids: Vec<ReplayId> = self.0.keys().cloned().collect();
        self.stop_all(ids).await;
    }

    /// Gives the word to all of them before it waits for the first.
    async fn stop_all(&mut self, ids: Vec<ReplayId>) {
        for id in &ids {
            if let Some(at_work) = self.0.get(id) {
                at_work.stop.send_replace(true);
            }
        }
        for id in ids {
            self.stop_one(&id).await;
        }
    }

    async fn stop_one(&mut self, id: &ReplayId) {
        let Some(at_work) = self.0.remove(id) else { return };
        at_work.stop.send_replace(true);
        for task in at_work.streams {
            // A panic was reported where it happened.
            let _ = task.await;
        }
    }
}

async fn start(shared: &Shared, destination: &Running, replay: &Replay) -> Result<RunningReplay, StoreError> {
    let app = &shared.app;
    let (stop, stopped) = watch::channel(false);
    let filter = ReadFilter { window: Window::Between { start: replay.since, end: replay.until }, not_before: None };
    let mut parts = Vec::new();
    for stream in app.log.streams(HUB, Some(&replay.account_id)).await? {
        if !destination.opened.shape.wants_feature(&stream.feature) {
            continue;
        }
        // What arrives from now on reaches the destination anyway.
        let grant = HUB.account(stream.account.clone());
        let key = grant.to_read(&stream.feature).expect("the hub reads every stream of every account");
        let until = app.log.position_at_arrival(&key, replay.requested_at).await?;
        parts.push((stream, until));
    }
    // Nothing can fail from here on: no loop is left to itself.
    let start = |(stream, until): &(StreamState, Position)| {
        let part = JobPart {
            name: CursorName::of_replay(&replay.replay_id),
            stream,
            start: Position::START,
            filter,
            until: Some(*until),
            replay: Some(replay.replay_id.clone()),
            stop: stopped.clone(),
        };
        tokio::spawn(job(shared, destination, part).run())
    };
    let streams = parts.iter().map(start).collect();
    tracing::info!(destination.id = replay.connector_id.as_str(), "a replay has begun");
    Ok(RunningReplay { connector_id: replay.connector_id.clone(), stop, streams })
}
