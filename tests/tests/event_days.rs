//! Event days: where callers may name the day under which they are counted, all that they ask is
//! counted under it; where they may not, a header is refused and never passed over.

use std::collections::BTreeMap;

use dancu_domain::{CivilDate, Clock as _, Day, Outcome, Reason, VolumeKey};
use dancu_ledger::audit;
use dancu_population::KeyState;
use dancu_tests::bad::asked::Asked;
use dancu_tests::bad::days::{DAYS, allowed};
use dancu_tests::bad::heard::{Answer, Heard, heard};
use dancu_tests::bad::home::{self, Home};
use dancu_tests::bad::line::{Extra, Line, Reply};
use dancu_tests::bad::refusal::Refusal;
use dancu_tests::bad::rpcs::{self, Form, Rpc};
use dancu_tests::bad::session::{Session, bearer, framed};
use dancu_tests::bad::tally::entries;
use dancu_tests::messages;
use dancu_wire::pb::dancu::v1 as pb;
use dancu_wire::{EVENT_DAY, Lang};
use prost::Message as _;
use tonic::Code;

const LANGS: [Lang; 2] = [Lang::Vi, Lang::En];
const PUSH: &str = "/dancu.v1.SyncService/PushChanges";
const VOLUMES: &str = "/dancu.v1.StatisticsService/GetVolumes";

fn day(text: &str) -> Day {
    Day::of(CivilDate::from_iso(text).expect("it is a day"))
}

fn today() -> Day {
    dancu_server::WallClock.now().day()
}

/// Holds the refusal of a header against the table, for one method in one language.
async fn is_refused(session: &mut Session<'_>, rpc: &Rpc, lang: Lang, days: &Extra, why: Reason) {
    let what = format!("{} {lang:?} {why:?} {days:?}", rpc.path);
    let mut extra = session.extra(rpc, lang);
    extra.extend(days.iter().cloned());
    let good = framed(&session.good(rpc).encode(rpc));
    let reply = session
        .call_with(rpc.path, &extra, vec![good.clone(), good])
        .await;
    assert!(reply.messages.is_empty(), "{what}: answered");
    Refusal::of_field(why, EVENT_DAY).ends(&what, &reply, lang);
    for (_, value) in days {
        assert!(!reply.echoes(value), "{what}: the value came back");
    }
}

#[tokio::test]
async fn where_no_event_days_are_allowed_every_header_is_refused_and_nothing_is_done() {
    let home = home::start();
    let mut session = Session::open(&home).await;
    for rpc in rpcs::every() {
        for lang in LANGS {
            for value in ["2023-02-03", "Zqwx97531", ""] {
                let header = vec![(EVENT_DAY, value.as_bytes().to_vec())];
                is_refused(&mut session, rpc, lang, &header, Reason::EventDaysOff).await;
            }
        }
        session
            .good_call("a header where none is allowed", rpc)
            .await;
    }
    session.settle().await;
}

#[tokio::test]
async fn a_header_that_names_no_allowed_day_is_told_and_harms_nobody() {
    let home = home::start_with(|config| config.event_days = Some(allowed()));
    let began = today();
    let mut session = Session::open(&home).await;
    for rpc in rpcs::every() {
        for row in DAYS {
            for lang in LANGS {
                is_refused(&mut session, rpc, lang, &row.headers(), row.reason).await;
            }
            session.good_call(row.what, rpc).await;
        }
    }
    session.settle().await;
    let all = entries(&home).await;
    assert!(!all.is_empty() && all.iter().all(|e| !e.event_day && e.day >= began));
}

/// Every count by its key, as GetVolumes tells them, and the event days it says are allowed.
async fn volumes(home: &Home, line: &mut Line) -> (Counted, Option<pb::EventDays>) {
    let key = home.key("H26", KeyState::Valid);
    let request = pb::GetVolumesRequest {
        context: Some(messages::context("volumes", &key, pb::Purpose::Statistics)),
        ..Default::default()
    };
    // Totals may be asked with a day, which changes nothing.
    let mut extra = vec![("authorization", bearer(&key))];
    if home.event_days {
        extra.push((EVENT_DAY, b"2023-09-30".to_vec()));
    }
    let body = vec![framed(&request.encode_to_vec())];
    let reply = line.call(VOLUMES, &extra, body).await;
    assert_eq!(reply.code(), Code::Ok, "{:?}", reply.status());
    let answer = pb::GetVolumesResponse::decode(&*reply.messages[0]).expect("the totals decode");
    let mut counted = Counted::new();
    for row in answer.volumes {
        let date = row.day.expect("a count has its day");
        let date = format!("{:04}-{:02}-{:02}", date.year, date.month, date.day);
        let key = (
            row.agency,
            row.verb as u8,
            row.service_code,
            row.outcome as u8,
            day(&date),
        );
        counted.insert(key, row.count as u64);
    }
    (counted, answer.event_days)
}

/// Items by agency, verb, service code, outcome and day.
type Counted = BTreeMap<(String, u8, String, u8, Day), u64>;

fn told(key: VolumeKey) -> (String, u8, String, u8, Day) {
    (
        key.agency.text().to_owned(),
        key.verb.code(),
        key.service.to_string(),
        key.outcome.code(),
        key.day,
    )
}

/// Calls a method under a day, `None` for today: each message has the neighbours in it.
async fn ask(session: &mut Session<'_>, rpc: &Rpc, asked: &[Asked], day: Option<&str>) -> Reply {
    let mut extra = session.extra(rpc, Lang::En);
    extra.extend(day.map(|day| (EVENT_DAY, day.as_bytes().to_vec())));
    let body = asked.iter().map(|asked| framed(&asked.encode(rpc)));
    session.call_with(rpc.path, &extra, body.collect()).await
}

fn answers(rpc: &Rpc, reply: &Reply) -> Vec<Answer> {
    let answer = |message| match heard(rpc, message) {
        Heard::Answer(answer) => answer,
        Heard::InPlace(status) => panic!("{}: {status:?}", rpc.path),
    };
    let messages = reply.messages.iter();
    messages.map(|message| answer(message)).collect()
}

/// Holds the three counts against each other, by the whole key; gives the one.
async fn agree(home: &Home, line: &mut Line) -> Counted {
    let (counted, _) = volumes(home, line).await;
    let mut blocks = home.blocks.clone();
    let recount = audit::recount(&mut blocks)
        .await
        .expect("the blocks decode");
    let recount: Counted = recount.into_iter().map(|(k, n)| (told(k), n)).collect();
    assert_eq!(counted, recount, "GetVolumes and the raw blocks");
    let report = audit::verify(&mut blocks, None, &[0; 32]).await;
    let report = report.expect("the ledger can be read");
    assert!(report.ok() && report.counts_agree(), "{report:?}");
    let named = entries(home).await.iter().filter(|e| e.event_day).count();
    assert_eq!(report.event_days, named as u64);
    counted
}

#[tokio::test]
async fn everything_that_a_call_asks_is_recorded_and_counted_under_its_day() {
    let home = home::start_with(|config| config.event_days = Some(allowed()));
    let mut session = Session::open(&home).await;
    let mut line = Line::connect(home.running.grpc_addr()).await;
    let before = entries(&home).await.len();
    let began = today();
    let mut expected: BTreeMap<(u8, Day), u64> = BTreeMap::new();
    for (nth, rpc) in rpcs::with_items().into_iter().enumerate() {
        let verb = rpc.verb.expect("it has items").code();
        let days = [
            Some(format!("2023-02-{:02}", nth + 1)),
            Some("2023-01-01".to_owned()),
            Some("2023-09-30".to_owned()),
            None,
        ];
        for day_of in &days {
            let messages = if rpc.form == Form::Stream { 3 } else { 1 };
            let asked: Vec<Asked> = (0..messages).map(|_| session.good(rpc)).collect();
            let reply = ask(&mut session, rpc, &asked, day_of.as_deref()).await;
            assert_eq!(reply.code(), Code::Ok, "{}: {:?}", rpc.path, reply.status());
            let answers = answers(rpc, &reply);
            assert_eq!(answers.len(), messages);
            let items: usize = answers.iter().map(|answer| answer.items.len()).sum();
            let day = day_of.as_deref().map_or(began, day);
            *expected.entry((verb, day)).or_default() += items as u64;
        }
        // What is refused is recorded and counted under the day as well.
        let mut refused = session.good(rpc);
        refused.context().officer = "nobody-here".into();
        refused.context().procedure = "9.nothing".into();
        let items = refused.subjects.len() as u64;
        let reply = ask(&mut session, rpc, &[refused], Some("2023-06-15")).await;
        if rpc.form == Form::Stream {
            assert!(matches!(
                heard(rpc, &reply.messages[0]),
                Heard::InPlace(status) if status.code == Code::PermissionDenied as i32
            ));
        } else {
            assert_eq!(reply.code(), Code::PermissionDenied, "{}", rpc.path);
        }
        *expected.entry((verb, day("2023-06-15"))).or_default() += items;
    }
    if today() != began {
        // Midnight of Asia/Ho_Chi_Minh came within the test: today is two days.
        return;
    }
    let counted = agree(&home, &mut line).await;
    let mut by_day: BTreeMap<(u8, Day), u64> = BTreeMap::new();
    let mut refused_elsewhere = 0;
    for ((_, verb, _, outcome, day_of), count) in &counted {
        let refused = *outcome == Outcome::Refused.code();
        if refused != (*day_of == day("2023-06-15")) {
            refused_elsewhere += count;
        }
        *by_day.entry((*verb, *day_of)).or_default() += count;
    }
    // The session began with a push of its own, today.
    let own = before as u64;
    *expected
        .entry((dancu_domain::Verb::Push.code(), began))
        .or_default() += own;
    assert_eq!(by_day, expected);
    assert_eq!(refused_elsewhere, 0, "refused and answered keep their days");
    // The true time of the recording stays known.
    for entry in entries(&home).await.iter().skip(before) {
        assert_eq!(entry.at.day(), began, "when it was recorded");
        assert_eq!(entry.event_day, entry.day != began, "who named its day");
    }
    let (_, told) = volumes(&home, &mut line).await;
    let told = told.expect("the answer tells which days are allowed");
    let date = |year, month, day| Some(messages::date(CivilDate::new(year, month, day).unwrap()));
    assert_eq!(
        (told.first_day, told.last_day),
        (date(2023, 1, 1), date(2023, 9, 30))
    );
}

#[tokio::test]
async fn a_push_that_is_sent_again_under_another_day_stays_counted_where_it_was() {
    let home = home::start_with(|config| config.event_days = Some(allowed()));
    let mut session = Session::open(&home).await;
    let mut line = Line::connect(home.running.grpc_addr()).await;
    let rpc = rpcs::rpc(PUSH).expect("push has a row");
    let asked = session.good(rpc);
    let mut receipts = Vec::new();
    for day in [
        Some("2023-03-03"),
        Some("2023-04-04"),
        None,
        Some("2023-03-03"),
    ] {
        let reply = ask(&mut session, rpc, std::slice::from_ref(&asked), day).await;
        assert_eq!(reply.code(), Code::Ok, "{:?}", reply.status());
        receipts.push(answers(rpc, &reply)[0].header.receipt);
    }
    assert!(receipts.iter().all(|receipt| *receipt == receipts[0]));
    let counted = agree(&home, &mut line).await;
    let on = |text: &str| {
        let of_day = counted.iter().filter(|((.., d), _)| *d == day(text));
        of_day.map(|(_, count)| count).sum::<u64>()
    };
    assert_eq!((on("2023-03-03"), on("2023-04-04")), (2, 0));
}

#[tokio::test]
async fn totals_say_that_no_event_days_are_allowed_where_none_are() {
    let home = home::start();
    let mut line = Line::connect(home.running.grpc_addr()).await;
    assert_eq!(volumes(&home, &mut line).await.1, None);
    let ops = home.running.ops_addr().expect("the port is open");
    let metrics = dancu_tests::ops::get(ops, "/metrics").await;
    assert!(metrics.contains("\ndancu_event_days_allowed 0\n"));
    let home = home::start_with(|config| config.event_days = Some(allowed()));
    let ops = home.running.ops_addr().expect("the port is open");
    let metrics = dancu_tests::ops::get(ops, "/metrics").await;
    assert!(metrics.contains("\ndancu_event_days_allowed 1\n"));
}
