//! Bad input is told and harmless: the right code and reason, the field named, the value never
//! echoed, in both languages; neighbours, connection and service unharmed, nothing counted that
//! was not answered.

use dancu_domain::{Outcome, Reason, Verb};
use dancu_tests::bad::asked::Asked;
use dancu_tests::bad::envelopes::{ENVELOPES, Envelope};
use dancu_tests::bad::frames::{FRAMES, Frame, MARK};
use dancu_tests::bad::heard::{Heard, Item, heard};
use dancu_tests::bad::home;
use dancu_tests::bad::line::Reply;
use dancu_tests::bad::people::{made_up, planted};
use dancu_tests::bad::refusal::Refusal;
use dancu_tests::bad::rpcs::{self, Form, Rpc};
use dancu_tests::bad::session::{Session, framed, has_receipt, language};
use dancu_tests::bad::spoiled::{self, Spoiled};
use dancu_wire::{Lang, to_wire};
use tonic::Code;

const LANGS: [Lang; 2] = [Lang::Vi, Lang::En];

fn echoes_nothing<V: AsRef<[u8]>>(what: &str, reply: &Reply, planted: &[V]) {
    for value in planted {
        let value = value.as_ref();
        let shown = String::from_utf8_lossy(value);
        assert!(!reply.echoes(value), "{what}: {shown:?} came back");
    }
}

/// What must be said of a bad item in a list.
fn item_is_told(what: &str, rpc: &Rpc, bad: &Spoiled, item: &Item, lang: Lang) {
    let id = if bad.field == "item_id" { "" } else { "middle" };
    assert_eq!(item.id, id, "{what}");
    assert!(item.citizen.is_none() && item.version == 0, "{what}");
    if rpc.counts_invalid() {
        let told = Some((bad.field.to_owned(), to_wire(bad.reason)));
        assert_eq!(item.outcome, Some(Outcome::Invalid), "{what}");
        assert_eq!(item.invalid, told, "{what}");
    } else {
        assert_eq!(item.outcome, None, "{what}");
        let status = item.status.as_ref();
        let status = status.unwrap_or_else(|| panic!("{what}: no status"));
        Refusal::of_field(bad.reason, bad.field).holds(what, status, lang);
    }
}

async fn walk_item(session: &mut Session<'_>, rpc: &Rpc, bad: &Spoiled, lang: Lang) {
    let what = format!("{} {:?} {}", rpc.path, lang, bad.what);
    let verb = rpc.verb.expect("items have a verb");
    let mut asked = session.good(rpc);
    if rpc.form == Form::One {
        asked.subjects = vec![bad.subject.clone()];
    } else {
        asked.subjects.insert(1, bad.subject.clone());
    }
    let body = vec![framed(&asked.encode(rpc))];
    let reply = session.call(rpc, lang, body).await;
    echoes_nothing(&what, &reply, &bad.planted);
    if rpc.form == Form::One {
        assert!(reply.messages.is_empty(), "{what}: answered");
        let refusal = Refusal::of_field(bad.reason, rpc.field_of_item(bad.field));
        return refusal.ends(&what, &reply, lang);
    }
    assert_eq!(reply.code(), Code::Ok, "{what}: {:?}", reply.status());
    assert_eq!(reply.messages.len(), 1, "{what}");
    let Heard::Answer(mut answer) = heard(rpc, &reply.messages[0]) else {
        panic!("{what}: one bad item failed its message")
    };
    assert_eq!(answer.items.len(), 3, "{what}");
    let invalid = u64::from(rpc.counts_invalid());
    has_receipt(&what, &answer, 2 + invalid);
    let middle = answer.items.remove(1);
    item_is_told(&what, rpc, bad, &middle, lang);
    answer.header.receipt.as_mut().expect("it was there").count -= invalid as i32;
    session.is_good(&what, rpc, &answer);
    if invalid > 0 {
        session.counts_also(verb, Outcome::Invalid, invalid);
    }
}

async fn walk_items(verb: Verb) {
    let home = home::start();
    let mut session = Session::open(&home).await;
    let table = spoiled::items();
    let mut walked = 0;
    for rpc in rpcs::with_items() {
        if rpc.verb != Some(verb) {
            continue;
        }
        for bad in table.iter().filter(|bad| bad.verbs.contains(&verb)) {
            for lang in LANGS {
                walk_item(&mut session, rpc, bad, lang).await;
                walked += 1;
            }
            session.good_call(&bad.what, rpc).await;
        }
    }
    assert!(walked >= 2 * 2 * 60, "only {walked} items were walked");
    session.settle().await;
}

#[test]
fn every_method_of_the_descriptor_set_has_its_row_in_the_tables() {
    for rpc in rpcs::every() {
        let envelopes = ENVELOPES.iter().filter(|row| (row.fits)(rpc)).count();
        let frames = FRAMES.iter().filter(|row| (row.fits)(rpc)).count();
        assert!(
            envelopes >= 20 && frames >= 15,
            "{} is hardly tried",
            rpc.path
        );
    }
}

#[tokio::test]
async fn a_bad_item_of_a_lookup_is_told_and_harms_nobody() {
    walk_items(Verb::Lookup).await;
}

#[tokio::test]
async fn a_bad_item_of_an_authentication_is_told_and_harms_nobody() {
    walk_items(Verb::Authenticate).await;
}

#[tokio::test]
async fn a_bad_row_of_a_reconcile_is_an_outcome_with_its_class_counted_once() {
    walk_items(Verb::Reconcile).await;
}

#[tokio::test]
async fn a_bad_record_of_a_push_is_an_outcome_with_its_class_counted_once() {
    walk_items(Verb::Push).await;
}

async fn walk_envelope(session: &mut Session<'_>, rpc: &Rpc, bad: &Envelope, lang: Lang) {
    let what = format!("{} {:?} {}", rpc.path, lang, bad.what);
    let mut asked = session.good(rpc);
    (bad.spoil)(&mut asked);
    let refusal = Refusal {
        code: bad.code,
        reason: bad.reason,
        field: bad.field(rpc),
    };
    let message = framed(&asked.encode(rpc));
    if rpc.form != Form::Stream {
        let reply = session.call(rpc, lang, vec![message]).await;
        echoes_nothing(&what, &reply, bad.planted);
        assert!(reply.messages.is_empty(), "{what}: answered");
        return refusal.ends(&what, &reply, lang);
    }
    let before = framed(&session.good(rpc).encode(rpc));
    let after = framed(&session.good(rpc).encode(rpc));
    let reply = session.call(rpc, lang, vec![before, message, after]).await;
    echoes_nothing(&what, &reply, bad.planted);
    assert_eq!(reply.code(), Code::Ok, "{what}: {:?}", reply.status());
    assert_eq!(reply.messages.len(), 3, "{what}");
    for (place, message) in reply.messages.iter().enumerate() {
        match (place, heard(rpc, message)) {
            (1, Heard::InPlace(status)) => refusal.holds(&what, &status, lang),
            (0 | 2, Heard::Answer(answer)) => session.is_good(&what, rpc, &answer),
            (_, told) => panic!("{what}: {told:?} in place {place}"),
        }
    }
}

#[tokio::test]
async fn a_message_that_is_bad_as_a_whole_fails_alone() {
    let home = home::start();
    let mut session = Session::open(&home).await;
    for rpc in rpcs::every() {
        for bad in ENVELOPES.iter().filter(|bad| (bad.fits)(rpc)) {
            for lang in LANGS {
                walk_envelope(&mut session, rpc, bad, lang).await;
            }
            session.good_call(bad.what, rpc).await;
        }
    }
    session.settle().await;
}

async fn walk_frame(session: &mut Session<'_>, rpc: &Rpc, bad: &Frame, lang: Lang) {
    let what = format!("{} {:?} {}", rpc.path, lang, bad.what);
    let mut asked: Asked = session.good(rpc);
    MARK.clone_into(&mut asked.context().request_id);
    if rpc.verb.is_some() {
        asked.subjects = vec![made_up()];
    }
    let mut body = (bad.body)(rpc, asked.encode(rpc));
    let earlier = rpc.form == Form::Stream && bad.after_others;
    if earlier {
        body.insert(0, framed(&session.good(rpc).encode(rpc)));
    }
    let mut extra = session.extra(rpc, lang);
    extra.extend((bad.headers)());
    let reply = session.call_with(rpc.path, &extra, body).await;
    let mut values = planted();
    values.extend([&b"Zqwx-97531"[..], b"zqwx97", b"Nguy\xea", b"\xff\xff"].map(<[u8]>::to_vec));
    echoes_nothing(&what, &reply, &values);
    assert_eq!(reply.messages.len(), usize::from(earlier), "{what}");
    for message in &reply.messages {
        match heard(rpc, message) {
            Heard::Answer(answer) => session.is_good(&what, rpc, &answer),
            Heard::InPlace(status) => panic!("{what}: {status:?}"),
        }
    }
    let refusal = Refusal {
        code: Code::InvalidArgument,
        reason: bad.reason,
        field: bad.field(rpc),
    };
    refusal.ends(&what, &reply, lang);
}

#[tokio::test]
async fn bytes_that_are_no_message_end_their_call_and_nothing_else() {
    let home = home::start();
    let mut session = Session::open(&home).await;
    for rpc in rpcs::every() {
        for bad in FRAMES.iter().filter(|bad| (bad.fits)(rpc)) {
            for lang in LANGS {
                walk_frame(&mut session, rpc, bad, lang).await;
            }
            session.good_call(bad.what, rpc).await;
        }
    }
    session.settle().await;
}

#[tokio::test]
async fn methods_and_services_that_are_not_there_are_told_so_whoever_asks() {
    let home = home::start();
    let mut session = Session::open(&home).await;
    let lookup = rpcs::rpc("/dancu.v1.LookupService/LookupCitizen").expect("it has a row");
    let message = framed(&session.good(lookup).encode(lookup));
    for path in [
        "/dancu.v1.LookupService/Zqwx97531",
        "/dancu.v1.LookupService/lookupcitizen",
        "/dancu.v1.LookupService/",
        "/dancu.v1.Zqwx97531/LookupCitizen",
        "/dancu.v2.LookupService/LookupCitizen",
        "/dancu.v1.LookupService/LookupCitizen/Zqwx97531",
        "/Zqwx97531",
        "/",
        "/%7Aqwx97531/%F0%9F%99%82",
    ] {
        for lang in LANGS {
            let what = format!("{path} {lang:?}");
            let mut extra = session.extra(lookup, lang);
            if lang == Lang::Vi {
                extra.retain(|(name, _)| *name != "authorization");
            }
            let reply = session.call_with(path, &extra, vec![message.clone()]).await;
            echoes_nothing(&what, &reply, &["qwx97531"]);
            assert!(reply.messages.is_empty(), "{what}");
            let unknown = Refusal::of_call(Code::Unimplemented, Reason::MethodUnknown);
            unknown.ends(&what, &reply, lang);
        }
        session.good_call(path, lookup).await;
    }
    session.settle().await;
}

#[tokio::test]
async fn health_takes_bad_questions_as_well_and_needs_no_credential() {
    let home = home::start();
    let mut session = Session::open(&home).await;
    let lookup = rpcs::rpc("/dancu.v1.LookupService/LookupCitizen").expect("it has a row");
    for method in ["Check", "Watch"] {
        let path = format!("/grpc.health.v1.Health/{method}");
        for (body, code) in [
            (vec![framed(b"\x0a\x02\xff\xfe")], Code::InvalidArgument),
            (vec![framed(b"\x0a\x40zq")], Code::InvalidArgument),
            (vec![], Code::InvalidArgument),
            (vec![framed(b"\x0a\x08Zqwx9753")], Code::NotFound),
        ] {
            for lang in LANGS {
                let extra = vec![("accept-language", language(lang))];
                if (method, code) == ("Watch", Code::NotFound) {
                    continue;
                }
                let reply = session.line.call(&path, &extra, body.clone()).await;
                assert_eq!(reply.code(), code, "{path} {:?}", reply.status());
                session.ended("grpc.health.v1.Health", method, code);
                echoes_nothing(&path, &reply, &["Zqwx9753"]);
            }
        }
        session.good_call(&path, lookup).await;
    }
    session.settle().await;
}

#[tokio::test]
async fn whoever_does_not_speak_grpc_is_told_in_http_and_the_connection_stays() {
    let home = home::start();
    let mut session = Session::open(&home).await;
    let lookup = rpcs::rpc("/dancu.v1.LookupService/LookupCitizen").expect("it has a row");
    for kind in [
        "application/json",
        "text/plain",
        "application/Zqwx97531",
        "application/grpc-web+proto",
        "application/grpcZqwx97531",
    ] {
        let mut extra = session.extra(lookup, Lang::En);
        extra.push(("content-type", kind.as_bytes().to_vec()));
        let body = vec![bytes::Bytes::from_static(b"{\"number\":\"987654321098\"}")];
        let reply = session.line.call(lookup.path, &extra, body).await;
        assert_eq!(reply.http, 415, "{kind}");
        echoes_nothing(kind, &reply, &["Zqwx97531", "987654321098"]);
        let (service, method) = lookup.names();
        session.ended(service, method, Code::Unknown);
        session.good_call(kind, lookup).await;
    }
    session.settle().await;
}
