//! Who may not ask is told why and learns nothing else; who may is given what was granted.

use std::collections::BTreeMap;
use std::time::Duration;

use dancu_domain::{AttributeSet, Outcome, Reason, Verb};
use dancu_population::{KeyState, SandboxKey};
use dancu_tests::bad::denied::{KEYLESS, UNLICENSED, Unlicensed};
use dancu_tests::bad::heard::{Heard, heard};
use dancu_tests::bad::home::{self, Home};
use dancu_tests::bad::people::{made_up, planted};
use dancu_tests::bad::refusal::Refusal;
use dancu_tests::bad::rpcs::{self, Form, Rpc};
use dancu_tests::bad::session::{Session, bearer, framed, language};
use dancu_tests::bad::tally::entries;
use dancu_wire::Lang;
use tonic::Code;

const LANGS: [Lang; 2] = [Lang::Vi, Lang::En];

#[tokio::test]
async fn without_a_credential_that_holds_every_method_says_why_and_does_nothing() {
    let home = home::start();
    let mut session = Session::open(&home).await;
    for rpc in rpcs::every() {
        for row in KEYLESS {
            for lang in LANGS {
                let what = format!("{} {lang:?} {}", rpc.path, row.what);
                let header = (row.header)(&home);
                let mut extra = vec![("accept-language", language(lang))];
                extra.extend(header.clone().map(|header| ("authorization", header)));
                let good = framed(&session.good(rpc).encode(rpc));
                let body = vec![good.clone(), good];
                let reply = session.call_with(rpc.path, &extra, body).await;
                assert!(reply.messages.is_empty(), "{what}: answered");
                Refusal::of_call(Code::Unauthenticated, row.reason).ends(&what, &reply, lang);
                // The word of the scheme is in the text that tells what to send.
                let key = header.unwrap_or_default();
                let key = key.strip_prefix(b"Bearer").unwrap_or(&key).trim_ascii();
                assert!(!reply.echoes(key) && !reply.echoes(b"Zqwx97531"), "{what}");
            }
        }
        session.good_call("keys that do not hold", rpc).await;
    }
    session.settle().await;
}

/// A message that no licence covers, and how many items it has.
fn unlicensed(session: &mut Session<'_>, rpc: &Rpc, row: &Unlicensed) -> (Vec<u8>, u64) {
    let mut asked = session.good(rpc);
    if matches!(rpc.form, Form::Batch | Form::Stream) {
        asked.subjects.insert(1, made_up());
        // Nobody can be made out here, and the item is refused like the others.
        asked.subjects[1].claims = None;
    }
    (row.spoil)(&mut asked);
    (asked.encode(rpc), asked.subjects.len() as u64)
}

async fn walk_unlicensed(
    session: &mut Session<'_>,
    rpc: &Rpc,
    row: &Unlicensed,
    lang: Lang,
) -> u64 {
    let what = format!("{} {lang:?} {}", rpc.path, row.what);
    let refusal = Refusal::of_call(Code::PermissionDenied, row.reason);
    let key = session
        .home
        .key(row.key_of.unwrap_or(rpc.agency), KeyState::Valid);
    let extra = vec![
        ("authorization", bearer(&key)),
        ("accept-language", language(lang)),
    ];
    let (message, items) = unlicensed(session, rpc, row);
    let mut refused = 1;
    let mut body = vec![framed(&message)];
    if rpc.form == Form::Stream {
        // With its own key the stream has good messages before and after; another's has none.
        let mut beside = || match row.key_of {
            None => framed(&session.good(rpc).encode(rpc)),
            Some(_) => framed(&message),
        };
        body = vec![beside(), body.remove(0), beside()];
        refused = if row.key_of.is_none() { 1 } else { 3 };
    }
    let reply = session.call_with(rpc.path, &extra, body).await;
    for value in planted()
        .iter()
        .map(Vec::as_slice)
        .chain([&b"Zqwx"[..], b"97531"])
    {
        assert!(!reply.echoes(value), "{what}: {value:?} came back");
    }
    if let Some(verb) = rpc.verb {
        session.counts_also(verb, Outcome::Refused, items * refused);
    }
    if rpc.form != Form::Stream {
        assert!(reply.messages.is_empty(), "{what}: answered");
        refusal.ends(&what, &reply, lang);
        return items;
    }
    assert_eq!(reply.code(), Code::Ok, "{what}: {:?}", reply.status());
    assert_eq!(reply.messages.len(), 3, "{what}");
    for (place, message) in reply.messages.iter().enumerate() {
        match heard(rpc, message) {
            Heard::InPlace(status) if place == 1 || refused == 3 => {
                refusal.holds(&what, &status, lang);
            }
            Heard::Answer(answer) if place != 1 && refused == 1 => {
                session.is_good(&what, rpc, &answer);
            }
            told => panic!("{what}: {told:?} in place {place}"),
        }
    }
    items * refused
}

#[tokio::test]
async fn what_no_licence_covers_is_refused_recorded_and_counted_by_item() {
    let home = home::start();
    let mut session = Session::open(&home).await;
    let mut expected: BTreeMap<(String, Verb), u64> = BTreeMap::new();
    for rpc in rpcs::every() {
        let rows = UNLICENSED.iter().filter(|row| (row.fits)(rpc));
        assert!(rows.clone().count() >= 2, "{} has no row", rpc.path);
        for row in rows {
            for lang in LANGS {
                let items = walk_unlicensed(&mut session, rpc, row, lang).await;
                let agency = row.agency.unwrap_or(rpc.agency).to_owned();
                if let Some(verb) = rpc.verb {
                    *expected.entry((agency, verb)).or_default() += items;
                }
            }
            session.good_call(row.what, rpc).await;
        }
    }
    let mut recorded: BTreeMap<(String, Verb), u64> = BTreeMap::new();
    let mut nameless = 0;
    for entry in entries(&home).await {
        if entry.outcome == Outcome::Refused {
            let key = (entry.agency.text().to_owned(), entry.verb);
            *recorded.entry(key).or_default() += 1;
            assert_eq!(entry.given, AttributeSet::NONE);
            assert_eq!(entry.granted, AttributeSet::NONE);
            nameless += u64::from(entry.pseudonym.is_none());
        }
    }
    assert_eq!(recorded, expected);
    assert!(nameless > 0, "no item was refused that says about nobody");
    session.settle().await;
}

#[tokio::test]
async fn a_refusal_is_the_same_whether_the_person_is_there_or_not() {
    let home = home::start();
    let mut session = Session::open(&home).await;
    let key = home.key("H40", KeyState::Valid);
    for rpc in rpcs::with_items() {
        let mut told = Vec::new();
        for there in [true, false] {
            let mut asked = session.good(rpc);
            asked.subjects.truncate(1);
            if !there {
                asked.subjects = vec![made_up()];
                asked.subjects[0].dossier.clear();
            }
            let extra = vec![("authorization", bearer(&key))];
            let body = vec![framed(&asked.encode(rpc))];
            let reply = session.call_with(rpc.path, &extra, body).await;
            let verb = rpc.verb.expect("items have a verb");
            session.counts_also(verb, Outcome::Refused, 1);
            let details = reply.status().details().to_vec();
            told.push((reply.messages, reply.head.len(), reply.tail.len(), details));
        }
        assert_eq!(told[0], told[1], "{}", rpc.path);
    }
    session.settle().await;
}

#[tokio::test]
async fn a_licence_for_numbers_alone_is_needed_to_ask_by_a_number_alone() {
    let home = home::start();
    let mut session = Session::open(&home).await;
    let rpc = rpcs::rpc("/dancu.v1.LookupService/LookupCitizen").expect("it has a row");
    for (agency, may) in [("G03", true), ("H26", false), ("G01", false)] {
        let mut asked = session.good(rpc);
        let claims = asked.subjects[0]
            .claims
            .as_mut()
            .expect("somebody is asked about");
        claims.full_name.clear();
        claims.birth_date = None;
        let key = home.key(agency, KeyState::Valid);
        key.officer.clone_into(&mut asked.context().officer);
        let extra = vec![("authorization", bearer(&key))];
        let body = vec![framed(&asked.encode(rpc))];
        let reply = session.call_with(rpc.path, &extra, body).await;
        if may {
            let Heard::Answer(answer) = heard(rpc, &reply.messages[0]) else {
                panic!("a unary call is answered")
            };
            session.is_good(agency, rpc, &answer);
        } else {
            let refusal = Refusal::of_field(Reason::FieldRequired, "item.claims.full_name");
            refusal.ends(agency, &reply, Lang::En);
        }
    }
    session.settle().await;
}

/// Says a good message in a stream until it is answered with something else, which must be soon.
async fn until_told(home: &Home, rpc: &Rpc, key: &SandboxKey, change: impl FnOnce(&Home)) {
    let mut session = Session::open(home).await;
    let extra = vec![("authorization", bearer(key))];
    let mut talk = session.line.open(rpc.path, &extra).await;
    let mut answered = 0;
    let mut change = Some(change);
    let told = loop {
        talk.say(framed(&session.good(rpc).encode(rpc)));
        match talk.hear().await.map(|message| heard(rpc, &message)) {
            Some(Heard::Answer(answer)) => session.is_good(rpc.path, rpc, &answer),
            other => break other,
        }
        answered += 1;
        if answered == 3 {
            change.take().expect("it changes once")(home);
        }
        assert!(answered < 400, "the change does not bite");
        tokio::time::sleep(Duration::from_millis(10)).await;
    };
    assert!(answered >= 3, "it bit before it was made");
    match told {
        // The licence was taken: this message is refused, and the next one as well.
        Some(Heard::InPlace(status)) => {
            let verb = rpc.verb.expect("a stream has a verb");
            let denied = Refusal::of_call(Code::PermissionDenied, Reason::ServiceNotLicensed);
            denied.holds(rpc.path, &status, Lang::En);
            talk.say(framed(&session.good(rpc).encode(rpc)));
            let again = talk.hear().await.map(|message| heard(rpc, &message));
            assert!(matches!(again, Some(Heard::InPlace(_))), "{again:?}");
            session.counts_also(verb, Outcome::Refused, 4);
            talk.done();
            assert_eq!(talk.end().await.code(), Code::Ok, "{}", rpc.path);
            let (service, method) = rpc.names();
            session.ended(service, method, Code::Ok);
            session.settle().await;
        }
        // The key was revoked: the stream is over.
        None => {
            let reply = talk.end().await;
            let revoked = Refusal::of_call(Code::Unauthenticated, Reason::CredentialRevoked);
            revoked.ends(rpc.path, &reply, Lang::En);
        }
        Some(Heard::Answer(_)) => panic!("{}: the loop ends otherwise", rpc.path),
    }
}

#[tokio::test]
async fn a_key_that_is_revoked_ends_its_streams_at_the_next_message() {
    for rpc in rpcs::streams() {
        let home = home::start();
        let key = home.key(rpc.agency, KeyState::Valid);
        until_told(&home, rpc, &key, |home| home.revoke(rpc.agency)).await;
    }
}

#[tokio::test]
async fn a_licence_that_is_taken_is_missed_at_the_next_message_and_the_stream_goes_on() {
    for rpc in rpcs::streams() {
        let home = home::start();
        let key = home.key(rpc.agency, KeyState::Valid);
        until_told(&home, rpc, &key, |home| home.take_licences(rpc.agency)).await;
    }
}
