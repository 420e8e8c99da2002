use dancu_domain::{
    AgencyCode, ChangeEvent, ChangeRecord, Citizen, CivilDate, Decision, Prior, SourceKey, decide,
};
use dancu_population::{MAX_CITIZENS, Nation};
use proptest::prelude::*;

fn record(citizen: &Citizen, event: ChangeEvent) -> ChangeRecord {
    ChangeRecord {
        agency: AgencyCode::parse("G01", "agency").unwrap(),
        source: SourceKey::parse("test", "source").unwrap(),
        record_id: SourceKey::parse("1", "record_id").unwrap(),
        record_version: 1,
        personal_id: citizen.personal_id,
        name: citizen.name.clone(),
        birth: citizen.birth,
        event,
        digest: [0; 16],
    }
}

/// Walks through all versions of a citizen; says how many residences and deaths lay ahead.
fn walk(nation: &Nation, index: u64) -> (u32, u32) {
    let (mut residences, mut deaths, mut last) = (0, 0, CivilDate::new(2023, 1, 1).unwrap());
    let mut citizen = nation.citizen(index);
    while let Some(event) = nation.event(index, citizen.version) {
        assert!(event.on() > last, "days ascend");
        last = event.on();
        assert!(last <= CivilDate::new(2023, 12, 31).unwrap());
        assert_eq!(deaths, 0, "death is the last");
        assert_eq!(nation.version_before(index, &event), Some(citizen.version));
        match event {
            ChangeEvent::Residence { .. } => residences += 1,
            ChangeEvent::Death { .. } => deaths += 1,
        }
        let next = nation.citizen_at(index, citizen.version + 1).unwrap();
        let decided = decide(Some(&citizen), &record(&citizen, event), Prior::default());
        assert_eq!(decided, Decision::Apply(Box::new(next.clone())));
        citizen = next;
    }
    assert_eq!(nation.events(index), citizen.version);
    assert_eq!(nation.citizen_at(index, citizen.version + 1), None);
    assert_eq!(nation.citizen_at(index, u32::MAX), None);
    assert_eq!(nation.event(index, u32::MAX), None);
    (residences, deaths)
}

proptest! {
    #[test]
    fn every_version_is_what_the_rule_makes_of_the_one_before(
        seed: u64,
        index in 0..MAX_CITIZENS,
    ) {
        walk(&Nation::new(seed, MAX_CITIZENS), index);
    }
}

#[test]
fn the_living_move_at_least_eight_times_and_some_die() {
    let nation = Nation::new(1, 12_800);
    let (mut living, mut still, mut dying) = (0, 0, 0);
    for index in 0..nation.len() {
        let citizen = nation.citizen(index);
        let (residences, deaths) = walk(&nation, index);
        if citizen.locked || citizen.died_on.is_some() {
            assert_eq!((residences, deaths), (0, 0));
            still += 1;
        } else {
            assert!((8..=12).contains(&residences));
            living += 1;
            dying += deaths;
        }
    }
    assert!(
        (150..400).contains(&still),
        "{still} of 12,800 dead or locked"
    );
    let share = f64::from(dying) / f64::from(living);
    assert!((0.01..0.04).contains(&share), "{share}");
}

#[test]
fn an_event_that_lies_ahead_of_nobody_ends_no_version() {
    let nation = Nation::new(1, 640);
    let mut tried = 0;
    for index in 0..nation.len() {
        let Some(ChangeEvent::Residence { mut place, since }) = nation.event(index, 3) else {
            continue;
        };
        let on = |on| ChangeEvent::Death { on };
        assert_eq!(nation.version_before(index, &on(since)), None);
        for days in [-3_000, 3_000] {
            let away = since.plus_days(days).unwrap();
            assert_eq!(nation.version_before(index, &on(away)), None);
        }
        place.detail = dancu_domain::Detail::new("elsewhere");
        let moved = ChangeEvent::Residence { place, since };
        assert_eq!(nation.version_before(index, &moved), None);
        tried += 1;
    }
    assert!(tried > 500, "{tried}");
}
