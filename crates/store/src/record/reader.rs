//! Reading a stored record back: bad bytes are an error, never a panic.

use dancu_domain::{
    BirthDate, BloodType, Citizen, CivilDate, LegacyId, MaritalStatus, PersonName, PersonalId,
    Place, RelationToHead, Relative, Sex, SocialInsuranceNumber,
};

use super::{FORMAT, HOME, flag, place, relative};
use crate::StoreError;

/// Reads a record that fills `bytes` to the last.
pub fn decode(bytes: &[u8]) -> Result<Citizen, StoreError> {
    let mut reader = Reader(bytes);
    reader
        .citizen()
        .filter(|_| reader.0.is_empty())
        .ok_or(StoreError::Damaged { what: "citizens" })
}

/// What is left to read.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn citizen(&mut self) -> Option<Citizen> {
        if self.byte()? != FORMAT {
            return None;
        }
        let flags = u16::from_le_bytes(self.pair()?);
        if flags & !flag::ALL != 0 {
            return None;
        }
        let has = |bit| flags & bit != 0;
        let personal_id = PersonalId::from_digits(self.varint()?)?;
        let legacy_id = if has(flag::LEGACY) {
            Some(LegacyId::from_digits(u32::try_from(self.varint()?).ok()?)?)
        } else {
            None
        };
        let version = u32::try_from(self.varint()?).ok()?;
        let name = PersonName::from_trusted(self.text()?);
        let birth = BirthDate::unpack(u32::try_from(self.varint()?).ok()?)?;
        let (sex, marital) = self.halves()?;
        let (blood, relation) = self.halves()?;
        let ethnicity = self.byte()?;
        let religion = self.byte()?;
        let nationality = if has(flag::FOREIGN) {
            self.pair()?
        } else {
            HOME
        };
        let native_place = self.place(None)?;
        let birth_registration = self.place(Some(&native_place))?;
        let permanent_residence = self.place(Some(&birth_registration))?;
        let current_residence = self.place(Some(&permanent_residence))?;
        let resident_since = self.day()?;
        let mut relatives = [const { None }; 5];
        for (at, bit) in [
            flag::FATHER,
            flag::MOTHER,
            flag::SPOUSE,
            flag::REPRESENTATIVE,
            flag::HEAD,
        ]
        .into_iter()
        .enumerate()
        {
            if has(bit) {
                relatives[at] = Some(self.relative(&relatives[..at])?);
            }
        }
        let [father, mother, spouse, representative, head] = relatives;
        Some(Citizen {
            personal_id,
            legacy_id,
            version,
            name,
            birth,
            sex: Sex::from_code(sex)?,
            birth_registration,
            native_place,
            ethnicity,
            religion,
            nationality,
            marital_status: MaritalStatus::from_code(marital)?,
            permanent_residence,
            current_residence,
            resident_since,
            blood_type: BloodType::from_code(blood)?,
            father,
            mother,
            spouse,
            representative,
            household: self.varint()?,
            head,
            relation_to_head: RelationToHead::from_code(relation)?,
            died_on: if has(flag::DIED) {
                Some(self.day()?)
            } else {
                None
            },
            missing_since: if has(flag::MISSING) {
                Some(self.day()?)
            } else {
                None
            },
            social_insurance: if has(flag::SOCIAL) {
                Some(SocialInsuranceNumber::from_digits(self.varint()?)?)
            } else {
                None
            },
            locked: has(flag::LOCKED),
        })
    }

    fn place(&mut self, before: Option<&Place>) -> Option<Place> {
        let country = match self.byte()? {
            place::SAME => return before.cloned(),
            place::DOMESTIC => HOME,
            place::ABROAD => self.pair()?,
            _ => return None,
        };
        Some(Place {
            province: self.byte()?,
            district: u16::try_from(self.varint()?).ok()?,
            commune: u32::try_from(self.varint()?).ok()?,
            detail: dancu_domain::Detail::new(self.text()?),
            country,
        })
    }

    fn relative(&mut self, named: &[Option<Relative>]) -> Option<Relative> {
        let form = self.byte()?;
        if let Some(at) = form.checked_sub(relative::NAMED_BEFORE) {
            return named.iter().flatten().nth(usize::from(at)).cloned();
        }
        let name = PersonName::from_trusted(self.text()?);
        let personal_id = if form & relative::NUMBERED != 0 {
            Some(PersonalId::from_digits(self.varint()?)?)
        } else {
            None
        };
        let nationality = if form & relative::FOREIGN != 0 {
            self.pair()?
        } else {
            HOME
        };
        Some(Relative {
            name,
            personal_id,
            nationality,
        })
    }

    fn day(&mut self) -> Option<CivilDate> {
        CivilDate::unpack(u32::try_from(self.varint()?).ok()?)
    }

    fn text(&mut self) -> Option<&'a str> {
        let length = usize::try_from(self.varint()?).ok()?;
        let (text, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        std::str::from_utf8(text).ok()
    }

    fn varint(&mut self) -> Option<u64> {
        let mut number = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            let bits = u64::from(byte & 0x7f);
            if shift == 63 && bits > 1 {
                return None;
            }
            number |= bits << shift;
            if byte < 0x80 {
                return Some(number);
            }
        }
        None
    }

    fn halves(&mut self) -> Option<(u8, u8)> {
        self.byte().map(|byte| (byte >> 4, byte & 0xf))
    }

    fn pair(&mut self) -> Option<[u8; 2]> {
        let (pair, rest) = self.0.split_first_chunk::<2>()?;
        self.0 = rest;
        Some(*pair)
    }

    fn byte(&mut self) -> Option<u8> {
        let (byte, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*byte)
    }
}
