//! What else a sync record holds and can be bad: a row's attributes, an event and its key.

use dancu_domain::{Reason, Verb};
use dancu_wire::pb::dancu::v1 as pb;
use dancu_wire::pb::google::r#type::Date;
use pb::change_record::Event;
use pb::claims::Number;

use super::Rows;
use crate::bad::people::born;

const RECONCILE: &[Verb] = &[Verb::Reconcile];
const PUSH: &[Verb] = &[Verb::Push];

pub(super) fn reconciled(rows: &mut Rows) {
    use Reason::{
        DateInFuture, DateIncomplete, DateInvalid, EnumInvalid, FieldInvalid, FieldRequired,
        NumberLength, NumberNotDigits,
    };
    let mut row = |case: (&str, Reason, &'static str),
                   values: &[&str],
                   spoil: fn(&mut pb::ReconcileRecord)| {
        rows.add(RECONCILE, case, values, |subject| spoil(&mut subject.row));
    };
    row(("unknown", EnumInvalid, "sex"), &[], |r| r.sex = 97);
    row(("unknown", EnumInvalid, "marital_status"), &[], |r| {
        r.marital_status = -97;
    });
    row(
        ("8 digits", NumberLength, "legacy_number"),
        &["98700012"],
        |r| {
            r.legacy_number = "98700012".into();
        },
    );
    row(
        ("a letter", NumberNotDigits, "social_insurance_number"),
        &["987000123Z"],
        |r| {
            r.social_insurance_number = "987000123Z".into();
        },
    );
    row(
        ("9 digits", NumberLength, "social_insurance_number"),
        &["987000124"],
        |r| {
            r.social_insurance_number = "987000124".into();
        },
    );
    row(
        ("no province", FieldRequired, "current_residence.province"),
        &[],
        |r| {
            r.current_residence.get_or_insert_default().province.clear();
        },
    );
    row(
        (
            "a commune of nowhere",
            FieldRequired,
            "permanent_residence.district",
        ),
        &[],
        |r| {
            r.permanent_residence = Some(pb::Address {
                province: "01".to_owned(),
                commune: "01997".to_owned(),
                ..Default::default()
            });
        },
    );
    row(
        (
            "no province of 2023",
            FieldInvalid,
            "permanent_residence.province",
        ),
        &[],
        |r| {
            r.permanent_residence = Some(pb::Address {
                province: "03".to_owned(),
                ..Default::default()
            });
        },
    );
    row(
        ("three letters", FieldInvalid, "current_residence.country"),
        &[],
        |r| {
            r.current_residence.get_or_insert_default().country = "ZXW".into();
        },
    );
    row(
        ("29 February 2023", DateInvalid, "died_on"),
        &["2023-02-29"],
        |r| {
            r.died_on = Some(born(2023, 2, 29));
        },
    );
    row(("a year", DateIncomplete, "died_on"), &[], |r| {
        r.died_on = Some(born(2020, 0, 0));
    });
    row(("2199", DateInFuture, "died_on"), &[], |r| {
        r.died_on = Some(born(2199, 1, 1));
    });
}

pub(super) fn pushed(rows: &mut Rows) {
    use Reason::{
        DateInFuture, DateIncomplete, DateInvalid, FieldInvalid, FieldRequired, FieldTooLong,
        NumberLength,
    };
    let mut row =
        |case: (&str, Reason, &'static str), values: &[&str], spoil: fn(&mut pb::ChangeRecord)| {
            rows.add(PUSH, case, values, |subject| spoil(&mut subject.change));
        };
    row(("empty", FieldRequired, "source"), &[], |c| {
        c.source.clear();
    });
    row(("a space", FieldInvalid, "source"), &["Zq 97"], |c| {
        c.source = "Zq 97".into();
    });
    row(("empty", FieldRequired, "record_id"), &[], |c| {
        c.record_id.clear();
    });
    row(
        ("66 characters", FieldTooLong, "record_id"),
        &["ZqZqZqZq"],
        |c| c.record_id = "Zq".repeat(33),
    );
    row(("nothing", FieldRequired, "record_version"), &[], |c| {
        c.record_version = 0;
    });
    row(
        ("below nothing", FieldInvalid, "record_version"),
        &[],
        |c| c.record_version = -97,
    );
    row(("left out", FieldRequired, "event"), &[], |c| {
        c.event = None;
    });
    row(
        ("left out", FieldRequired, "residence_change.residence"),
        &[],
        |c| {
            moved(c, |change| change.residence = None);
        },
    );
    row(
        ("left out", FieldRequired, "residence_change.since"),
        &[],
        |c| {
            moved(c, |change| change.since = None);
        },
    );
    row(
        ("29 February 2023", DateInvalid, "residence_change.since"),
        &["2023-02-29"],
        |c| {
            moved(c, |change| change.since = Some(born(2023, 2, 29)));
        },
    );
    row(
        ("a month", DateIncomplete, "residence_change.since"),
        &[],
        |c| {
            moved(c, |change| change.since = Some(born(2022, 2, 0)));
        },
    );
    row(
        ("two years on", DateInFuture, "residence_change.since"),
        &["2024-12-30"],
        |c| {
            moved(c, |change| change.since = Some(born(2024, 12, 30)));
        },
    );
    row(
        (
            "one digit",
            NumberLength,
            "residence_change.residence.province",
        ),
        &[],
        |c| {
            moved(c, |change| {
                change.residence.get_or_insert_default().province = "1".into();
            });
        },
    );
    row(
        (
            "no province of 2023",
            FieldInvalid,
            "residence_change.residence.province",
        ),
        &[],
        |c| {
            moved(c, |change| {
                change.residence.get_or_insert_default().province = "99".into();
            });
        },
    );
    row(
        (
            "an override",
            FieldInvalid,
            "residence_change.residence.detail",
        ),
        &["97 Zq"],
        |c| {
            let detail = "97 Zq\u{202e}";
            moved(c, |change| {
                change.residence.get_or_insert_default().detail = detail.into();
            });
        },
    );
    row(
        (
            "202 characters",
            FieldTooLong,
            "residence_change.residence.detail",
        ),
        &["ZqZqZqZq"],
        |c| {
            let detail = "Zq".repeat(101);
            moved(c, |change| {
                change.residence.get_or_insert_default().detail = detail;
            });
        },
    );
    row(("31 April", DateInvalid, "death.died_on"), &[], |c| {
        died(c, Some(born(2022, 4, 31)));
    });
    row(("left out", FieldRequired, "death.died_on"), &[], |c| {
        died(c, None);
    });
    rows.add(
        PUSH,
        ("an old number", FieldRequired, "claims.personal_number"),
        &["987650321"],
        |subject| {
            let number = Number::LegacyNumber("987650321".to_owned());
            subject.claims.get_or_insert_default().number = Some(number);
        },
    );
}

fn moved(change: &mut pb::ChangeRecord, spoil: impl FnOnce(&mut pb::ResidenceChange)) {
    if let Some(Event::ResidenceChange(residence)) = &mut change.event {
        spoil(residence);
    }
}

fn died(change: &mut pb::ChangeRecord, died_on: Option<Date>) {
    change.event = Some(Event::Death(pb::Death { died_on }));
}
