//! How often claims about a number may fail.

use std::collections::BTreeMap;
use std::time::Duration;

use dancu_domain::{AgencyCode, GuessLimits};
use dancu_ledger::{DayLimits, LimitRules};

use super::Config;

/// How often claims about a number may fail, and for how long that is remembered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GuessConfig {
    /// Of one agency; `None` is as often as it likes.
    pub per_agency: Option<u32>,
    /// Of all agencies together; `None` is as often as they like.
    pub per_subject: Option<u32>,
    /// How long a failed match is counted.
    pub window: Duration,
    /// How long to wait after the failed match that used up the limit; each further one doubles it.
    pub first_delay: Duration,
    /// The longest wait.
    pub longest_delay: Duration,
    /// Failed matches that are remembered; beyond it the oldest are forgotten.
    pub remembered: usize,
}

impl Default for GuessConfig {
    fn default() -> Self {
        Self {
            per_agency: None,
            per_subject: None,
            window: Duration::from_hours(24),
            first_delay: Duration::from_mins(1),
            longest_delay: Duration::from_hours(1),
            remembered: 1_000_000,
        }
    }
}

impl Config {
    /// What the ledger limits; nothing, unless it was chosen.
    pub(crate) fn limit_rules(&self) -> LimitRules {
        let guesses = &self.guesses;
        LimitRules {
            days: DayLimits {
                usual: self.quotas.items_per_day,
                agencies: by_agency(&self.quotas.agencies_per_day),
            },
            guesses: Some(GuessLimits {
                per_agency: guesses.per_agency,
                per_subject: guesses.per_subject,
                window: guesses.window,
                first_delay: guesses.first_delay,
                longest_delay: guesses.longest_delay,
            }),
            remembered: guesses.remembered,
            event_days: self.event_days.is_some(),
        }
    }
}

/// Numbers by the codes of agencies, which were checked before.
pub(crate) fn by_agency(numbers: &BTreeMap<String, u32>) -> BTreeMap<AgencyCode, u32> {
    let each = numbers.iter().filter_map(|(code, number)| {
        let code = AgencyCode::parse(code, "agencies").ok()?;
        Some((code, *number))
    });
    each.collect()
}
