//! All backends of the ledger's blocks pass the one suite.

use super::backends::{Backend, Memory, Postgres, Sqlite, block, claim, kept, row, three_blocks};
use dancu_domain::{NationId, Outcome, Timestamp, WriterId};
use dancu_ledger::{
    BlockStore as _, BlockStoreError, ChainHead, CountRow, GENESIS, KeyMarks, Standing, WriteClaim,
};

suite! {
    a_new_ledger_is_empty;
    a_ledger_is_tied_to_the_nation_that_used_it_first;
    a_ledger_is_tied_to_the_keys_that_were_the_first;
    a_writer_is_found_by_its_name_without_a_claim;
    a_probe_tells_whether_the_writer_is_still_held;
    a_claim_raises_the_epoch_and_names_have_writers_of_their_own;
    blocks_come_back_as_they_were_appended;
    blocks_are_read_in_pages_and_by_index;
    counts_add_up_by_writer;
    answers_are_kept_and_forgotten;
    an_append_without_the_lease_leaves_nothing;
    an_append_that_fails_leaves_nothing;
    what_was_appended_is_there_when_it_is_opened_again;
}

fn sorted(mut standing: Standing) -> Standing {
    standing.counts.sort_by_key(|row| (row.writer, row.row.key));
    standing
}

async fn a_new_ledger_is_empty(backend: impl Backend) {
    let mut store = backend.open().await;
    assert_eq!(store.heads().await.unwrap(), []);
    assert_eq!(store.standing().await.unwrap(), Standing::default());
    assert_eq!(store.blocks(WriterId(1), 0, 10).await.unwrap(), []);
    assert_eq!(store.block_before(WriterId(1), 5).await.unwrap(), None);
    assert_eq!(store.purge_kept(Timestamp(i64::MAX)).await.unwrap(), 0);
}

async fn a_ledger_is_tied_to_the_nation_that_used_it_first(backend: impl Backend) {
    let (ours, another) = (NationId([7; 16]), NationId([8; 16]));
    let mut store = backend.open().await;
    store.bind(ours).await.unwrap();
    store.bind(ours).await.unwrap();
    drop(store);
    let mut store = backend.open().await;
    let refused = store.bind(another).await;
    assert_eq!(refused, Err(BlockStoreError::AnotherNation { bound: ours }));
    store.bind(ours).await.unwrap();
}

async fn a_ledger_is_tied_to_the_keys_that_were_the_first(backend: impl Backend) {
    let nation = NationId([7; 16]);
    let marks = |lasting, signing| KeyMarks {
        lasting: [lasting; 32],
        signing: [signing; 32],
    };
    let mut store = backend.open().await;
    assert_eq!(store.bind(nation).await, Ok(None));
    assert_eq!(store.bind_keys(marks(1, 2), false).await, Ok(marks(1, 2)));
    for (others, new_signer) in [
        (marks(3, 2), false),
        (marks(3, 2), true),
        (marks(3, 4), true),
        (marks(1, 4), false),
    ] {
        let tied = store.bind_keys(others, new_signer).await;
        assert_eq!(tied, Ok(marks(1, 2)), "{others:?}");
    }
    drop(store);
    let mut store = backend.open().await;
    assert_eq!(store.bind(nation).await, Ok(Some(marks(1, 2))));
    assert_eq!(store.bind_keys(marks(1, 4), true).await, Ok(marks(1, 4)));
    assert_eq!(store.bind(nation).await, Ok(Some(marks(1, 4))));
}

async fn a_writer_is_found_by_its_name_without_a_claim(backend: impl Backend) {
    let mut store = backend.open().await;
    assert_eq!(store.find_writer("one").await, Ok(None));
    assert_eq!(store.heads().await.unwrap(), []);
    let claimed = store.claim_writer("one").await.unwrap();
    let two = store.claim_writer("two").await.unwrap();
    let found = store.find_writer("one").await;
    assert_eq!(found, Ok(Some(claimed.writer)));
    // What is claimed stays claimed.
    let next = block(two.writer, 0, 1, two.hash);
    store.append(&next, &[], &[]).await.unwrap();
    let again = store.claim_writer("one").await.unwrap();
    assert_eq!((again.writer, again.epoch), (claimed.writer, 2));
}

async fn a_probe_tells_whether_the_writer_is_still_held(backend: impl Backend) {
    let mut store = backend.open().await;
    let claim = store.claim_writer("one").await.unwrap();
    let standing = store.standing().await.unwrap();
    store.probe().await.unwrap();
    assert_eq!(store.standing().await.unwrap(), standing);
    let first = block(claim.writer, 0, 1, claim.hash);
    store.append(&first, &[], &[]).await.unwrap();
    store.probe().await.unwrap();
    if backend.beside().await.is_some() {
        // A file is one process's alone: there is nobody who could take it over.
        backend.take_over("one").await;
        assert_eq!(store.probe().await, Err(BlockStoreError::LeaseLost));
    }
}

async fn a_claim_raises_the_epoch_and_names_have_writers_of_their_own(backend: impl Backend) {
    let mut store = backend.open().await;
    let first = store.claim_writer("one").await.unwrap();
    assert_eq!((first.epoch, first.next, first.hash), (1, 0, GENESIS));
    let again = store.claim_writer("one").await.unwrap();
    assert_eq!((again.writer, again.epoch), (first.writer, 2));
    let other = store.claim_writer("two").await.unwrap();
    assert_eq!(other.epoch, 1);
    assert_ne!(other.writer, first.writer);
    let heads = store.heads().await.unwrap();
    let empty = |writer| ChainHead {
        writer,
        next: 0,
        hash: GENESIS,
    };
    assert_eq!(heads, [empty(first.writer), empty(other.writer)]);
}

async fn blocks_come_back_as_they_were_appended(backend: impl Backend) {
    let mut store = backend.open().await;
    let mut blocks = three_blocks(&mut store).await;
    let writer = blocks[0].writer;
    // Numbers at the ends of what they may be, and a block of a megabyte.
    let mut last = block(writer, 16, u32::MAX, blocks[2].hash);
    last.at = Timestamp(-1);
    last.entries = (0..=255).cycle().take(1 << 20).collect();
    store.append(&last, &[], &[]).await.unwrap();
    blocks.push(last);
    assert_eq!(store.blocks(writer, 0, 10).await.unwrap(), blocks);
    let next = 16 + u64::from(u32::MAX);
    let far = block(writer, next, 1, blocks[3].hash);
    store.append(&far, &[], &[]).await.unwrap();
    let head = ChainHead {
        writer,
        next: next + 1,
        hash: far.hash,
    };
    assert_eq!(store.heads().await.unwrap(), [head]);
    assert_eq!(store.blocks(writer, next, 10).await.unwrap(), [far]);
}

async fn blocks_are_read_in_pages_and_by_index(backend: impl Backend) {
    let mut store = backend.open().await;
    let blocks = three_blocks(&mut store).await;
    let writer = blocks[0].writer;
    assert_eq!(store.blocks(writer, 0, 2).await.unwrap(), blocks[..2]);
    assert_eq!(store.blocks(writer, 1, 2).await.unwrap(), blocks[1..]);
    assert_eq!(store.blocks(writer, 16, 2).await.unwrap(), []);
    for (index, block) in [(0, 0), (9, 0), (10, 1), (14, 1), (15, 2), (99, 2)] {
        let found = store.block_before(writer, index).await.unwrap();
        assert_eq!(found.as_ref(), Some(&blocks[block]), "index {index}");
    }
    let stranger = WriterId(writer.0 + 1);
    assert_eq!(store.blocks(stranger, 0, 2).await.unwrap(), []);
    assert_eq!(store.block_before(stranger, 3).await.unwrap(), None);
}

async fn counts_add_up_by_writer(backend: impl Backend) {
    let mut store = backend.open().await;
    let mut expected = Vec::new();
    for name in ["one", "two"] {
        let claim = store.claim_writer(name).await.unwrap();
        let writer = claim.writer;
        let rows = [
            row("H26", Outcome::Applied, 19_600, 3),
            row("H26", Outcome::Stale, 19_600, 1),
            row("000.00-Z9", Outcome::Applied, -1, 1 << 40),
        ];
        let block_one = block(writer, 0, 4, claim.hash);
        store.append(&block_one, &rows, &[]).await.unwrap();
        let more = [
            row("H26", Outcome::Applied, 19_600, 2),
            row("H26", Outcome::Applied, 19_601, 9),
        ];
        let block_two = block(writer, 4, 11, block_one.hash);
        store.append(&block_two, &more, &[]).await.unwrap();
        expected.extend(
            [
                row("000.00-Z9", Outcome::Applied, -1, 1 << 40),
                row("H26", Outcome::Applied, 19_600, 5),
                row("H26", Outcome::Applied, 19_601, 9),
                row("H26", Outcome::Stale, 19_600, 1),
            ]
            .map(|row| CountRow { writer, row }),
        );
    }
    let standing = sorted(store.standing().await.unwrap());
    expected.sort_by_key(|row| (row.writer, row.row.key));
    assert_eq!(standing.counts, expected);
    assert_eq!(standing.heads, store.heads().await.unwrap());
}

async fn answers_are_kept_and_forgotten(backend: impl Backend) {
    let mut store = backend.open().await;
    let held = store.claim_writer("one").await.unwrap();
    let writer = held.writer;
    let rows = [
        kept("H26", 1, writer, 0, 100),
        kept("H26", u64::MAX, writer, 3, 200),
        kept("G05", 1, writer, 6, 300),
    ];
    let told = claim(&mut store, &rows).await;
    assert!(told.iter().all(|told| *told == WriteClaim::Ours));
    let first = block(writer, 0, 9, held.hash);
    store.append(&first, &[], &rows).await.unwrap();
    let another = kept("G05", 2, writer, 6, 300);
    let mut asked = rows.to_vec();
    asked.insert(1, another);
    let [one, ours, two, three] = claim(&mut store, &asked).await.try_into().unwrap();
    assert_eq!(ours, WriteClaim::Ours);
    let answered = rows.clone().map(WriteClaim::Answered);
    assert_eq!([one, two, three], answered);

    assert_eq!(store.purge_kept(Timestamp(200)).await.unwrap(), 1);
    assert_eq!(store.purge_kept(Timestamp(300)).await.unwrap(), 1);
    let told = claim(&mut store, &rows).await;
    let [.., last] = answered;
    assert_eq!(told, [WriteClaim::Ours, WriteClaim::Ours, last]);
}

async fn an_append_without_the_lease_leaves_nothing(backend: impl Backend) {
    let mut store = backend.open().await;
    let blocks = three_blocks(&mut store).await;
    let writer = blocks[0].writer;
    let late = block(writer, 16, 2, blocks[2].hash);
    let counts = [row("H26", Outcome::Applied, 19_600, 2)];
    let answers = [kept("H26", 1, writer, 16, 100)];
    // There is nothing to claim under when the writer is another one's, so it was before.
    assert_eq!(claim(&mut store, &answers).await, [WriteClaim::Ours]);
    backend.take_over("one").await;
    let refused = store.append(&late, &counts, &answers).await;
    assert_eq!(refused, Err(BlockStoreError::LeaseLost));
    assert_eq!(store.blocks(writer, 0, 10).await.unwrap(), blocks);
    assert_eq!(store.standing().await.unwrap().counts, []);
    // A chain that was never claimed is not appended to either.
    let stranger = block(WriterId(writer.0 + 1), 0, 2, GENESIS);
    let refused = store.append(&stranger, &[], &[]).await;
    assert_eq!(refused, Err(BlockStoreError::LeaseLost));
    // Claimed anew, it goes on.
    let held = store.claim_writer("one").await.unwrap();
    assert_eq!((held.next, held.hash), (16, blocks[2].hash));
    assert_eq!(claim(&mut store, &answers).await, [WriteClaim::Ours]);
    store.append(&late, &counts, &answers).await.unwrap();
}

async fn an_append_that_fails_leaves_nothing(backend: impl Backend) {
    let mut store = backend.open().await;
    let blocks = three_blocks(&mut store).await;
    let writer = blocks[0].writer;
    let twice = block(writer, 15, 2, blocks[1].hash);
    let counts = [row("H26", Outcome::Applied, 19_600, 2)];
    let answers = [kept("H26", 1, writer, 15, 100)];
    assert_eq!(claim(&mut store, &answers).await, [WriteClaim::Ours]);
    let refused = store.append(&twice, &counts, &answers).await;
    assert!(matches!(refused, Err(BlockStoreError::Failed(_))));
    assert_eq!(store.blocks(writer, 0, 10).await.unwrap(), blocks);
    assert_eq!(store.standing().await.unwrap().counts, []);
    assert_eq!(claim(&mut store, &answers).await, [WriteClaim::Ours]);
}

async fn what_was_appended_is_there_when_it_is_opened_again(backend: impl Backend) {
    let mut store = backend.open().await;
    let mut blocks = three_blocks(&mut store).await;
    let writer = blocks[0].writer;
    let last = block(writer, 16, 2, blocks[2].hash);
    let counts = [row("H26", Outcome::Applied, 19_600, 2)];
    let answers = [kept("H26", 1, writer, 16, 100)];
    assert_eq!(claim(&mut store, &answers).await, [WriteClaim::Ours]);
    store.append(&last, &counts, &answers).await.unwrap();
    blocks.push(last);
    drop(store);
    let mut store = backend.open().await;
    let held = store.claim_writer("one").await.unwrap();
    assert_eq!((held.writer, held.epoch), (writer, 2));
    assert_eq!((held.next, held.hash), (18, blocks[3].hash));
    assert_eq!(store.blocks(writer, 0, 10).await.unwrap(), blocks);
    let counted = counts.map(|row| CountRow { writer, row });
    assert_eq!(store.standing().await.unwrap().counts, counted);
    let told = claim(&mut store, &answers).await;
    assert_eq!(told, answers.map(WriteClaim::Answered));
}
