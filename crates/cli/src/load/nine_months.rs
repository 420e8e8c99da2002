//! The profile of the nine months: sent, and held against the service's counters to the unit.

use std::sync::Arc;
use std::time::Duration;

use dancu_load::account::{Account, Held};
use dancu_load::pace::Pace;
use dancu_load::profile::{
    Apart, Counted, Scale, can_name, nine_months_at, nine_months_days, nine_months_shares,
};
use dancu_load::run::{LoadPlan, nine_months, told_at, volumes};
use serde_json::{Value, json};

use super::{Load, failure};
use crate::exit::Failure;
use crate::output::{Form, Table, print};
use crate::words::Lang;

/// Reads how many times as fast as the wall clock event time runs.
pub(super) fn speed(text: &str) -> Result<f64, &'static str> {
    let speed: Option<f64> = text.parse().ok();
    speed
        .filter(|speed| (0.1..=100_000_000.0).contains(speed))
        .ok_or("write a number from 0.1 to 100,000,000")
}

/// What the nine months came to, on both sides.
struct Outcome {
    scale: Scale,
    /// Items of each verb that there had to be.
    wanted: [u64; 4],
    /// Those that were answered.
    answered: Vec<u64>,
    /// Whether messages carried their day.
    simulated: bool,
    /// How many days were counted under, and held against each other.
    days: usize,
    /// Items whose answers did not come, but whose entries may be written.
    in_doubt: u64,
    /// Where the two sides differ.
    apart: Vec<Apart>,
}

impl Load {
    /// The nine months, and whether both sides counted the same.
    pub(super) fn nine_months(
        &self,
        plan: LoadPlan,
        earlier: Option<&Account>,
        form: Form,
        lang: Lang,
    ) -> Result<(), Failure> {
        if plan.verified < 1000 {
            return Err(Failure::Usage(
                "--profile needs --verify 1: outcomes that nobody read cannot be compared"
                    .to_owned(),
            ));
        }
        let told = told_at(plan.server, &plan.nation).map_err(|error| failure(&error, lang))?;
        let simulated = told.event_days.is_some_and(can_name);
        let plan = self.planned(plan, simulated);
        let before = counted(&plan, lang)?;
        let scale = self.scale;
        let mut account = self.show(plan.clone(), &Arc::default(), lang, move |plan, watch| {
            nine_months(plan, scale, watch)
        })?;
        let after = counted(&plan, lang);
        account.judge(&self.threshold);
        account.beside(earlier);
        let compared = self.files.compared(&account, earlier);
        let after = match after {
            Ok(after) => after,
            Err(failure) => {
                // What was measured is told although it cannot be held against anything.
                super::show_account(&account, &compared, None, form, lang)?;
                self.files.write(&account, None, lang)?;
                return Err(failure);
            }
        };
        let outcome = Outcome {
            scale,
            wanted: scale.items(),
            answered: account.verbs.iter().map(|s| s.items.answered).collect(),
            simulated,
            days: days(&account),
            in_doubt: account.all.items.in_doubt,
            apart: after.apart(&before, &account),
        };
        let agree = "the service's counters agree to the unit";
        let differences = outcome.apart.len() as u64;
        account.thresholds.push(Held::condition(agree, differences));
        let profile = outcome.object();
        let more = Some(("profile", &profile));
        super::show_account(&account, &compared, more, form, lang)?;
        if matches!(form, Form::Table) {
            print(&outcome.text(lang));
        }
        self.files.write(&account, more, lang)?;
        if account.is_good() && outcome.adds_up() {
            Ok(())
        } else {
            Err(Failure::Wrong)
        }
    }

    fn planned(&self, plan: LoadPlan, simulated: bool) -> LoadPlan {
        let pace = match self.speed {
            Some(speed) => Pace::Calendar {
                speed,
                arrivals: self.wanted.arrivals(),
                duration: nine_months_at(speed),
            },
            None => Pace::Closed {
                duration: Duration::from_hours(24 * 365),
            },
        };
        LoadPlan {
            pace,
            warm_up: Duration::ZERO,
            shares: self.wanted.shares(nine_months_shares()),
            simulated_days: simulated,
            goal: Some(self.scale.items().iter().sum()),
            ..plan
        }
    }
}

/// What the service has counted, by day where days are simulated.
fn counted(plan: &LoadPlan, lang: Lang) -> Result<Counted, Failure> {
    let rows = volumes(plan.server, &plan.nation, None).map_err(|error| failure(&error, lang))?;
    let mut counted = Counted::default();
    counted
        .add(&rows, plan.simulated_days)
        .ok_or_else(|| Failure::just(lang.of("đọc số đếm", "read the counters")))?;
    Ok(counted)
}

/// How many days the run read answers under.
fn days(account: &Account) -> usize {
    let mut days: Vec<&String> = account
        .volumes
        .iter()
        .filter_map(|v| v.day.as_ref())
        .collect();
    days.sort_unstable();
    days.dedup();
    days.len()
}

impl Outcome {
    /// Lookups and authentications, and syncs: what there had to be and what was answered.
    fn sums(&self) -> [(u64, u64); 2] {
        let sum = |list: &[u64]| list.iter().sum::<u64>();
        [0..2, 2..4].map(|verbs| (sum(&self.wanted[verbs.clone()]), sum(&self.answered[verbs])))
    }

    /// Whether both sums are what they had to be and both sides counted the same.
    fn adds_up(&self) -> bool {
        self.apart.is_empty() && self.sums().iter().all(|(wanted, got)| wanted == got)
    }

    fn object(&self) -> Value {
        let [reads, syncs] = self.sums();
        json!({
            "name": "nine-months",
            "scale": self.scale.to_string(),
            "days_simulated": self.simulated,
            "days": self.days,
            "lookups_and_authentications": { "wanted": reads.0, "answered": reads.1 },
            "syncs": { "wanted": syncs.0, "answered": syncs.1 },
            "adds_up": self.adds_up(),
            "apart": self.apart.iter().map(ToString::to_string).collect::<Vec<_>>(),
        })
    }

    fn text(&self, lang: Lang) -> String {
        let numbers = lang.numbers();
        let mut table = Table::new(
            &[0],
            &[
                "",
                lang.of("theo kế hoạch", "wanted"),
                lang.of("trả lời", "answered"),
            ],
        );
        let names = [
            lang.of("tra cứu, xác thực", "lookups and authentications"),
            lang.of("đồng bộ", "syncs"),
        ];
        for (name, (wanted, answered)) in names.iter().zip(self.sums()) {
            table.row([
                (*name).to_owned(),
                numbers.whole(wanted),
                numbers.whole(answered),
            ]);
        }
        let mut text = format!("\n{}\n", table.text());
        text.push_str(&self.told_of_days(lang));
        if self.apart.is_empty() {
            text.push_str(if self.simulated {
                lang.of(
                    "số đếm của dịch vụ khớp từng đơn vị, theo cơ quan, thao tác, kết quả và ngày\n",
                    "the service's counters agree to the unit, by agency, verb, outcome and day\n",
                )
            } else {
                lang.of(
                    "số đếm của dịch vụ khớp từng đơn vị, theo cơ quan, thao tác và kết quả\n",
                    "the service's counters agree to the unit, by agency, verb and outcome\n",
                )
            });
        }
        for one in self.apart.iter().take(20) {
            let words = lang.of("không khớp", "apart");
            text.extend([format!("{words}: {one}\n")]);
        }
        if self.apart.len() > 20 {
            let more = numbers.whole(self.apart.len() as u64 - 20);
            text.extend([match lang {
                Lang::Vi => format!("và {more} chỗ nữa\n"),
                Lang::En => format!("and {more} more\n"),
            }]);
        }
        text.push_str(&self.told_of_doubt(lang));
        text
    }

    /// Whether the items in doubt are what the two sides differ by: of a service that was killed the
    /// last answers are lost, and their entries may stand.
    fn told_of_doubt(&self, lang: Lang) -> String {
        let more = self.apart.iter().try_fold(0_u64, |sum, one| {
            Some(sum + one.counted.checked_sub(one.read)?)
        });
        let doubt = self.in_doubt;
        match (more, lang) {
            (Some(more), Lang::En) if more > 0 && more <= doubt => format!(
                "the counters have {more} items more than were read, and {doubt} are in doubt: their \
                 answers were lost, which may be all of it\n"
            ),
            (Some(more), Lang::Vi) if more > 0 && more <= doubt => format!(
                "số đếm nhiều hơn số đã đọc {more} mục, và {doubt} mục còn nghi vấn: mất trả lời, \
                 có thể vì vậy mà khác\n"
            ),
            _ => String::new(),
        }
    }

    fn told_of_days(&self, lang: Lang) -> String {
        let (first, last) = nine_months_days();
        let date = |day: dancu_domain::Day| day.date().map(|d| d.to_string()).unwrap_or_default();
        let (first, last) = (date(first), date(last));
        let days = self.days;
        match (self.simulated, lang) {
            (true, Lang::En) => {
                format!("days were simulated: counted under {days} days, {first} to {last}\n")
            }
            (true, Lang::Vi) => {
                format!("có mô phỏng ngày: tính vào {days} ngày, từ {first} đến {last}\n")
            }
            (false, Lang::En) => format!(
                "days were NOT simulated: the service does not let callers name these days, so \
                 all of it was counted today (event_days = \"{first}..{last}\" would)\n"
            ),
            (false, Lang::Vi) => format!(
                "KHÔNG mô phỏng ngày: dịch vụ không cho người gọi nêu các ngày này nên tất cả tính \
                 vào hôm nay (cần event_days = \"{first}..{last}\")\n"
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What was counted and what was read of it, with so many items in doubt.
    fn told(sides: &[(u64, u64)], in_doubt: u64) -> String {
        let key = ["G01", "LOOKUP", "FOUND"].map(str::to_owned);
        let apart = sides.iter().map(|(counted, read)| Apart {
            key: (key[0].clone(), key[1].clone(), key[2].clone(), None),
            counted: *counted,
            read: *read,
        });
        let outcome = Outcome {
            scale: "1:1000".parse().unwrap(),
            wanted: [9; 4],
            answered: vec![9; 4],
            simulated: true,
            days: 273,
            in_doubt,
            apart: apart.collect(),
        };
        assert!(outcome.adds_up() == sides.is_empty());
        outcome.text(Lang::En)
    }

    #[test]
    fn items_in_doubt_are_named_only_where_they_may_be_all_of_what_the_counters_have_more() {
        let named = |text: &str| text.contains("which may be all of it");
        let text = told(&[(12, 10), (5, 2)], 5);
        assert!(named(&text) && text.contains("5 items more"), "{text}");
        // More than are in doubt; one was answered and not counted; none was in doubt; none is apart.
        assert!(!named(&told(&[(12, 10), (5, 2)], 4)));
        assert!(!named(&told(&[(12, 10), (2, 5)], 9)));
        assert!(!named(&told(&[(12, 10)], 0)));
        let agree = told(&[], 7);
        assert!(
            !named(&agree) && agree.contains("agree to the unit"),
            "{agree}"
        );
    }
}
