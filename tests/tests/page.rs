//! The page of `dancu load --html` in a real browser: that it is drawn, says nothing on the
//! console and asks for nothing.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use dancu_load::account::{Account, Threshold};
use dancu_load::measure::Watch;
use dancu_load::pace::{Arrivals, Pace, Schedule};
use dancu_load::run::{LoadPlan, nation_at, run};
use dancu_tests::browser::{draw, open};
use dancu_tests::within::start;
use serde_json::Value;

/// A run of a few seconds and its page.
fn page(folder: &Path) -> (Account, std::path::PathBuf) {
    let service = start(4_096, |_| {});
    let server = service.running.grpc_addr();
    let id = nation_at(server, &service.nation).expect("the service tells its nation");
    let plan = LoadPlan {
        pace: Pace::Open {
            schedule: Schedule::parse("ramp 50 300 3s, hold 300 3s").expect("it is a schedule"),
            arrivals: Arrivals::Poisson,
        },
        warm_up: Duration::ZERO,
        connections: 2,
        in_flight: 8,
        stock: 256,
        patience: Duration::from_secs(10),
        ..LoadPlan::new("page".into(), server, service.nation, id)
    };
    let ran = run(plan.clone(), &Arc::new(Watch::default())).expect("the run can be made");
    let mut account = Account::new(&plan, ran);
    let thresholds = ["p99<1us", "wrong<1"];
    let thresholds = thresholds.map(|t| t.parse::<Threshold>().expect("it is a threshold"));
    account.judge(&thresholds);
    let file = folder.join("page.html");
    std::fs::write(&file, account.html()).expect("the page is written");
    (account, file)
}

/// A script that writes down where things lie, for a copy of the page.
const PROBE: &str = r#"<script>
const box = (e) => { const b = e.getBoundingClientRect(); return [b.left, b.top, b.right, b.bottom]; };
const seen = {
  wide: document.documentElement.scrollWidth <= window.innerWidth,
  cards: [...document.querySelectorAll(".card")].map((e) => [e.innerText, box(e)]),
  plots: [...document.querySelectorAll("svg[id]")].map((svg) => ({
    id: svg.id, box: box(svg),
    lines: [...svg.querySelectorAll("polyline")].map((e) => [e.querySelector("title").textContent, box(e), getComputedStyle(e).stroke, e.points.length]),
    texts: [...svg.querySelectorAll("text")].map((e) => [e.textContent, box(e)]),
  })),
  tables: [...document.querySelectorAll("table")].map((e) => [e.rows.length, box(e)]),
};
const out = document.createElement("pre"); out.id = "seen"; out.textContent = JSON.stringify(seen);
document.body.append(out);
</script>"#;

/// What the probe wrote, at a window of this size.
fn probe(file: &Path, window: (u32, u32)) -> Value {
    let page = std::fs::read_to_string(file).expect("the page is there");
    let copy = file.with_extension("probed.html");
    let probed = page.replace("</body>", &format!("{PROBE}</body>"));
    std::fs::write(&copy, probed).expect("the copy is written");
    let dom = open(&copy, window).dom;
    let (_, rest) = dom.split_once("<pre id=\"seen\">").expect("the probe ran");
    let (seen, _) = rest.split_once("</pre>").expect("the probe wrote");
    let seen = seen
        .replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&amp;", "&");
    serde_json::from_str(&seen).expect("the probe writes JSON")
}

fn sides(value: &Value) -> [f64; 4] {
    let at = |n: usize| value[n].as_f64().expect("a box has four sides");
    [at(0), at(1), at(2), at(3)]
}

fn overlap(a: [f64; 4], b: [f64; 4]) -> bool {
    a[0] < b[2] && b[0] < a[2] && a[1] < b[3] && b[1] < a[3]
}

#[test]
fn the_page_of_a_run_is_drawn_by_a_browser_which_asks_for_nothing_and_complains_of_nothing() {
    let folder = tempfile::tempdir().expect("a folder of one's own");
    let (account, file) = page(folder.path());
    let seen = open(&file, (1100, 900));
    assert!(seen.console.is_empty(), "{:?}", seen.console);
    assert!(seen.requests.is_empty(), "{:?}", seen.requests);
    assert!(seen.dom.contains("a threshold was missed"));

    for window in [(1100, 900), (420, 900)] {
        let seen = probe(&file, window);
        assert_eq!(
            seen["wide"], true,
            "{window:?}: the page is wider than the window"
        );
        let cards = seen["cards"].as_array().expect("cards");
        assert_eq!(cards.len(), 7);
        let text: Vec<&str> = cards.iter().filter_map(|c| c[0].as_str()).collect();
        let failed = account.all.calls.failed.to_string();
        assert!(
            text[4].starts_with(&failed) && text[4].contains("messages failed"),
            "{text:?}"
        );
        let plots = seen["plots"].as_array().expect("plots");
        let ids: Vec<&str> = plots
            .iter()
            .filter_map(|plot| plot["id"].as_str())
            .collect();
        assert_eq!(ids, ["rates", "latencies", "quantiles"]);
        for plot in plots {
            is_drawn(plot);
        }
        let tables = seen["tables"].as_array().expect("tables");
        assert!(
            tables.len() >= 5 && tables.iter().all(|t| t[0].as_u64() > Some(1)),
            "{tables:?}"
        );
    }
    let picture = folder.path().join("page.png");
    draw(&file, (1100, 2600), &picture);
    let bytes = std::fs::read(&picture).expect("the picture is there");
    assert!(
        bytes.starts_with(b"\x89PNG") && bytes.len() > 20_000,
        "{}",
        bytes.len()
    );
}

/// Whether the lines of a plot lie in it and have a colour, and no text lies on another.
fn is_drawn(plot: &Value) {
    let whole = sides(&plot["box"]);
    let lines = plot["lines"].as_array().expect("lines");
    for line in lines {
        let [left, top, right, bottom] = sides(&line[1]);
        let name = line[0].as_str().expect("a line has a name");
        assert!(
            line[3].as_u64() > Some(1) && right - left > 50.0,
            "{}: {line}",
            plot["id"]
        );
        assert!(left >= whole[0] && right <= whole[2], "{name}");
        assert!(top >= whole[1] && bottom <= whole[3], "{name}");
        assert!(
            line[2]
                .as_str()
                .is_some_and(|stroke| stroke.starts_with("rgb")),
            "{line}"
        );
    }
    // What is served rises and falls: its line is no straight one.
    let heights = lines
        .iter()
        .map(|line| sides(&line[1]))
        .map(|b| b[3] - b[1]);
    assert!(heights.fold(0.0, f64::max) > 5.0, "{lines:?}");
    let texts = plot["texts"].as_array().expect("texts");
    assert!(texts.len() > 6, "{texts:?}");
    for (nth, one) in texts.iter().enumerate() {
        for other in &texts[nth + 1..] {
            let apart = !overlap(sides(&one[1]), sides(&other[1]));
            assert!(apart, "{}: {one} lies on {other}", plot["id"]);
        }
    }
}

#[test]
fn a_page_that_complains_or_asks_for_something_is_found_out() {
    let folder = tempfile::tempdir().expect("a folder of one's own");
    let file = folder.path().join("loud.html");
    let page = "<!doctype html><body><script>console.error('loud'); nothing.there();</script>\
                <img src=\"http://127.0.0.1:9/picture.png\"></body>";
    std::fs::write(&file, page).expect("the page is written");
    let seen = open(&file, (600, 400));
    assert!(seen.console.len() >= 2, "{:?}", seen.console);
    assert!(seen.console.iter().any(|line| line.contains("loud")));
    assert_eq!(seen.requests, ["http://127.0.0.1:9/picture.png"]);
}
