//! The verbs over the store's registry in memory, with people and agencies of the mock nation.

use std::convert::identity;

use std::sync::LazyLock;

use dancu_domain::{
    Attribute, AttributeSet, Authenticate, AuthenticateResult, ChangeEvent, ChangeOutcome, Citizen,
    EventKind, Freshness, IdKey, LifeEvent, Lookup, LookupResult, NationId, OfficerId, Outcome,
    Permit, ProcedureCode, Purpose, Push, PushResult, Reconcile, ReconcileResult, Registry,
    RequestContext, ServiceCode, SourceKey, Verb,
};
use dancu_population::{GENERATOR_VERSION, KeyState, Nation, Persona, SandboxKey};
use dancu_service::{authenticate, lookup, push, reconcile};
use dancu_store::{DirectoryRows, MemoryRegistry, RegistryMeta};

use crate::comparing::row;
use crate::fakes::{FakeLedger, run};
use crate::people::{context, subject};

static NATION: LazyLock<Nation> = LazyLock::new(|| Nation::new(1, 2_000));

/// The whole nation, personas included.
fn registry() -> MemoryRegistry {
    let meta = RegistryMeta {
        nation: NationId([1; 16]),
        seed: NATION.seed(),
        citizens: NATION.len(),
        generator: GENERATOR_VERSION,
        reference_date: NATION.reference_date(),
    };
    let personas = NATION.personas().into_iter().map(|persona| persona.citizen);
    let citizens = (0..NATION.len()).map(|index| NATION.citizen(index));
    let rows = DirectoryRows {
        agencies: Nation::agencies(),
        credentials: NATION.credentials(),
        licences: NATION.licences(),
    };
    MemoryRegistry::from_citizens(meta, citizens.chain(personas), rows)
}

/// The first permit that a sandbox key of the nation gets for this, if it will do.
fn permit(
    registry: &MemoryRegistry,
    (verb, service, purpose): (Verb, ServiceCode, Purpose),
    request_id: &str,
    will_do: impl Fn(&SandboxKey, &Permit) -> bool,
) -> Permit {
    let (directory, today) = (registry.directory(), NATION.reference_date());
    let mut keys = NATION.sandbox_keys().into_iter().zip(NATION.credentials());
    keys.find_map(|(key, credential)| {
        let caller = directory.authenticate(&credential.digest, today).ok()?;
        let context = RequestContext {
            officer: OfficerId::parse(&key.officer, "officer").ok(),
            procedure: ProcedureCode::parse(&key.procedure, "procedure").ok(),
            purpose,
            ..context(request_id)
        };
        let permit = directory.permit(&caller, verb, service, context, today);
        permit.ok().filter(|permit| will_do(&key, permit))
    })
    .expect("the nation has an agency that may")
}

fn clerks(registry: &MemoryRegistry, verb: Verb, service: ServiceCode) -> Permit {
    let purpose = Purpose::AdministrativeProcedure;
    permit(
        registry,
        (verb, service, purpose),
        "req-1",
        |key, permit| {
            let plain = !permit.explain() && !permit.attributes().has(Attribute::Religion);
            key.state == KeyState::Valid && plain
        },
    )
}

#[test]
fn a_lookup_of_every_persona_ends_as_its_documentation_says() {
    let (registry, ledger, personas) = (registry(), FakeLedger::default(), NATION.personas());
    let message = Lookup {
        freshness: Freshness::FullyConsistent,
        wanted: AttributeSet::all(),
        items: personas
            .iter()
            .map(|p| Ok(subject(p.claims.clone())))
            .collect(),
    };
    let permit = clerks(&registry, Verb::Lookup, ServiceCode::LOOKUP_CITIZEN);
    let granted = permit.attributes();
    let answer = run(lookup(&registry, &ledger, permit, message, identity)).unwrap();
    for (persona, result) in personas.iter().zip(&answer.items) {
        match result {
            LookupResult::Found {
                citizen,
                attributes,
                ..
            } => {
                assert_eq!(**citizen, persona.citizen, "{}", persona.key);
                assert!(attributes.without(granted).is_empty(), "{}", persona.key);
            }
            LookupResult::NoMatch(None) | LookupResult::Ambiguous => {}
            other => panic!("{}: {other:?}", persona.key),
        }
    }
    let documented = |persona: &Persona| persona.lookup;
    assert_eq!(
        outcomes(&ledger),
        personas.iter().map(documented).collect::<Vec<_>>()
    );
}

#[test]
fn an_authentication_of_every_persona_ends_as_its_documentation_says() {
    let (registry, ledger, personas) = (registry(), FakeLedger::default(), NATION.personas());
    let message = Authenticate {
        freshness: Freshness::MinimizeLatency,
        items: personas
            .iter()
            .map(|p| Ok(subject(p.claims.clone())))
            .collect(),
    };
    let service = ServiceCode::AUTHENTICATE_CITIZEN;
    let permit = clerks(&registry, Verb::Authenticate, service);
    let answer = run(authenticate(&registry, &ledger, permit, message, identity)).unwrap();
    let told = |result: &AuthenticateResult| matches!(result, AuthenticateResult::NoMatch(Some(_)));
    assert!(
        !answer.items.iter().any(told),
        "no cause is told without explain and debug"
    );
    let documented = |persona: &Persona| persona.authenticate;
    assert_eq!(
        outcomes(&ledger),
        personas.iter().map(documented).collect::<Vec<_>>()
    );
}

fn outcomes(ledger: &FakeLedger) -> Vec<Outcome> {
    let entries = ledger.records().into_iter().flat_map(|record| record.items);
    entries.map(|entry| entry.outcome).collect()
}

#[test]
fn rows_of_the_nation_itself_are_in_step() {
    let (registry, ledger) = (registry(), FakeLedger::default());
    let message = Reconcile {
        freshness: Freshness::MinimizeLatency,
        items: (0..500)
            .map(|index| Ok(row(&NATION.citizen(index))))
            .collect(),
    };
    let verb = (
        Verb::Reconcile,
        ServiceCode::RECONCILE_CITIZENS,
        Purpose::DataCleaning,
    );
    let permit = permit(&registry, verb, "req-1", |_, _| true);
    let answer = run(reconcile(&registry, &ledger, permit, message, identity)).unwrap();
    let in_step = ReconcileResult::InStep { version: 0 };
    assert_eq!(answer.items, vec![in_step; 500]);
}

fn life_event(citizen: &Citizen, event: ChangeEvent, version: u32) -> LifeEvent {
    LifeEvent {
        source: SourceKey::parse("test", "source").unwrap(),
        record_id: SourceKey::parse(&citizen.personal_id.text(), "record_id").unwrap(),
        record_version: u64::from(version) + 1,
        personal_id: citizen.personal_id,
        name: citizen.name.clone(),
        birth: citizen.birth,
        event,
        digest: [version as u8; 16],
    }
}

/// Sends these events, each by the agency that is the authority for its kind.
fn send(registry: &MemoryRegistry, events: impl Iterator<Item = LifeEvent>) -> Vec<PushResult> {
    let ledger = FakeLedger::default();
    let mut results = Vec::new();
    for (i, event) in events.enumerate() {
        let kind: EventKind = event.event.kind();
        let verb = (Verb::Push, ServiceCode::PUSH_CHANGES, Purpose::LifeEvent);
        let permit = permit(registry, verb, &format!("req-{i}"), |_, permit| {
            permit.is_authority_for(kind)
        });
        let message = Push {
            digest: [0; 32],
            items: vec![Ok(event)],
        };
        results.extend(run(push(registry, &ledger, permit, message)).unwrap().items);
    }
    results
}

fn read(registry: &MemoryRegistry, citizen: &Citizen) -> Citizen {
    let key = IdKey::Personal(citizen.personal_id);
    let reading = run(registry.read(&[key], Freshness::FullyConsistent)).unwrap();
    (*reading.candidates[0].citizens()[0]).clone()
}

#[test]
fn events_in_their_order_make_the_citizen_of_each_version() {
    let registry = registry();
    for index in 0..40 {
        let mut citizen = NATION.citizen(index);
        for version in 0..NATION.events(index) {
            let event = NATION.event(index, version).unwrap();
            let results = send(
                &registry,
                [life_event(&citizen, event, version)].into_iter(),
            );
            let settled = &results[0];
            assert!(
                matches!(settled, PushResult::Settled(ChangeOutcome::Applied { .. })),
                "{settled:?}"
            );
            citizen = NATION.citizen_at(index, version + 1).unwrap();
            assert!(
                read(&registry, &citizen) == citizen,
                "version {version} of {index}"
            );
        }
    }
}

#[test]
fn events_in_the_opposite_order_end_in_the_same_citizen() {
    let registry = registry();
    let mut several = 0;
    for index in 0..40 {
        let (citizen, events) = (NATION.citizen(index), NATION.events(index));
        several += u32::from(events > 1);
        let backwards = (0..events)
            .rev()
            .map(|version| life_event(&citizen, NATION.event(index, version).unwrap(), version));
        send(&registry, backwards);
        let mut expected = NATION.citizen_at(index, events).unwrap();
        let mut found = read(&registry, &citizen);
        (expected.version, found.version) = (0, 0);
        assert!(found == expected, "citizen {index}");
    }
    assert!(
        several > 10,
        "some have events whose order matters: {several}"
    );
}
