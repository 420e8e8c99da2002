use super::*;
use crate::measure::Figures;
use crate::pace::Arrivals;

#[test]
fn a_schedule_is_measured_to_its_end_also_where_nothing_is_due_there() {
    let nobody = dancu_domain::NationId([0; 16]);
    let server = std::net::SocketAddr::from(([127, 0, 0, 1], 1));
    let nation = dancu_population::Nation::new(1, 640);
    // A minute, of which two seconds are not measured.
    let plan = LoadPlan::new("one".to_owned(), server, nation, nobody);
    let account = |elapsed, sent_until, stopped| {
        let ran = Ran {
            figures: Figures {
                sent_until: Duration::from_secs(sent_until),
                ..Figures::default()
            },
            intervals: Vec::new(),
            elapsed: Duration::from_secs(elapsed),
            cpu: 0.0,
            stopped,
        };
        Account::new(&plan, ran)
    };
    let measured = |elapsed, stopped| account(elapsed, 30, stopped).measured;
    let is = |seconds: f64, wanted: f64| (seconds - wanted).abs() < 1e-9;
    assert!(is(measured(40, false), 58.0));
    assert!(is(measured(70, false), 58.0));
    assert!(is(measured(40, true), 38.0));
    // What was still sent behind its end took that time too, and a late reply alone does not.
    let behind = account(75, 70, false);
    assert!(is(behind.measured, 68.0) && is(behind.overrun, 10.0));
    assert!(is(behind.overrun_share().unwrap(), 10.0 / 58.0));
    let told = behind.warnings.concat();
    assert!(told.contains("left 10 s after its end"), "{told}");
    let in_time = account(75, 60, false);
    assert!(is(in_time.overrun, 0.0) && in_time.warnings.is_empty());
}

#[test]
fn a_calendar_that_was_not_kept_is_told_in_the_run_itself() {
    let nobody = dancu_domain::NationId([0; 16]);
    let server = std::net::SocketAddr::from(([127, 0, 0, 1], 1));
    let nation = dancu_population::Nation::new(1, 640);
    let mut plan = LoadPlan::new("one".to_owned(), server, nation, nobody);
    plan.pace = Pace::Calendar {
        speed: 1e6,
        arrivals: Arrivals::Poisson,
        duration: Duration::from_secs(1),
    };
    let mut figures = Figures::default();
    figures.calls[0].answered = 3;
    figures.lag.note(Duration::from_secs(12));
    let ran = Ran {
        figures,
        intervals: Vec::new(),
        elapsed: Duration::from_secs(20),
        cpu: 0.0,
        stopped: false,
    };
    let account = Account::new(&plan, ran);
    assert!(account.is_open());
    let told = account.warnings.concat();
    assert!(told.contains("the schedule was not kept"), "{told}");
}
