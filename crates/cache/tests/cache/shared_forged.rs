//! What is not sealed for its name, or is overtaken, is a miss; and nothing personal is to be seen.

use std::fmt::{Debug, Write as _};
use std::sync::{Arc, Mutex};

use crate::support::kept::{
    ALONE, change_of, get, instance, instance_of, kept_name, names, read, set, versions,
};
use crate::support::over_redis::seal_keys;
use crate::support::redis_server::RedisServer;
use crate::support::{Model, TestClock, change, legacy_key, personal_key};
use dancu_cache::SealKeys;
use dancu_domain::{
    Applied, ChangeFeed, ChangeNotice, ChangeRecord, Freshness, NationId, Reading, Registry,
    RegistryError, Revision, Source,
};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

#[tokio::test]
async fn values_that_are_not_what_they_should_be_are_misses() {
    let _alone = ALONE.lock().await;
    let (model, seal) = (Model::new(TestClock::start(), 1, 0, 6), seal_keys());
    let instance = instance(&model, 0, &seal).await;
    let (name, other) = (
        kept_name(&instance, personal_key(0)).await,
        kept_name(&instance, personal_key(2)).await,
    );
    let absent = kept_name(&instance, personal_key(9)).await;
    let (good, foreign, nobody) = (get(&name), get(&other), get(&absent));
    let mut spoiled: Vec<(&str, Vec<u8>)> = vec![
        ("another's", foreign.clone()),
        ("nobody's", nobody),
        ("empty", Vec::new()),
        ("cut short", good[..good.len() - 1].to_vec()),
        ("cut to its head", good[..37].to_vec()),
        ("longer", [good.clone(), vec![0]].concat()),
        ("a text", b"hello".to_vec()),
        ("another's head", [&foreign[..37], &good[37..]].concat()),
        ("another's content", [&good[..37], &foreign[37..]].concat()),
    ];
    for at in [0, 1, 5, 20, 21, 28, 29, 36, 37, good.len() - 1] {
        let mut edited = good.clone();
        edited[at] ^= 0x40;
        spoiled.push(("edited", edited));
    }
    for (what, value) in spoiled {
        set(&name, &value);
        let since = instance.shared.counters();
        let reading = read(&instance, &[personal_key(0)]).await;
        assert_eq!(versions(&reading), [vec![0]], "{what}");
        assert!(reading.candidates[0].citizens()[0].has(personal_key(0)));
        assert_eq!(reading.source, Source::Registry, "{what}");
        let counts = instance.shared.counters();
        assert_eq!(change_of(counts, since), (0, 0, 1), "{what}");
        instance.filled(since.filled + 1).await;
    }
    let since = instance.shared.counters();
    assert_eq!(
        read(&instance, &[personal_key(0)]).await.source,
        Source::Redis
    );
    assert_eq!(change_of(instance.shared.counters(), since), (1, 0, 0));
    // Something of another kind under the name is no value at all.
    RedisServer::shared().ask::<()>(redis::cmd("DEL").arg(&name));
    RedisServer::shared().ask::<()>(redis::cmd("LPUSH").arg(&name).arg("a list"));
    assert_eq!(
        versions(&read(&instance, &[personal_key(0)]).await),
        [vec![0]]
    );
}

#[tokio::test]
async fn a_value_put_back_after_a_change_is_a_miss() {
    let _alone = ALONE.lock().await;
    let (model, seal) = (Model::new(TestClock::start(), 1, 0, 6), seal_keys());
    let instance = instance(&model, 0, &seal).await;
    let name = kept_name(&instance, personal_key(0)).await;
    let absent = kept_name(&instance, personal_key(9)).await;
    let (old, nobody) = (get(&name), get(&absent));
    instance
        .shared
        .apply(vec![change(0), change(9)])
        .await
        .unwrap();
    for _ in 0..3 {
        set(&name, &old);
        set(&absent, &nobody);
        let since = instance.shared.counters();
        let reading = read(&instance, &[personal_key(0), personal_key(9)]).await;
        assert_eq!(versions(&reading), [vec![1], vec![0]]);
        assert_eq!(change_of(instance.shared.counters(), since), (0, 2, 0));
    }
}

#[tokio::test]
async fn values_of_another_nation_and_of_a_retired_key_are_misses() {
    let _alone = ALONE.lock().await;
    let (model, seal) = (Model::new(TestClock::start(), 1, 0, 6), seal_keys());
    let here = instance(&model, 0, &seal).await;
    let name = kept_name(&here, personal_key(0)).await;
    let sealed = get(&name);
    let retired = SealKeys {
        current: [9; 32],
        ..seal.clone()
    };
    let later = instance(&model, 0, &retired).await;
    assert_eq!(
        read(&later, &[personal_key(0)]).await.source,
        Source::Registry
    );
    assert_eq!(later.shared.counters().forged, 1);
    // What is sealed under the new key is read by whoever names it, and the other way round.
    later.filled(1).await;
    let both = SealKeys {
        previous: vec![[9; 32]],
        ..seal.clone()
    };
    let both = instance(&model, 0, &both).await;
    assert_eq!(read(&both, &[personal_key(0)]).await.source, Source::Redis);
    read(&both, &[personal_key(2)]).await;
    both.filled(1).await;
    assert_eq!(read(&here, &[personal_key(2)]).await.source, Source::Redis);

    let elsewhere = Arc::new(Abroad(model.clone()));
    let nation = Abroad::NATION;
    let abroad = instance_of(&elsewhere, nation, 0, &seal).await;
    let before = names();
    let token = Freshness::AtLeast(Revision { nation, number: 0 });
    let key = [personal_key(0)];
    let ask = || abroad.shared.read(&key, token);
    assert_eq!(ask().await.unwrap().source, Source::Registry);
    assert_eq!(
        abroad.shared.counters().misses,
        1,
        "it has names of its own"
    );
    abroad.filled(1).await;
    let own = names().into_iter().find(|name| !before.contains(name));
    set(&own.unwrap(), &sealed);
    assert_eq!(ask().await.unwrap().source, Source::Registry);
    assert_eq!(abroad.shared.counters().forged, 1);
}

#[tokio::test]
async fn nothing_personal_is_in_redis_in_clear() {
    let _alone = ALONE.lock().await;
    RedisServer::shared().flush();
    let (model, seal) = (Model::new(TestClock::start(), 1, 0, 40), seal_keys());
    let instance = instance(&model, 0, &seal).await;
    let keys: Vec<_> = (0..40)
        .flat_map(|i| [personal_key(i), legacy_key(i)])
        .collect();
    read(&instance, &keys).await;
    instance.filled(80).await;
    let mut seen = Vec::new();
    for name in names() {
        seen.extend(get(&name));
        seen.extend(name);
    }
    assert!(seen.len() > 5_000);
    let mut planted: Vec<Vec<u8>> = (0..40)
        .flat_map(|i| {
            [
                crate::support::person(i).text(),
                crate::support::legacy(i).text(),
            ]
        })
        .map(String::into_bytes)
        .collect();
    planted.push("Nguyễn".into());
    for planted in planted {
        assert!(!seen.windows(planted.len()).any(|part| part == planted));
    }
}

/// The same people in another nation.
struct Abroad(Arc<Model>);

impl Abroad {
    const NATION: NationId = NationId([8; 16]);

    fn here(number: u64) -> Revision {
        Revision {
            nation: Self::NATION,
            number,
        }
    }
}

impl Registry for Abroad {
    async fn read(
        &self,
        keys: &[dancu_domain::IdKey],
        _: Freshness,
    ) -> Result<Reading, RegistryError> {
        let reading = self.0.read(keys, Freshness::FullyConsistent).await?;
        Ok(Reading {
            revision: Self::here(reading.revision.number),
            ..reading
        })
    }

    async fn apply(&self, _: Vec<ChangeRecord>) -> Result<Applied, RegistryError> {
        Err(RegistryError::Unavailable)
    }
}

impl ChangeFeed for Abroad {
    async fn head(&self) -> Result<Revision, RegistryError> {
        Ok(Self::here(self.0.head_now()))
    }

    async fn changes(&self, after: u64, limit: usize) -> Result<Vec<ChangeNotice>, RegistryError> {
        self.0.changes(after, limit).await
    }
}

/// Everything that is logged, at every level.
#[derive(Clone, Default)]
struct Heard(Arc<Mutex<String>>);

impl Subscriber for Heard {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, attributes: &Attributes<'_>) -> Id {
        attributes.record(&mut self.clone());
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, record: &Record<'_>) {
        record.record(&mut self.clone());
    }

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let level = event.metadata().level().as_str();
        self.clone().record_debug_text("level", level);
        event.record(&mut self.clone());
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

impl Heard {
    fn record_debug_text(&mut self, name: &str, value: &str) {
        let mut heard = self.0.lock().expect("nobody panics while listening");
        writeln!(heard, "{name}={value}").expect("a string takes every write");
    }
}

impl Visit for Heard {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.record_debug_text(field.name(), &format!("{value:?}"));
    }
}

#[tokio::test]
async fn a_forged_value_is_alarmed_and_names_nobody() {
    let _alone = ALONE.lock().await;
    let (model, seal) = (Model::new(TestClock::start(), 1, 0, 6), seal_keys());
    let instance = instance(&model, 0, &seal).await;
    let mut spoiled = Vec::new();
    for index in 0..6 {
        spoiled.push(kept_name(&instance, personal_key(index)).await);
    }
    for (name, other) in spoiled.iter().zip(spoiled.iter().rev()) {
        set(name, &[get(other), vec![0]].concat());
    }
    let heard = Heard::default();
    let listening = tracing::subscriber::set_default(heard.clone());
    let keys: Vec<_> = (0..6).map(personal_key).collect();
    read(&instance, &keys).await;
    drop(listening);
    assert_eq!(instance.shared.counters().forged, 6);
    let heard = heard.0.lock().unwrap().clone();
    assert!(heard.contains("level=ERROR"), "{heard}");
    assert!(heard.contains("values=6"), "{heard}");
    assert!(heard.contains("not sealed for their names"), "{heard}");
    for index in 0..6 {
        for planted in [
            crate::support::person(index).text(),
            crate::support::legacy(index).text(),
        ] {
            assert!(
                !heard.contains(&planted) && !heard.contains("Nguyễn"),
                "{heard}"
            );
        }
    }
}
