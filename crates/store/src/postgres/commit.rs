//! One transaction of the writer: take the lock, read, decide record by record, write.
//!
//! A commit of which nobody heard is looked for: the effects of its records say whether it took
//! place, since a number is drawn under a lock that the lost transaction held to its end.

use std::collections::BTreeSet;
use std::sync::Arc;

use dancu_domain::{ChangeOutcome, ChangeRecord, IdKey};
use sqlx::{PgConnection, Row as _};
use tokio::time::Instant;

use super::queries::Numbers;
use super::{statements, within};
use crate::columns::Columns as _;
use crate::sheet::{Effect, NewChange, Sheet, effect_key};
use crate::{StoreError, record};

/// What a transaction decided.
pub(super) struct Decided {
    pub(super) outcomes: Vec<ChangeOutcome>,
    sheet: Sheet,
}

impl Decided {
    /// The number of the newest change after it.
    pub(super) fn head(&self) -> u64 {
        self.sheet.head()
    }

    /// Whether the outcomes speak of what an earlier transaction did.
    fn speaks_of_earlier(&self) -> bool {
        let earlier = |outcome: &_| matches!(outcome, ChangeOutcome::AlreadyApplied { .. });
        self.outcomes.iter().any(earlier)
    }
}

/// Applies the records in their order. After an error the connection is in an unknown state and
/// has to be given up. `unsure` holds what an earlier attempt decided while nobody knows whether
/// it was committed, and is set before the answer to a commit is waited for.
pub(super) async fn commit(
    connection: &mut PgConnection,
    records: &[&ChangeRecord],
    unsure: &mut Option<Decided>,
    until: Instant,
) -> Result<Decided, StoreError> {
    run(connection, statements::BEGIN, until).await?;
    // The lost transaction, if there was one, has ended: it held the lock.
    let effects = read_effects(connection, records, until).await?;
    if let Some(decided) = unsure.take()
        && took_place(decided.sheet.changes(), records, &effects)
    {
        // What was found may be in the log of this server alone, so this commit waits for it.
        return settle(connection, decided, true, unsure, until).await;
    }
    let decided = decide(connection, records, effects, until).await?;
    if decided.sheet.changes().is_empty() {
        let barrier = decided.speaks_of_earlier();
        return settle(connection, decided, barrier, unsure, until).await;
    }
    write(connection, &decided.sheet, until).await?;
    settle(connection, decided, false, unsure, until).await
}

/// Commits. What comes back from the lost connection is not known to be true or untrue.
async fn settle(
    connection: &mut PgConnection,
    decided: Decided,
    barrier: bool,
    unsure: &mut Option<Decided>,
    until: Instant,
) -> Result<Decided, StoreError> {
    if barrier {
        let waited = sqlx::query(statements::BARRIER).fetch_one(&mut *connection);
        within(until, "wait for what was found", waited).await?;
    }
    *unsure = Some(decided);
    run(connection, statements::COMMIT, until).await?;
    unsure.take().ok_or(StoreError::Closed)
}

/// What an effect is known by, beside the place of its record.
type Found = Vec<(usize, Effect)>;

/// Whether all of these changes were committed, under these very numbers.
fn took_place(changes: &[NewChange], records: &[&ChangeRecord], found: &Found) -> bool {
    changes.iter().all(|change| {
        let effect = Effect {
            digest: change.digest,
            number: change.number,
            version: change.version,
        };
        found
            .iter()
            .any(|(place, found)| *found == effect && effect_key(records[*place]) == change.key)
    })
}

async fn decide(
    connection: &mut PgConnection,
    records: &[&ChangeRecord],
    effects: Found,
    until: Instant,
) -> Result<Decided, StoreError> {
    let ids: BTreeSet<_> = records.iter().map(|r| r.personal_id).collect();
    let keys: Vec<IdKey> = ids.into_iter().map(IdKey::Personal).collect();
    let (head, people) = Numbers::of(&keys).find(connection, until).await?;
    let mut sheet = Sheet::new(head);
    for (_, _, citizen) in people {
        sheet.know_citizen(Arc::new(citizen));
    }
    for (place, effect) in effects {
        sheet.know_effect(effect_key(records[place]), effect);
    }
    let outcomes = records.iter().map(|record| sheet.rule(record)).collect();
    Ok(Decided { outcomes, sheet })
}

async fn read_effects(
    connection: &mut PgConnection,
    records: &[&ChangeRecord],
    until: Instant,
) -> Result<Found, StoreError> {
    let texts = |text: fn(&ChangeRecord) -> &str| -> Vec<String> {
        records.iter().map(|r| text(r).to_owned()).collect()
    };
    let versions: Vec<i64> = records
        .iter()
        .map(|r| r.record_version.cast_signed())
        .collect();
    let asked = sqlx::query(statements::READ_EFFECTS)
        .bind(texts(|r| r.agency.text()))
        .bind(texts(|r| r.source.text()))
        .bind(texts(|r| r.record_id.text()))
        .bind(versions)
        .fetch_all(connection);
    let rows = within(until, "read effects", asked).await?;
    rows.iter()
        .map(|row| {
            // The place counts from 1.
            let place = row.integer::<usize>(0)?.checked_sub(1)?;
            records.get(place)?;
            let version: i32 = row.try_get(3).ok()?;
            let effect = Effect {
                digest: row.digest(1)?,
                number: row.integer(2)?,
                version: version.cast_unsigned(),
            };
            Some((place, effect))
        })
        .collect::<Option<_>>()
        .ok_or(StoreError::Damaged { what: "effects" })
}

async fn write(
    connection: &mut PgConnection,
    sheet: &Sheet,
    until: Instant,
) -> Result<(), StoreError> {
    let legacy = |id: Option<dancu_domain::LegacyId>| id.map(|id| id.digits().cast_signed());
    let people = sheet.changed_citizens();
    let records: Vec<Vec<u8>> = people
        .iter()
        .map(|citizen| {
            let mut out = Vec::new();
            record::encode(citizen, &mut out);
            out
        })
        .collect();
    let changes = sheet.changes();
    let texts = |text: fn(&NewChange) -> &str| -> Vec<String> {
        changes.iter().map(|c| text(c).to_owned()).collect()
    };
    let asked = sqlx::query(statements::WRITE)
        .bind(each(&people, |c| c.personal_id.digits().cast_signed()))
        .bind(each(&people, |c| legacy(c.legacy_id)))
        .bind(each(&people, |c| c.version.cast_signed()))
        .bind(records)
        .bind(each(changes, |c| c.number.cast_signed()))
        .bind(each(changes, |c| c.personal_id.digits().cast_signed()))
        .bind(each(changes, |c| legacy(c.legacy_id)))
        .bind(each(changes, |c| c.version.cast_signed()))
        .bind(texts(|c| c.key.0.text()))
        .bind(texts(|c| c.key.1.text()))
        .bind(texts(|c| c.key.2.text()))
        .bind(each(changes, |c| c.key.3.cast_signed()))
        .bind(each(changes, |c| c.digest.to_vec()))
        .bind(sheet.head().to_string())
        .fetch_one(connection);
    let told = within(until, "write changes", asked).await?;
    let changed: usize = told
        .integer(0)
        .ok_or(StoreError::Damaged { what: "citizens" })?;
    if changed == people.len() {
        Ok(())
    } else {
        Err(StoreError::Damaged { what: "citizens" })
    }
}

fn each<T, U>(items: &[T], of: impl Fn(&T) -> U) -> Vec<U> {
    items.iter().map(of).collect()
}

async fn run(
    connection: &mut PgConnection,
    sql: &'static str,
    until: Instant,
) -> Result<(), StoreError> {
    let asked = sqlx::raw_sql(sql).execute(connection);
    within(until, "begin or commit a transaction", asked)
        .await
        .map(drop)
}
