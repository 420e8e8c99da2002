//! Logs of somebody else's: what of a line is refused, and what of it is not kept as it stands.

use dancu_population::Nation;
use dancu_wire::pb::recording::item::Subject;

use super::Folder;
use crate::replay::import::{ImportError, import};
use crate::replay::order::Ordered;

/// A lookup of one citizen with more fields.
fn lookup(more: &str) -> String {
    format!(r#"{{"at": 1, "verb": "lookup", "agency": "H26", {more}"items": [{{"citizen": 1}}]}}"#)
}

/// The line at which a log is refused, and what is told of it.
fn refused(log: &[u8]) -> (u64, String) {
    match import(log, Vec::new(), &Nation::new(4, 640), 9) {
        Err(error @ ImportError::Line(line, _)) => (line, error.to_string()),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_procedure_that_is_none_of_the_published_form_is_told_by_its_field_and_not_repeated() {
    let nation = Nation::new(4, 640);
    for taken in ["1.004222", ""] {
        let log = lookup(&format!(r#""procedure": "{taken}", "#));
        let imported = import(log.as_bytes(), Vec::new(), &nation, 9);
        assert_eq!(imported.unwrap().messages, 1);
    }
    for other in [
        "Nguyễn Thị Hồng Đào 079199001234",
        "901085000101",
        "2.00111",
        "2.0011111",
        " 2.001111",
    ] {
        let log = format!(
            "{}\n{}\n",
            lookup(""),
            lookup(&format!(r#""procedure": "{other}", "#))
        );
        let (line, told) = refused(log.as_bytes());
        assert_eq!(line, 2);
        assert!(told.contains("procedure must be"), "{told}");
        assert!(!told.contains(other), "{told}");
    }
}

#[test]
fn no_text_of_a_line_that_is_none_of_the_contract_is_taken_or_repeated() {
    let text = "Đào 079199001234";
    for field in [
        "agency",
        "verb",
        "shape",
        "purpose",
        "procedure",
        "freshness",
        "event_day",
    ] {
        let mut line: serde_json::Value = serde_json::from_str(&lookup("")).unwrap();
        line[field] = text.into();
        let (_, told) = refused(line.to_string().as_bytes());
        assert!(
            told.contains(field) && !told.contains(text),
            "{field}: {told}"
        );
    }
    for field in ["persona", "name", "birth", "outcome", "held", "differed"] {
        let mut line: serde_json::Value = serde_json::from_str(&lookup("")).unwrap();
        let item = line["items"][0].as_object_mut().unwrap();
        match field {
            "persona" => {
                item.remove("citizen");
                item.insert(field.to_owned(), text.into());
            }
            "held" | "differed" => {
                item.insert(field.to_owned(), vec![text].into());
            }
            _ => {
                item.insert(field.to_owned(), text.into());
            }
        }
        let (_, told) = refused(line.to_string().as_bytes());
        assert!(!told.contains(text), "{field}: {told}");
    }
}

#[test]
fn a_line_that_is_no_utf_8_is_told_by_its_number() {
    let whole = lookup("");
    let mut log = format!("{whole}\r\n\n").into_bytes();
    log.extend(br#"{"at": 1, "verb": "lookup", "agency": "H"#);
    log.extend([0xff, 0xfe]);
    log.extend(br#"", "items": [{"citizen": 1}]}"#);
    assert_eq!(refused(&log), (3, "line 3: is no UTF-8".to_owned()));
    let log = format!("{whole}\r\n\r\n{whole}");
    let imported = import(log.as_bytes(), Vec::new(), &Nation::new(4, 640), 9);
    assert_eq!(imported.unwrap().messages, 2);
}

#[test]
fn a_stranger_is_kept_as_a_hash_that_differs_from_import_to_import() {
    let folder = Folder::new("strangers");
    let nation = Nation::new(4, 640);
    let number = 79_199_001_234;
    let log = format!(
        r#"{{"at": 1, "verb": "lookup", "agency": "H26", "items": [{{"stranger": {number}}}, {{"stranger": 7}}, {{"stranger": {number}}}]}}"#
    );
    let kept = |name: &str| {
        let path = folder.0.join(name);
        let out = std::fs::File::create(&path).unwrap();
        import(log.as_bytes(), out, &nation, 9).unwrap();
        let message = Ordered::open(&[path], &|| true)
            .unwrap()
            .next()
            .unwrap()
            .unwrap();
        let subjects = message.items.iter().map(|item| item.subject);
        subjects.collect::<Option<Vec<Subject>>>().unwrap()
    };
    let (one, other) = (kept("one"), kept("other"));
    assert_eq!(one[0], one[2], "the same one is known again");
    assert_ne!(one[0], one[1]);
    assert_ne!(one[0], Subject::Stranger(number));
    assert_ne!(one[0], other[0]);
}
