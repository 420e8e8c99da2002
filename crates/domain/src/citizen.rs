//! What the registry holds about a person.

use std::fmt;

use crate::outcome::coded;
use crate::{AttributeSet, BirthDate, CivilDate, IdKey, LegacyId, PersonName, PersonalId, Place};

coded! {
    /// Giới tính, by the codes seen in the real envelope.
    Sex {
        /// Not known.
        Unknown = 0, "UNKNOWN";
        /// Nam.
        Male = 1, "MALE";
        /// Nữ.
        Female = 2, "FEMALE";
    }
}

coded! {
    /// Tình trạng hôn nhân. The code of widowed is assumed.
    MaritalStatus {
        /// Not known.
        Unknown = 0, "UNKNOWN";
        /// Chưa kết hôn.
        Single = 1, "SINGLE";
        /// Đang có vợ hoặc chồng.
        Married = 2, "MARRIED";
        /// Đã ly hôn.
        Divorced = 3, "DIVORCED";
        /// Goá.
        Widowed = 4, "WIDOWED";
    }
}

coded! {
    /// Nhóm máu.
    BloodType {
        /// Not known.
        Unknown = 0, "UNKNOWN";
        /// A.
        A = 1, "A";
        /// B.
        B = 2, "B";
        /// AB.
        Ab = 3, "AB";
        /// O.
        O = 4, "O";
    }
}

coded! {
    /// Quan hệ với chủ hộ. Codes other than that of the head are assumed.
    RelationToHead {
        /// Not known.
        Unknown = 0, "UNKNOWN";
        /// Chủ hộ, CH01.
        Head = 1, "HEAD";
        /// Vợ hoặc chồng.
        Spouse = 2, "SPOUSE";
        /// Con.
        Child = 3, "CHILD";
        /// Cha hoặc mẹ.
        Parent = 4, "PARENT";
        /// Anh, chị, em.
        Sibling = 5, "SIBLING";
        /// Cháu.
        Grandchild = 6, "GRANDCHILD";
        /// Khác.
        Other = 7, "OTHER";
    }
}

/// A social insurance number (mã số bảo hiểm xã hội): ten digits. `Debug` shows the last two.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct SocialInsuranceNumber(u64);

impl SocialInsuranceNumber {
    /// The number with these digits, if it has at most ten of them.
    pub const fn from_digits(digits: u64) -> Option<Self> {
        if digits < 10_000_000_000 {
            Some(Self(digits))
        } else {
            None
        }
    }

    /// Reads exactly ten ASCII digits; the fault names `field` and never echoes the text.
    pub fn parse(text: &str, field: &str) -> Result<Self, crate::Fault> {
        crate::ids::digits(text, 10)
            .map(Self)
            .map_err(|reason| crate::Fault::new(field, reason))
    }

    /// The ten digits as one integer.
    pub const fn digits(self) -> u64 {
        self.0
    }

    /// The ten digits as text.
    pub fn text(self) -> String {
        format!("{:010}", self.0)
    }
}

impl fmt::Debug for SocialInsuranceNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SocialInsuranceNumber(..{:02})", self.0 % 100)
    }
}

/// Somebody named in another's record: a parent, a spouse, a representative, a head of household.
/// `Debug` shows the last two digits of the number.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Relative {
    /// Their name.
    pub name: PersonName,
    /// Their number, where it is recorded.
    pub personal_id: Option<PersonalId>,
    /// ISO 3166-1 alpha-2, upper case.
    pub nationality: [u8; 2],
}

impl fmt::Debug for Relative {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Relative({:?})", self.personal_id)
    }
}

/// A person's record at one version. `Debug` shows the last two digits of the number, and the
/// version.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Citizen {
    /// The number that never changes.
    pub personal_id: PersonalId,
    /// The old number, where one was issued.
    pub legacy_id: Option<LegacyId>,
    /// How many changes this record has seen; 0 as the nation was made.
    pub version: u32,
    /// Full name.
    pub name: PersonName,
    /// Birth date as far as it is known.
    pub birth: BirthDate,
    /// Sex.
    pub sex: Sex,
    /// Where the birth was registered.
    pub birth_registration: Place,
    /// Quê quán.
    pub native_place: Place,
    /// 1 Kinh to 54; 0 unknown.
    pub ethnicity: u8,
    /// 0 none or unknown; further codes are assumed.
    pub religion: u8,
    /// ISO 3166-1 alpha-2, upper case.
    pub nationality: [u8; 2],
    /// Marital status.
    pub marital_status: MaritalStatus,
    /// Nơi thường trú.
    pub permanent_residence: Place,
    /// Nơi ở hiện tại.
    pub current_residence: Place,
    /// The day since which the current residence holds.
    pub resident_since: CivilDate,
    /// Blood type.
    pub blood_type: BloodType,
    /// Father.
    pub father: Option<Relative>,
    /// Mother.
    pub mother: Option<Relative>,
    /// Spouse.
    pub spouse: Option<Relative>,
    /// Legal representative.
    pub representative: Option<Relative>,
    /// The household; 0 when none is recorded.
    pub household: u64,
    /// The head of that household, unless it is this person.
    pub head: Option<Relative>,
    /// Relation to the head.
    pub relation_to_head: RelationToHead,
    /// Day of death.
    pub died_on: Option<CivilDate>,
    /// Day since which the person is missing by a court's word.
    pub missing_since: Option<CivilDate>,
    /// Social insurance number, where there is one.
    pub social_insurance: Option<SocialInsuranceNumber>,
    /// A locked record answers nobody: claims on it are NO_MATCH.
    pub locked: bool,
}

impl fmt::Debug for Citizen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "Citizen({:?}, version {})",
            self.personal_id, self.version
        )
    }
}

impl Citizen {
    /// Whether the number is one of this person's.
    pub fn has(&self, key: IdKey) -> bool {
        match key {
            IdKey::Personal(id) => self.personal_id == id,
            IdKey::Legacy(id) => self.legacy_id == Some(id),
        }
    }

    /// Reads what claims are held against, and makes nothing of it: see [`Citizen::touch`].
    pub fn touch_claimed(&self) {
        let read = self.name.text().len() as u32 ^ self.birth.packed() ^ u32::from(self.locked);
        std::hint::black_box(read);
    }

    /// Reads a little of every part and makes nothing of it. A record is several lines of the
    /// processor's caches, and whoever tells of many people reads each of them for the first time
    /// in a while: touched some at once, they come out of memory side by side instead of one
    /// behind the other.
    pub fn touch(&self) {
        let place = |place: &Place| place.detail.text().len() as u32 ^ place.commune;
        let relative = |relative: &Option<Relative>| u32::from(relative.is_some());
        let read = self.version
            ^ self.name.text().len() as u32
            ^ u32::from(self.locked)
            ^ self.personal_id.digits() as u32
            ^ self.household as u32
            ^ place(&self.birth_registration)
            ^ place(&self.native_place)
            ^ place(&self.permanent_residence)
            ^ place(&self.current_residence)
            ^ relative(&self.father)
            ^ relative(&self.mother)
            ^ relative(&self.spouse)
            ^ relative(&self.representative)
            ^ relative(&self.head);
        std::hint::black_box(read);
    }

    /// The attributes of `wanted` that this record holds a value for: what an answer really gives.
    pub fn present(&self, wanted: AttributeSet) -> AttributeSet {
        use crate::Attribute as A;
        let mut absent = AttributeSet::NONE;
        let mut drop_if = |is_absent: bool, attribute: A| {
            if is_absent {
                absent.insert(attribute);
            }
        };
        drop_if(self.legacy_id.is_none(), A::LegacyNumber);
        drop_if(self.sex == Sex::Unknown, A::Sex);
        drop_if(self.ethnicity == 0, A::Ethnicity);
        drop_if(self.religion == 0, A::Religion);
        drop_if(
            self.marital_status == MaritalStatus::Unknown,
            A::MaritalStatus,
        );
        drop_if(self.blood_type == BloodType::Unknown, A::BloodType);
        drop_if(self.father.is_none(), A::Father);
        drop_if(self.mother.is_none(), A::Mother);
        drop_if(self.spouse.is_none(), A::Spouse);
        drop_if(self.representative.is_none(), A::Representative);
        drop_if(self.household == 0, A::Household);
        drop_if(
            self.died_on.is_none() && self.missing_since.is_none(),
            A::Death,
        );
        drop_if(self.social_insurance.is_none(), A::SocialInsurance);
        wanted.without(absent)
    }
}
