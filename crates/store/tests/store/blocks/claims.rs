//! Whose a write message is: all backends pass the one suite, also with two instances where the
//! backend can have them.

use std::time::Duration;

use super::backends::{
    Backend, Memory, Postgres, Sqlite, asked, block, claim, kept, row, three_blocks,
};
use dancu_domain::{Outcome, Timestamp};
use dancu_ledger::{BlockStore, BlockStoreError, KeptRow, WriteClaim};

suite! {
    a_message_is_answered_once_and_others_of_its_block_are_not_lost;
    a_forgotten_answer_gives_way_to_a_new_one;
    a_discarded_answer_is_as_good_as_none;
    a_claim_holds_another_instance_off_until_it_is_answered;
    a_claim_that_is_released_lets_another_instance_through;
    a_claim_of_ones_own_is_taken_back_with_any_body;
    a_claim_of_an_instance_that_is_gone_is_taken_over_with_the_same_body_only;
    a_claim_of_a_process_whose_writer_was_taken_over_is_taken_over;
    whoever_is_at_work_is_not_released_by_another_instance;
}

/// What a message is told once it is not another one's, or after a while.
async fn settled<S: BlockStore>(store: &mut S, row: &KeptRow) -> WriteClaim {
    for _ in 0..1_000 {
        let [told] = claim(store, std::slice::from_ref(row))
            .await
            .try_into()
            .unwrap();
        if told != WriteClaim::Elsewhere {
            return told;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    WriteClaim::Elsewhere
}

async fn a_message_is_answered_once_and_others_of_its_block_are_not_lost(backend: impl Backend) {
    let mut store = backend.open().await;
    let mut blocks = three_blocks(&mut store).await;
    let writer = blocks[0].writer;
    let one = kept("H26", 1, writer, 16, 100);
    claim(&mut store, std::slice::from_ref(&one)).await;
    let first = block(writer, 16, 2, blocks[2].hash);
    store
        .append(&first, &[], std::slice::from_ref(&one))
        .await
        .unwrap();
    blocks.push(first);

    // The same message once more, between two others.
    let twice = kept("H26", 1, writer, 20, 150);
    let others = [
        kept("G05", 1, writer, 18, 150),
        kept("H29", 7, writer, 22, 150),
    ];
    let told = claim(&mut store, &others).await;
    assert_eq!(told, [WriteClaim::Ours, WriteClaim::Ours]);
    let counts = [row("H26", Outcome::Applied, 19_600, 6)];
    let next = block(writer, 18, 6, blocks[3].hash);
    let all = [others[0].clone(), twice, others[1].clone()];
    let refused = store.append(&next, &counts, &all).await;
    assert_eq!(refused, Err(BlockStoreError::NotOurs(vec![one.key])));
    assert_eq!(store.blocks(writer, 0, 10).await.unwrap(), blocks);
    assert_eq!(store.standing().await.unwrap().counts, []);

    store.append(&next, &counts, &others).await.unwrap();
    let told = claim(
        &mut store,
        &[one.clone(), others[0].clone(), others[1].clone()],
    )
    .await;
    let [first, second] = others;
    assert_eq!(told, [one, first, second].map(WriteClaim::Answered));
}

async fn a_forgotten_answer_gives_way_to_a_new_one(backend: impl Backend) {
    let mut store = backend.open().await;
    let blocks = three_blocks(&mut store).await;
    let writer = blocks[0].writer;
    let old = kept("H26", 1, writer, 16, 100);
    claim(&mut store, std::slice::from_ref(&old)).await;
    let first = block(writer, 16, 2, blocks[2].hash);
    store
        .append(&first, &[], std::slice::from_ref(&old))
        .await
        .unwrap();

    let told = store.claim_writes(&[asked(&old)], Timestamp(99)).await;
    assert_eq!(told, Ok(vec![WriteClaim::Answered(old.clone())]));
    let told = store.claim_writes(&[asked(&old)], Timestamp(100)).await;
    assert_eq!(told, Ok(vec![WriteClaim::Ours]));
    let new = kept("H26", 1, writer, 18, 400);
    let second = block(writer, 18, 2, first.hash);
    store
        .append(&second, &[], std::slice::from_ref(&new))
        .await
        .unwrap();
    let told = store.claim_writes(&[asked(&old)], Timestamp(100)).await;
    assert_eq!(told, Ok(vec![WriteClaim::Answered(new)]));
}

async fn a_discarded_answer_is_as_good_as_none(backend: impl Backend) {
    let mut store = backend.open().await;
    let blocks = three_blocks(&mut store).await;
    let writer = blocks[0].writer;
    let rows = [
        kept("H26", 1, writer, 16, 100),
        kept("H26", 2, writer, 17, 100),
    ];
    claim(&mut store, &rows).await;
    let first = block(writer, 16, 2, blocks[2].hash);
    store.append(&first, &[], &rows).await.unwrap();
    store.discard_kept(&[rows[0].key]).await.unwrap();
    let told = claim(&mut store, &rows).await;
    let [discarded, left] = rows;
    assert_eq!(told, [WriteClaim::Ours, WriteClaim::Answered(left)]);
    let second = block(writer, 18, 1, first.hash);
    store.append(&second, &[], &[discarded]).await.unwrap();
}

async fn a_claim_holds_another_instance_off_until_it_is_answered(backend: impl Backend) {
    let mut one = backend.open().await;
    let Some(mut two) = backend.beside().await else {
        return;
    };
    let blocks = three_blocks(&mut one).await;
    let second = two.claim_writer("two").await.unwrap();
    let mine = kept("H26", 1, blocks[0].writer, 16, 100);
    let theirs = kept("H26", 1, second.writer, 0, 100);
    let mut other_body = theirs.clone();
    other_body.kept.answer.digest = [99; 32];
    assert_eq!(
        claim(&mut one, std::slice::from_ref(&mine)).await,
        [WriteClaim::Ours]
    );
    for row in [&theirs, &other_body] {
        let told = claim(&mut two, std::slice::from_ref(row)).await;
        assert_eq!(told, [WriteClaim::Elsewhere]);
    }
    // Nor does it answer without asking.
    let unasked = block(second.writer, 0, 2, second.hash);
    let refused = two
        .append(&unasked, &[], std::slice::from_ref(&theirs))
        .await;
    assert_eq!(refused, Err(BlockStoreError::NotOurs(vec![mine.key])));

    let next = block(blocks[0].writer, 16, 2, blocks[2].hash);
    one.append(&next, &[], std::slice::from_ref(&mine))
        .await
        .unwrap();
    for row in [&theirs, &other_body] {
        let told = claim(&mut two, std::slice::from_ref(row)).await;
        assert_eq!(told, [WriteClaim::Answered(mine.clone())]);
    }
    let refused = two
        .append(&unasked, &[], std::slice::from_ref(&theirs))
        .await;
    assert_eq!(refused, Err(BlockStoreError::NotOurs(vec![mine.key])));
    assert_eq!(two.blocks(second.writer, 0, 10).await.unwrap(), []);
}

async fn a_claim_that_is_released_lets_another_instance_through(backend: impl Backend) {
    let mut one = backend.open().await;
    let Some(mut two) = backend.beside().await else {
        return;
    };
    let first = one.claim_writer("one").await.unwrap();
    let second = two.claim_writer("two").await.unwrap();
    let rows = [1, 2].map(|request| kept("H26", request, first.writer, request, 100));
    assert_eq!(
        claim(&mut one, &rows).await,
        [WriteClaim::Ours, WriteClaim::Ours]
    );
    one.release_writes(&[rows[1].key]).await.unwrap();
    let mut other_body = rows.clone();
    other_body[1].kept.answer.digest = [99; 32];
    let told = claim(&mut two, &other_body).await;
    assert_eq!(told, [WriteClaim::Elsewhere, WriteClaim::Ours]);
    // Released again, it is another one's by now and stays so.
    one.release_writes(&[rows[1].key]).await.unwrap();
    assert_eq!(
        claim(&mut one, &rows).await,
        [WriteClaim::Ours, WriteClaim::Elsewhere]
    );
    let theirs = block(second.writer, 0, 2, second.hash);
    two.append(&theirs, &[], &other_body[1..]).await.unwrap();
}

async fn a_claim_of_ones_own_is_taken_back_with_any_body(backend: impl Backend) {
    let mut store = backend.open().await;
    let held = store.claim_writer("one").await.unwrap();
    let row = kept("H26", 1, held.writer, 0, 100);
    let mut other_body = row.clone();
    other_body.kept.answer.digest = [99; 32];
    for row in [&row, &other_body, &row] {
        let told = claim(&mut store, std::slice::from_ref(row)).await;
        assert_eq!(told, [WriteClaim::Ours]);
    }
    let next = block(held.writer, 0, 7, held.hash);
    store
        .append(&next, &[], std::slice::from_ref(&row))
        .await
        .unwrap();
    let told = claim(&mut store, std::slice::from_ref(&other_body)).await;
    assert_eq!(told, [WriteClaim::Answered(row)]);
}

async fn a_claim_of_an_instance_that_is_gone_is_taken_over_with_the_same_body_only(
    backend: impl Backend,
) {
    let mut one = backend.open().await;
    let Some(mut two) = backend.beside().await else {
        return;
    };
    let first = one.claim_writer("one").await.unwrap();
    let second = two.claim_writer("two").await.unwrap();
    let rows = [1, 2].map(|request| kept("H26", request, first.writer, request, 100));
    assert_eq!(
        claim(&mut one, &rows).await,
        [WriteClaim::Ours, WriteClaim::Ours]
    );
    assert_eq!(
        claim(&mut two, &rows).await,
        [WriteClaim::Elsewhere, WriteClaim::Elsewhere]
    );
    drop(one);
    let mut other_body = rows[1].clone();
    other_body.kept.answer.digest = [99; 32];
    assert_eq!(settled(&mut two, &rows[0]).await, WriteClaim::Ours);
    assert_eq!(settled(&mut two, &other_body).await, WriteClaim::OtherBody);
    assert_eq!(settled(&mut two, &rows[1]).await, WriteClaim::Ours);
    let theirs = block(second.writer, 0, 14, second.hash);
    two.append(&theirs, &[], &rows).await.unwrap();
}

async fn a_claim_of_a_process_whose_writer_was_taken_over_is_taken_over(backend: impl Backend) {
    let mut one = backend.open().await;
    let (Some(mut again), Some(mut two)) = (backend.beside().await, backend.beside().await) else {
        return;
    };
    let first = one.claim_writer("one").await.unwrap();
    two.claim_writer("two").await.unwrap();
    let rows = [1, 2].map(|request| kept("H26", request, first.writer, request, 100));
    claim(&mut one, &rows).await;
    let later = again.claim_writer("one").await.unwrap();
    assert_eq!(later.writer, first.writer);
    // By its successor under the name, and by another instance.
    assert_eq!(claim(&mut again, &rows[..1]).await, [WriteClaim::Ours]);
    assert_eq!(
        claim(&mut two, &rows).await,
        [WriteClaim::Elsewhere, WriteClaim::Ours]
    );
    let late = block(first.writer, 0, 7, first.hash);
    let refused = one.append(&late, &[], &rows[..1]).await;
    assert_eq!(refused, Err(BlockStoreError::LeaseLost));
    again.append(&late, &[], &rows[..1]).await.unwrap();
}

async fn whoever_is_at_work_is_not_released_by_another_instance(backend: impl Backend) {
    let mut one = backend.open().await;
    let Some(mut two) = backend.beside().await else {
        return;
    };
    let first = one.claim_writer("one").await.unwrap();
    two.claim_writer("two").await.unwrap();
    let row = kept("H26", 1, first.writer, 0, 100);
    claim(&mut one, std::slice::from_ref(&row)).await;
    two.release_writes(&[row.key]).await.unwrap();
    assert_eq!(
        claim(&mut two, std::slice::from_ref(&row)).await,
        [WriteClaim::Elsewhere]
    );
    let next = block(first.writer, 0, 7, first.hash);
    one.append(&next, &[], std::slice::from_ref(&row))
        .await
        .unwrap();
    // Neither does an answer go.
    for store in [&mut one, &mut two] {
        store.release_writes(&[row.key]).await.unwrap();
    }
    assert_eq!(
        claim(&mut two, std::slice::from_ref(&row)).await,
        [WriteClaim::Answered(row)]
    );
}
