//! The words of the contract as they are read in a Vietnamese table. JSON keeps the contract's own.

/// Each word with its Vietnamese.
const WORDS: &[(&str, &str)] = &[
    // Verbs.
    ("LOOKUP", "tra cứu"),
    ("AUTHENTICATE", "xác thực"),
    ("RECONCILE", "đối soát"),
    ("PUSH", "cập nhật"),
    // Outcomes.
    ("FOUND", "tìm thấy"),
    ("MATCH", "khớp"),
    ("NO_MATCH", "không khớp"),
    ("DECEASED", "đã chết"),
    ("AMBIGUOUS", "trùng hai người"),
    ("IN_STEP", "trùng khớp"),
    ("DIFFERS", "sai lệch"),
    ("DUPLICATE_IN_SOURCE", "lặp trong nguồn"),
    ("INVALID", "không hợp lệ"),
    ("APPLIED", "đã ghi"),
    ("ALREADY_APPLIED", "đã ghi trước đó"),
    ("STALE", "đã cũ"),
    ("CONFLICT", "mâu thuẫn"),
    ("REJECTED", "không nhận"),
    ("REFUSED", "bị từ chối"),
    // Levels of agreement and causes of a NO_MATCH.
    ("EXACT", "chính xác"),
    ("TONE_PLACEMENT", "khác vị trí dấu"),
    ("UNACCENTED", "không dấu"),
    ("UNKNOWN_NUMBER", "không có số này"),
    ("LOCKED", "đã khóa"),
    ("NAME", "sai họ tên"),
    ("BIRTH_DATE", "sai ngày sinh"),
    // Purposes.
    ("ADMINISTRATIVE_PROCEDURE", "thủ tục hành chính"),
    ("HEALTH_CHECK_IN", "khám chữa bệnh"),
    ("DATA_CLEANING", "làm sạch dữ liệu"),
    ("LIFE_EVENT", "biến động dân cư"),
    ("STATISTICS", "thống kê"),
    // Kinds of agencies and states of keys.
    ("MINISTRY", "bộ, ngành"),
    ("PROVINCE", "tỉnh, thành phố"),
    ("HEALTH_FACILITY", "cơ sở y tế"),
    ("valid", "dùng được"),
    ("debug", "gỡ lỗi"),
    ("expired", "hết hạn"),
    ("revoked", "đã thu hồi"),
    ("not-yet-valid", "chưa có hiệu lực"),
    // Sources of an answer.
    ("MEMORY", "bộ nhớ"),
    ("REDIS", "Redis"),
    ("REGISTRY", "cơ sở dữ liệu"),
    // Fields of an answer.
    ("outcome", "kết quả"),
    ("level", "mức khớp"),
    ("cause", "nguyên nhân"),
    ("version", "phiên bản"),
    ("personal_number", "số định danh"),
    ("legacy_number", "số CMND"),
    ("full_name", "họ tên"),
    ("birth_date", "ngày sinh"),
    ("sex", "giới tính"),
    ("birth_registration", "nơi đăng ký khai sinh"),
    ("native_place", "quê quán"),
    ("ethnicity", "dân tộc"),
    ("religion", "tôn giáo"),
    ("nationality", "quốc tịch"),
    ("marital_status", "tình trạng hôn nhân"),
    ("permanent_residence", "thường trú"),
    ("current_residence", "nơi ở hiện tại"),
    ("resident_since", "ở từ ngày"),
    ("blood_type", "nhóm máu"),
    ("father", "cha"),
    ("mother", "mẹ"),
    ("spouse", "vợ hoặc chồng"),
    ("representative", "người đại diện"),
    ("head_of_household", "chủ hộ"),
    ("relation_to_head", "quan hệ với chủ hộ"),
    ("household", "hộ gia đình"),
    ("died_on", "ngày chết"),
    ("missing_since", "mất tích từ"),
    ("death", "chết, mất tích"),
    ("social_insurance_number", "số BHXH"),
    ("social_insurance", "số BHXH"),
    ("province", "tỉnh"),
    ("district", "huyện"),
    ("commune", "xã"),
    ("detail", "chi tiết"),
    ("country", "nước"),
    ("request_id", "mã yêu cầu"),
    ("nation", "mã quốc gia"),
    ("revision", "số thay đổi"),
    ("source", "nguồn"),
    ("receipt", "biên nhận"),
    // What does not add up.
    ("sent", "gửi"),
    ("answered", "trả lời"),
    ("refused", "từ chối"),
    ("counted", "đếm"),
    ("audited", "kiểm toán"),
    ("in doubt", "chưa rõ"),
    ("audited and not read", "đã ghi mà chưa đọc"),
    (
        "answered, refused, malformed and unavailable",
        "trả lời, từ chối, sai dạng và không có",
    ),
    ("is not there", "không có"),
    ("another writer's", "của bên ghi khác"),
    ("of another agency", "của cơ quan khác"),
    ("of another verb", "của thao tác khác"),
    ("of another service", "của dịch vụ khác"),
    ("of another outcome", "có kết quả khác"),
    ("gives other attributes", "cho thuộc tính khác"),
    ("acknowledged twice", "được xác nhận hai lần"),
    // What an audit finds.
    ("altered", "bị sửa"),
    ("does not have its hash", "không đúng mã băm của khối"),
    ("cannot be decoded", "không giải mã được"),
    ("holds another number of entries", "chứa số mục khác"),
    ("missing", "bị thiếu"),
    ("out of order", "sai thứ tự"),
    ("cut off", "bị cắt"),
    ("unreadable", "không đọc được"),
    (
        "not signed with this ledger's key",
        "không mang chữ ký của sổ này",
    ),
    (
        "does not go on from the line before",
        "không nối tiếp dòng trước",
    ),
    (
        "vouches for less than a line before it",
        "chứng thực ít hơn một dòng trước đó",
    ),
    (
        "vouches for other counts than the entries have",
        "chứng thực số đếm khác với các mục",
    ),
    // Values of a record.
    ("MALE", "nam"),
    ("FEMALE", "nữ"),
    ("SINGLE", "chưa kết hôn"),
    ("MARRIED", "đã kết hôn"),
    ("DIVORCED", "đã ly hôn"),
    ("WIDOWED", "góa"),
    ("HEAD", "chủ hộ"),
    ("SPOUSE", "vợ hoặc chồng"),
    ("CHILD", "con"),
    ("PARENT", "cha mẹ"),
    ("SIBLING", "anh chị em"),
    ("GRANDCHILD", "cháu"),
    ("OTHER", "khác"),
];

/// The Vietnamese for a word of the contract; a word that has none stays as it is.
pub(crate) fn word(word: &str) -> &str {
    let found = WORDS.iter().find(|(contract, _)| *contract == word);
    found.map_or(word, |(_, vietnamese)| vietnamese)
}

#[cfg(test)]
mod tests {
    use dancu_domain::{AgencyKind, Attribute, Outcome, Purpose, Verb};
    use dancu_population::{KeyState, Nation};

    use super::*;

    #[test]
    fn every_word_that_a_table_shows_has_its_vietnamese() {
        let verbs = Verb::ALL.iter().map(|verb| verb.word());
        let outcomes = Outcome::ALL.iter().map(|outcome| outcome.word());
        let purposes = Purpose::ALL.iter().map(|purpose| purpose.word());
        let kinds = AgencyKind::ALL.iter().map(|kind| kind.word());
        let attributes = Attribute::ALL.iter().map(|attribute| attribute.word());
        let states = Nation::new(1, 1).sandbox_keys();
        let states = states.iter().map(|key| KeyState::word(key.state));
        let all = verbs.chain(outcomes).chain(purposes).chain(kinds);
        for contract in all.chain(attributes).chain(states) {
            assert_ne!(word(contract), contract, "{contract} has no Vietnamese");
        }
    }

    #[test]
    fn no_word_stands_twice() {
        let mut words: Vec<_> = WORDS.iter().map(|(contract, _)| contract).collect();
        words.sort_unstable();
        let all = words.len();
        words.dedup();
        assert_eq!(words.len(), all);
    }
}
