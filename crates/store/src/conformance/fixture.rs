//! The small nation that the cases know.

use dancu_domain::{
    AgencyCode, BirthDate, BloodType, ChangeEvent, ChangeRecord, Citizen, CivilDate, IdKey,
    LegacyId, MaritalStatus, NationId, PersonName, PersonalId, Place, RelationToHead, Sex,
    SourceKey,
};

use crate::{DirectoryRows, MemoryRegistry, RegistryMeta};

/// How many citizens there are.
const CITIZENS: u64 = 400;

/// A nation of a few hundred citizens. Each has an old number of its own, but for: 1 and 2, who
/// share one; 3, who has none; 4, whose record is locked.
#[derive(Clone, Debug)]
pub struct Fixture {
    /// What the registry is to say of itself.
    pub meta: RegistryMeta,
    /// Who is in it, in no order.
    pub citizens: Vec<Citizen>,
}

impl Default for Fixture {
    fn default() -> Self {
        Self::new()
    }
}

impl Fixture {
    /// The nation, always the same.
    pub fn new() -> Self {
        let mut citizens: Vec<Citizen> = (0..CITIZENS).map(citizen).collect();
        citizens[2].legacy_id = citizens[1].legacy_id;
        citizens[3].legacy_id = None;
        citizens[4].locked = true;
        Self {
            meta: RegistryMeta {
                nation: NationId(*b"conformance test"),
                seed: u64::MAX,
                citizens: CITIZENS,
                generator: 7,
                reference_date: date(2023, 1, 1),
            },
            citizens,
        }
    }

    /// The nation in the reference backend.
    pub fn in_memory(&self) -> MemoryRegistry {
        MemoryRegistry::from_citizens(
            self.meta,
            self.citizens.iter().cloned(),
            DirectoryRows::default(),
        )
    }

    /// The key of a citizen's personal number.
    pub fn key(&self, at: usize) -> IdKey {
        IdKey::Personal(self.citizens[at].personal_id)
    }

    /// The key of a citizen's old number, which he must have.
    pub fn old_key(&self, at: usize) -> IdKey {
        IdKey::Legacy(
            self.citizens[at]
                .legacy_id
                .expect("the case asks for a citizen with an old number"),
        )
    }

    /// An event of a citizen with all that it claims being right.
    pub fn event(&self, at: usize, event: Event) -> ChangeRecord {
        let citizen = &self.citizens[at];
        let record = ChangeRecord {
            agency: AgencyCode::parse("G01", "agency").expect("it is a code"),
            source: key("conformance"),
            record_id: key(&event.record_id),
            record_version: event.record_version,
            personal_id: citizen.personal_id,
            name: citizen.name.clone(),
            birth: citizen.birth,
            event: if event.death {
                ChangeEvent::Death { on: event.on() }
            } else {
                ChangeEvent::Residence {
                    place: Place::domestic(
                        79,
                        760,
                        u32::from(event.day) + event.farther,
                        "nơi mới",
                    ),
                    since: event.on(),
                }
            },
            digest: [0; 16],
        };
        digested(record)
    }
}

/// An event in short: of which record and version, and on which day after the reference date.
#[derive(Clone, Debug)]
pub struct Event {
    /// The id of the source's record.
    pub record_id: String,
    /// Its version.
    pub record_version: u64,
    /// Days after 2023-01-01.
    pub day: u16,
    /// Whether it is a death rather than a change of residence.
    pub death: bool,
    /// Added to the commune moved to, which otherwise follows from the day.
    pub farther: u32,
}

impl Event {
    /// A change of residence, the first version of its record.
    pub fn residence(record_id: impl Into<String>, day: u16) -> Self {
        Self {
            record_id: record_id.into(),
            record_version: 1,
            day,
            death: false,
            farther: 0,
        }
    }

    /// The same as a later or earlier version of its record.
    #[must_use]
    pub fn version(self, record_version: u64) -> Self {
        Self {
            record_version,
            ..self
        }
    }

    /// The same to another place.
    #[must_use]
    pub fn elsewhere(self) -> Self {
        Self {
            farther: 1_000,
            ..self
        }
    }

    /// The same as a death.
    #[must_use]
    pub fn death(self) -> Self {
        Self {
            death: true,
            ..self
        }
    }

    /// The day on which it took place.
    pub fn on(&self) -> CivilDate {
        date(2023, 1, 1)
            .plus_days(i32::from(self.day))
            .expect("a few years later is in the calendar")
    }
}

/// The record with the digest of what it says.
pub(super) fn digested(mut record: ChangeRecord) -> ChangeRecord {
    let mut hash: u128 = 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d;
    let place = match &record.event {
        ChangeEvent::Residence { place, .. } => place.commune,
        ChangeEvent::Death { .. } => 0,
    };
    let numbers = [
        record.personal_id.digits(),
        record.record_version,
        u64::from(record.event.kind().code()),
        u64::from(record.event.on().packed()),
        u64::from(place),
        u64::from(record.birth.packed()),
    ];
    let numbers = numbers.iter().flat_map(|n| n.to_le_bytes());
    for byte in numbers.chain(record.name.text().bytes()) {
        hash ^= u128::from(byte);
        hash = hash.wrapping_mul(0x0000_0000_0100_0000_0000_0000_0000_013b);
    }
    record.digest = hash.to_le_bytes();
    record
}

/// A source's key.
pub(super) fn key(text: &str) -> SourceKey {
    SourceKey::parse(text, "key").expect("it is a key")
}

fn date(year: u16, month: u8, day: u8) -> CivilDate {
    CivilDate::new(year, month, day).expect("it is in the calendar")
}

fn citizen(index: u64) -> Citizen {
    // An odd factor spreads the numbers, so that their order is not that of the citizens.
    let number = 1_000_000_000 + index * 7_919 % 4_099 * 13;
    let home = Place::domestic(1, 1, 1 + index as u32, "số 1");
    Citizen {
        personal_id: PersonalId::from_digits(number).expect("twelve digits"),
        legacy_id: LegacyId::from_digits(200_000_000 + index as u32 * 3),
        version: 0,
        name: PersonName::parse(&format!("Nguyễn Thử {}", letters(index)), "name")
            .expect("it is a name"),
        birth: BirthDate::Day(date(1950 + (index % 50) as u16, 5, 6)),
        sex: Sex::Female,
        birth_registration: home.clone(),
        native_place: home.clone(),
        ethnicity: 1,
        religion: 0,
        nationality: *b"VN",
        marital_status: MaritalStatus::Single,
        permanent_residence: home.clone(),
        current_residence: home,
        resident_since: date(2000, 1, 1),
        blood_type: BloodType::Unknown,
        father: None,
        mother: None,
        spouse: None,
        representative: None,
        household: index,
        head: None,
        relation_to_head: RelationToHead::Unknown,
        died_on: None,
        missing_since: None,
        social_insurance: None,
        locked: false,
    }
}

fn letters(index: u64) -> String {
    let letter = |n: u64| char::from(b'a' + (n % 26) as u8);
    [letter(index / 26), letter(index), letter(index / 7)]
        .iter()
        .collect()
}
