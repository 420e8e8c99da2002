//! The items of a record, and sets of them: what a licence grants and what an answer gives.

use std::fmt;

use crate::outcome::coded;

coded! {
    /// An item of a citizen's record (Law 59/2014, Art. 9), as licences grant them.
    Attribute {
        /// The twelve-digit number.
        PersonalNumber = 0, "personal_number";
        /// The nine-digit number.
        LegacyNumber = 1, "legacy_number";
        /// Họ, chữ đệm và tên.
        FullName = 2, "full_name";
        /// Ngày, tháng, năm sinh.
        BirthDate = 3, "birth_date";
        /// Giới tính.
        Sex = 4, "sex";
        /// Nơi đăng ký khai sinh.
        BirthRegistration = 5, "birth_registration";
        /// Quê quán.
        NativePlace = 6, "native_place";
        /// Dân tộc. Sensitive: needs a grant of its own.
        Ethnicity = 7, "ethnicity";
        /// Tôn giáo. Sensitive: needs a grant of its own.
        Religion = 8, "religion";
        /// Quốc tịch.
        Nationality = 9, "nationality";
        /// Tình trạng hôn nhân.
        MaritalStatus = 10, "marital_status";
        /// Nơi thường trú.
        PermanentResidence = 11, "permanent_residence";
        /// Nơi ở hiện tại.
        CurrentResidence = 12, "current_residence";
        /// Nhóm máu. Sensitive: needs a grant of its own.
        BloodType = 13, "blood_type";
        /// Cha.
        Father = 14, "father";
        /// Mẹ.
        Mother = 15, "mother";
        /// Vợ hoặc chồng.
        Spouse = 16, "spouse";
        /// Người đại diện hợp pháp.
        Representative = 17, "representative";
        /// Chủ hộ và quan hệ với chủ hộ.
        Household = 18, "household";
        /// Ngày chết hoặc mất tích.
        Death = 19, "death";
        /// Mã số bảo hiểm xã hội.
        SocialInsurance = 20, "social_insurance";
    }
}

/// A set of [`Attribute`]s: one bit each, by code.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct AttributeSet(u32);

impl AttributeSet {
    /// No attribute.
    pub const NONE: Self = Self(0);
    /// What `view` BASIC shows: who the person is.
    pub const BASIC: Self = Self::of(&[
        Attribute::PersonalNumber,
        Attribute::LegacyNumber,
        Attribute::FullName,
        Attribute::BirthDate,
        Attribute::Sex,
        Attribute::CurrentResidence,
    ]);
    /// What only a grant of its own opens.
    pub const SENSITIVE: Self = Self::of(&[
        Attribute::Ethnicity,
        Attribute::Religion,
        Attribute::BloodType,
    ]);

    /// The set of these.
    pub const fn of(attributes: &[Attribute]) -> Self {
        let (mut bits, mut i) = (0, 0);
        while i < attributes.len() {
            bits |= 1 << attributes[i].code();
            i += 1;
        }
        Self(bits)
    }

    /// Every attribute there is.
    pub const fn all() -> Self {
        Self::of(Attribute::ALL)
    }

    /// Whether the attribute is in the set.
    pub const fn has(self, attribute: Attribute) -> bool {
        self.0 & (1 << attribute.code()) != 0
    }

    /// What is in both.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// What is in either.
    #[must_use]
    pub const fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// What is in this and not in the other.
    #[must_use]
    pub const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// Adds an attribute.
    pub const fn insert(&mut self, attribute: Attribute) {
        self.0 |= 1 << attribute.code();
    }

    /// Whether nothing is in it.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The bits, as they are stored.
    pub const fn bits(self) -> u32 {
        self.0
    }

    /// From stored bits; bits without an attribute are dropped.
    pub const fn from_bits(bits: u32) -> Self {
        Self(bits & Self::all().0)
    }

    /// The attributes in the order of their codes.
    pub fn iter(self) -> impl Iterator<Item = Attribute> {
        Attribute::ALL.iter().copied().filter(move |a| self.has(*a))
    }
}

impl fmt::Debug for AttributeSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set()
            .entries(self.iter().map(Attribute::word))
            .finish()
    }
}
