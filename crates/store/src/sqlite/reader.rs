//! Reading: a few tasks, each with a connection of its own, take batches from one queue.
//!
//! Every batch is one statement, and one statement is one read transaction of SQLite: nothing is
//! begun that a failure could leave open, and all candidates are true at the revision beside them.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use dancu_domain::{
    Candidates, ChangeNotice, Citizen, IdKey, LegacyId, NationId, PersonalId, Reading, Revision,
    Source, SourceKey,
};
use sqlx::{Row as _, SqliteConnection};
use tokio::sync::{Mutex, OwnedSemaphorePermit, mpsc, oneshot};

use super::link::Link;
use super::{directory, json, statements};
use crate::queue::Counters;
use crate::{DirectoryRows, StoreError, record};

/// Where an answer goes.
type Answer<T> = oneshot::Sender<Result<T, StoreError>>;

/// What a reader can be asked.
pub(super) enum Ask {
    /// Who has these numbers. The permit is the room that they take in the queue.
    Citizens(Vec<IdKey>, Answer<Reading>, OwnedSemaphorePermit),
    /// The number of the newest change.
    Head(Answer<u64>),
    /// Up to so many changes that follow the number.
    Changes(u64, usize, Answer<Vec<ChangeNotice>>),
    /// Who was changed by any other source.
    ChangedByOthers(SourceKey, Answer<Vec<PersonalId>>),
    /// Nothing: the reader who takes this ends.
    Close,
    /// Who may ask what.
    Directory(Answer<DirectoryRows>),
}

/// What a reader needs beside its connection.
pub(super) struct Desk {
    pub(super) nation: NationId,
    pub(super) counters: Arc<Counters>,
}

/// The queue that the readers share.
pub(super) type Queue = Arc<Mutex<mpsc::UnboundedReceiver<Ask>>>;

/// Answers until the queue ends. The task is never cancelled; a caller who left is not looked for.
pub(super) async fn read_on(mut link: Link, queue: Queue, desk: Desk) {
    loop {
        // Whoever has the lock waits for the next batch; the others wait for the lock.
        let next = queue.lock().await.recv().await;
        let ask = match next {
            None | Some(Ask::Close) => break,
            Some(ask) => ask,
        };
        if let Err(error) = answer(&mut link, ask, &desk).await {
            tracing::error!(
                error = %error,
                cause = std::error::Error::source(&error).map(tracing::field::display),
                "the registry cannot be read"
            );
            link.give_up().await;
        }
    }
    link.give_up().await;
}

/// Answers one batch. An error is returned as well where the connection is to be opened anew.
async fn answer(link: &mut Link, ask: Ask, desk: &Desk) -> Result<(), StoreError> {
    /// Hands the result on, or keeps the failure and leaves the caller an unanswered question.
    fn hand<T>(answer: Answer<T>, result: Result<T, StoreError>) -> Result<(), StoreError> {
        let value = result?;
        // A caller who left does not want it any more.
        drop(answer.send(Ok(value)));
        Ok(())
    }
    match ask {
        Ask::Citizens(keys, to, room) => {
            if to.is_closed() {
                return Ok(());
            }
            let count = |counter: &AtomicU64, by: usize| {
                counter.fetch_add(by as u64, Ordering::Relaxed);
            };
            count(&desk.counters.reads, 1);
            count(&desk.counters.keys, keys.len());
            let read = read_citizens(link, &keys, desk.nation).await;
            drop(room);
            hand(to, read)
        }
        Ask::Head(to) => hand(to, read_head(link).await),
        Ask::Changes(after, limit, to) => hand(to, read_changes(link, after, limit).await),
        Ask::ChangedByOthers(source, to) => hand(to, changed_by_others(link, &source).await),
        Ask::Close => Ok(()),
        Ask::Directory(to) => hand(to, read_directory(link).await),
    }
}

async fn read_citizens(
    link: &mut Link,
    keys: &[IdKey],
    nation: NationId,
) -> Result<Reading, StoreError> {
    let (mut personal, mut legacy) = (Vec::new(), Vec::new());
    for (at, key) in keys.iter().enumerate() {
        match key {
            IdKey::Personal(id) => personal.push((at, id.digits())),
            IdKey::Legacy(id) => legacy.push((at, u64::from(id.digits()))),
        }
    }
    // Neighbours in the table are on the same page.
    personal.sort_unstable_by_key(|(_, id)| *id);
    legacy.sort_unstable_by_key(|(_, id)| *id);
    let (head, rows) = find_citizens(link.connection().await?, &personal, &legacy).await?;
    let mut found: Vec<Vec<Arc<Citizen>>> = vec![Vec::new(); keys.len()];
    for (at, citizen) in rows {
        let citizen = Arc::new(citizen);
        if !has(&citizen, keys[at]) {
            return Err(StoreError::Damaged { what: "citizens" });
        }
        found[at].push(citizen);
    }
    for people in &mut found {
        people.sort_unstable_by_key(|citizen| citizen.personal_id);
    }
    Ok(Reading {
        candidates: found.into_iter().map(candidates).collect(),
        revision: Revision {
            nation,
            number: head,
        },
        source: Source::Registry,
    })
}

fn candidates(mut people: Vec<Arc<Citizen>>) -> Candidates {
    match (people.len(), people.pop()) {
        (1, Some(citizen)) => Candidates::one(citizen),
        (_, last) => {
            people.extend(last);
            Candidates::new(people)
        }
    }
}

/// Whether the record is that of somebody who has the number it was found by.
fn has(citizen: &Citizen, key: IdKey) -> bool {
    match key {
        IdKey::Personal(id) => citizen.personal_id == id,
        IdKey::Legacy(id) => citizen.legacy_id == Some(id),
    }
}

/// Finds everybody who has one of the numbers, each number with the position that its citizens
/// are returned under; and the number of the newest change at that moment.
pub(super) async fn find_citizens(
    connection: &mut SqliteConnection,
    personal: &[(usize, u64)],
    legacy: &[(usize, u64)],
) -> Result<(u64, Vec<(usize, Citizen)>), StoreError> {
    let damaged = || StoreError::Damaged { what: "citizens" };
    let rows = sqlx::query(statements::READ_CITIZENS)
        .bind(json::numbers(personal.iter().map(|(_, id)| *id)))
        .bind(json::numbers(legacy.iter().map(|(_, id)| *id)))
        .fetch_all(connection)
        .await
        .map_err(StoreError::database("read citizens"))?;
    let mut head = None;
    let mut found = Vec::with_capacity(rows.len());
    for row in &rows {
        let place: i64 = row.try_get(0).map_err(|_| damaged())?;
        let record: Option<&[u8]> = row.try_get(1).map_err(|_| damaged())?;
        let Some(record) = record else {
            head = u64::try_from(place).ok();
            continue;
        };
        let at = match usize::try_from(place) {
            Ok(index) => personal.get(index),
            Err(_) => usize::try_from(-1 - place)
                .ok()
                .and_then(|index| legacy.get(index)),
        };
        let (at, _) = at.ok_or_else(damaged)?;
        found.push((*at, record::decode(record)?));
    }
    Ok((head.ok_or_else(damaged)?, found))
}

async fn read_head(link: &mut Link) -> Result<u64, StoreError> {
    let head: i64 = sqlx::query_scalar(statements::READ_HEAD)
        .fetch_one(link.connection().await?)
        .await
        .map_err(StoreError::database("read the newest change"))?;
    u64::try_from(head).map_err(|_| StoreError::Damaged { what: "changes" })
}

async fn read_changes(
    link: &mut Link,
    after: u64,
    limit: usize,
) -> Result<Vec<ChangeNotice>, StoreError> {
    let rows = sqlx::query(statements::READ_CHANGES)
        .bind(i64::try_from(after).unwrap_or(i64::MAX))
        .bind(i64::try_from(limit).unwrap_or(i64::MAX))
        .fetch_all(link.connection().await?)
        .await
        .map_err(StoreError::database("read changes"))?;
    rows.iter()
        .map(|row| {
            let legacy_id = match row.try_get::<Option<i64>, _>(2).ok()? {
                Some(digits) => Some(LegacyId::from_digits(u32::try_from(digits).ok()?)?),
                None => None,
            };
            Some(ChangeNotice {
                number: u64::try_from(row.try_get::<i64, _>(0).ok()?).ok()?,
                personal_id: personal_id(row.try_get(1).ok()?)?,
                legacy_id,
            })
        })
        .collect::<Option<_>>()
        .ok_or(StoreError::Damaged { what: "changes" })
}

async fn changed_by_others(
    link: &mut Link,
    source: &SourceKey,
) -> Result<Vec<PersonalId>, StoreError> {
    let ids: Vec<i64> = sqlx::query_scalar(statements::READ_CHANGED_BY_OTHERS)
        .bind(source.text().to_owned())
        .fetch_all(link.connection().await?)
        .await
        .map_err(StoreError::database("read who was changed by others"))?;
    ids.into_iter()
        .map(personal_id)
        .collect::<Option<_>>()
        .ok_or(StoreError::Damaged { what: "changes" })
}

async fn read_directory(link: &mut Link) -> Result<DirectoryRows, StoreError> {
    directory::read(link.connection().await?).await
}

fn personal_id(column: i64) -> Option<PersonalId> {
    PersonalId::from_digits(u64::try_from(column).ok()?)
}
