//! Nobody asks anything, and the ledger's database goes away: that is seen all the same, calls are
//! turned away at once, and when it is back everything goes on by itself.

use std::net::SocketAddr;
use std::time::Duration;

use dancu_ledger::BlockStore as _;
use dancu_population::{Nation, SandboxKey};
use dancu_tests::callers::{key, signed};
use dancu_tests::country::instance::How;
use dancu_tests::country::signals::within;
use dancu_tests::country::{Country, Plan};
use dancu_tests::proxy::Mode;
use dancu_tests::scene::PATIENCE;
use dancu_tests::{ledger, messages};
use dancu_wire::pb::dancu::v1 as pb;
use pb::lookup_service_client::LookupServiceClient;
use pb::sync_service_client::SyncServiceClient;
use tokio::runtime::Runtime;
use tonic::transport::{Channel, Endpoint};
use tonic::{Code, Status};

/// How long nobody asks anything.
const QUIET: Duration = Duration::from_secs(3);
/// Within this an idle instance sees that its ledger is away.
const SOON: Duration = Duration::from_secs(4);
/// Nobody waits longer than this for being turned away.
const AT_ONCE: Duration = Duration::from_millis(700);

/// Somebody who asks one thing at a time.
struct Asking {
    runtime: Runtime,
    channel: Channel,
    nation: Nation,
    clerk: SandboxKey,
    police: SandboxKey,
}

impl Asking {
    fn of(address: SocketAddr, nation: &Nation) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .expect("a runtime can be built");
        let endpoint = Endpoint::from_shared(format!("http://{address}"));
        let channel = {
            let _inside = runtime.enter();
            endpoint.expect("an address makes a URI").connect_lazy()
        };
        Self {
            runtime,
            channel,
            nation: *nation,
            clerk: key(nation, "H26"),
            police: key(nation, "G01"),
        }
    }

    fn look_up(&self, id: &str, time: Duration) -> Result<(), Status> {
        let request = messages::lookup(&self.nation, 3, id, &self.clerk);
        let mut service = LookupServiceClient::new(self.channel.clone());
        let call = service.lookup_citizen(signed(&self.clerk, request));
        let call = async { tokio::time::timeout(time, call).await };
        let told = self.runtime.block_on(call);
        told.expect("a lookup is answered in time").map(drop)
    }

    fn push(&self, id: &str, time: Duration) -> Result<(), Status> {
        let request = messages::push(&self.nation, 5, id, &self.police);
        let mut service = SyncServiceClient::new(self.channel.clone());
        let call = service.push_changes(signed(&self.police, request));
        let call = async { tokio::time::timeout(time, call).await };
        let told = self.runtime.block_on(call);
        told.expect("a push is answered in time").map(drop)
    }
}

fn entries(country: &Country) -> u64 {
    ledger::with_postgres(&country.ledger, async |store| {
        let heads = store.heads().await.expect("the ledger can be read");
        heads.iter().map(|head| head.next).sum()
    })
}

#[test]
fn a_ledger_that_goes_away_while_nobody_asks_is_seen_and_comes_back() {
    let mut country = Country::raise(&Plan::default());
    let asking = Asking::of(country.instances[0].address(), &country.nation);
    asking.look_up("first", PATIENCE).expect("it serves");
    let mut answered = 1;
    for mode in [Mode::Cut, Mode::Reset, Mode::Stall] {
        std::thread::sleep(QUIET);
        let instance = &country.instances[0];
        assert!(instance.serves(), "{}", instance.log());
        assert_eq!(entries(&country), answered, "nobody asked anything");
        instance.ledger.both(mode);
        let seen = within(SOON, || instance.says("ledger: not ok"));
        assert!(seen, "{mode:?}: {}", instance.readiness());
        instance.until_told("ledger", How::Away, PATIENCE);
        for turned_away in [
            asking.look_up(&format!("away-{mode:?}"), AT_ONCE),
            asking.push(&format!("away-push-{mode:?}"), AT_ONCE),
        ] {
            let code = turned_away.expect_err("it is away").code();
            assert_eq!(code, Code::Unavailable, "{mode:?}");
        }
        instance.ledger.heal();
        instance.until_serves(PATIENCE);
        let id = format!("back-{mode:?}");
        asking.look_up(&id, PATIENCE).expect("it is back");
        answered += 1;
    }
    assert_eq!(entries(&country), answered, "to ask the store is no entry");
    let instance = &mut country.instances[0];
    assert_eq!(instance.times_logged("ledger", How::Away), 3);
    assert!(instance.terminate().success(), "{}", instance.log());
    let instance = &country.instances[0];
    let audited = instance.audit(&country.ledger);
    audited.expect("the audit finds nothing");
}
