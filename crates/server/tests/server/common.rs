//! A running service over a small nation, and callers of it.
use std::path::Path;
use std::time::Duration;

use dancu_domain::{
    AgencyCode, Attribute, AttributeSet, BirthDate, Citizen, CivilDate, Claims, IdKey, Place,
};
use dancu_population::{KeyState, Nation, SandboxKey};
use dancu_server::{Config, Running, quietly, start};
use dancu_wire::pb;
use tempfile::TempDir;
use tonic::metadata::{Ascii, MetadataValue};
use tonic::transport::{Channel, Endpoint};

/// A service and its data directory.
pub(crate) struct Service {
    pub(crate) running: Running,
    pub(crate) dir: TempDir,
}

pub(crate) const CITIZENS: u64 = 640;

/// A configuration for tests: any ports, two cores, a small nation.
pub(crate) fn config(dir: &Path) -> Config {
    Config {
        data: dir.to_owned(),
        listen: "127.0.0.1:0".parse().unwrap(),
        ops: Some("127.0.0.1:0".parse().unwrap()),
        citizens: Some(CITIZENS),
        seed: Some(7),
        cores: Some(2),
        ..Config::default()
    }
}

impl Service {
    pub(crate) fn start() -> Self {
        Self::with(|_| {})
    }

    pub(crate) fn with(change: impl FnOnce(&mut Config)) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let mut config = config(dir.path());
        change(&mut config);
        let running = start(config, quietly()).unwrap();
        Self { running, dir }
    }

    pub(crate) fn nation(&self) -> Nation {
        let meta = self.running.meta();
        Nation::new(meta.seed, meta.citizens)
    }

    pub(crate) async fn channel(&self) -> Channel {
        Endpoint::from_shared(format!("http://{}", self.running.grpc_addr()))
            .unwrap()
            .connect_timeout(Duration::from_secs(5))
            .connect()
            .await
            .unwrap()
    }

    /// A key of an agency that may look citizens up.
    pub(crate) fn key(&self, state: KeyState) -> SandboxKey {
        self.nation()
            .sandbox_keys()
            .into_iter()
            .find(|key| key.state == state)
            .unwrap()
    }

    /// A valid key of one agency.
    pub(crate) fn key_of(&self, agency: &str) -> SandboxKey {
        let agency = AgencyCode::parse(agency, "agency").unwrap();
        self.nation()
            .sandbox_keys()
            .into_iter()
            .find(|key| key.agency == agency && key.state == KeyState::Valid)
            .unwrap()
    }
}

pub(crate) fn bearer(key: &SandboxKey) -> MetadataValue<Ascii> {
    format!("Bearer {}", key.key).parse().unwrap()
}

pub(crate) fn request<T>(key: &SandboxKey, message: T) -> tonic::Request<T> {
    let mut request = tonic::Request::new(message);
    request.metadata_mut().insert("authorization", bearer(key));
    request
}

/// The envelope of a clerk's call.
pub(crate) fn context(key: &SandboxKey, id: &str) -> pb::RequestContext {
    pb::RequestContext {
        request_id: id.to_owned(),
        officer: key.officer.clone(),
        procedure: key.procedure.clone(),
        dossier: "000.00.00.H26-231012-0001".to_owned(),
        purpose: pb::Purpose::AdministrativeProcedure.into(),
        unit: String::new(),
    }
}

pub(crate) fn claims(claims: &Claims) -> pb::Claims {
    let number = match claims.key {
        IdKey::Personal(id) => pb::claims::Number::PersonalNumber(id.text()),
        IdKey::Legacy(id) => pb::claims::Number::LegacyNumber(id.text()),
    };
    let (year, month, day) = claims.birth.map_or((0, 0, 0), BirthDate::parts);
    pb::Claims {
        number: Some(number),
        full_name: claims
            .name
            .as_ref()
            .map_or(String::new(), |name| name.text().to_owned()),
        birth_date: Some(pb::Date {
            year: year.into(),
            month: month.into(),
            day: day.into(),
        }),
    }
}

pub(crate) fn item(asked: &Claims) -> pb::LookupItem {
    pb::LookupItem {
        item_id: "one".to_owned(),
        dossier: String::new(),
        claims: Some(claims(asked)),
    }
}

/// The claims that are true of a citizen.
pub(crate) fn claims_of(citizen: &Citizen) -> Claims {
    Claims {
        key: IdKey::Personal(citizen.personal_id),
        name: Some(citizen.name.clone()),
        birth: Some(citizen.birth),
    }
}

/// The envelope of a message without a clerk.
pub(crate) fn in_bulk(id: &str, purpose: pb::Purpose) -> pb::RequestContext {
    pb::RequestContext {
        request_id: id.to_owned(),
        purpose: purpose.into(),
        ..Default::default()
    }
}

/// A change of residence of a source called `tests`.
pub(crate) fn residence_change(
    citizen: &Citizen,
    place: &Place,
    since: CivilDate,
) -> pb::ChangeRecord {
    let mut citizen = citizen.clone();
    citizen.current_residence = place.clone();
    let attributes = AttributeSet::of(&[Attribute::CurrentResidence]);
    let residence = dancu_wire::citizen(&citizen, attributes).current_residence;
    pb::ChangeRecord {
        item_id: String::new(),
        source: "tests".to_owned(),
        record_id: "record-1".to_owned(),
        record_version: 1,
        claims: Some(claims(&claims_of(&citizen))),
        event: Some(pb::change_record::Event::ResidenceChange(
            pb::ResidenceChange {
                residence,
                since: Some(pb::Date {
                    year: since.year().into(),
                    month: since.month().into(),
                    day: since.day().into(),
                }),
            },
        )),
    }
}
