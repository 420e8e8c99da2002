//! What no run can have come to: an account that was cut or changed by hand is not read.

use dancu_domain::Verb;

use super::model::Account;

/// The longest time that an account may tell of, in seconds: some thirty years.
const LONGEST: f64 = 1e9;

impl Account {
    /// The field of it that no run can have filled so, where there is one.
    pub(super) fn unsound(&self) -> Option<&'static str> {
        let verbs = self.verbs.iter().map(|share| share.verb.as_str());
        let is_time = |seconds: f64| (0.0..=LONGEST).contains(&seconds);
        [
            ("runs", !self.runs.is_empty()),
            ("verbs", verbs.eq(Verb::ALL.iter().map(|verb| verb.word()))),
            ("elapsed", is_time(self.elapsed)),
            ("measured", is_time(self.measured)),
            ("overrun", is_time(self.overrun)),
            ("cpu", is_time(self.cpu)),
        ]
        .into_iter()
        .find_map(|(field, sound)| (!sound).then_some(field))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_that_was_changed_by_hand_is_not_read() {
        let refused = |change: &dyn Fn(&mut Account)| {
            let mut account = Account::empty();
            change(&mut account);
            let text = serde_json::to_string(&account).unwrap();
            Account::read(&text).err()
        };
        assert_eq!(refused(&|_| {}), None);
        let told = |field| Some(format!("no run can have filled `{field}` so"));
        assert_eq!(refused(&|account| account.elapsed = 1e300), told("elapsed"));
        assert_eq!(
            refused(&|account| account.measured = -1.0),
            told("measured")
        );
        assert_eq!(refused(&|account| account.verbs.truncate(3)), told("verbs"));
        assert_eq!(refused(&|account| account.verbs.reverse()), told("verbs"));
        assert_eq!(refused(&|account| account.runs.clear()), told("runs"));
    }
}
