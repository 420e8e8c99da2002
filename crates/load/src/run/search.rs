//! The highest rate at which everything that was asked of a run still holds.

/// What a search found.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Found {
    /// The highest rate that held, where one did.
    pub best: Option<f64>,
    /// The lowest rate that did not, where one was met.
    pub worst: Option<f64>,
    /// Every rate tried, in order, and whether it held.
    pub tried: Vec<(f64, bool)>,
    /// Whether it was ended before it was through.
    pub ended: bool,
}

/// Doubles the rate from `start` until it does not hold any more or `most` is reached, and then
/// halves the gap so many times. `probe` runs at a rate and tells whether everything held, or `None`
/// where the search is to end with what it has found.
pub fn highest<E>(
    start: f64,
    most: f64,
    halvings: u32,
    mut probe: impl FnMut(f64) -> Result<Option<bool>, E>,
) -> Result<Found, E> {
    let mut found = Found::default();
    let mut try_at = |rate: f64, found: &mut Found| -> Result<bool, E> {
        let Some(held) = probe(rate)? else {
            found.ended = true;
            return Ok(false);
        };
        found.tried.push((rate, held));
        if held {
            found.best = Some(found.best.map_or(rate, |best| best.max(rate)));
        } else {
            found.worst = Some(found.worst.map_or(rate, |worst| worst.min(rate)));
        }
        Ok(held)
    };
    let mut rate = start.min(most);
    while try_at(rate, &mut found)? && rate < most {
        rate = (2.0 * rate).min(most);
    }
    for _ in 0..halvings {
        let (low, Some(high)) = (found.best.unwrap_or(0.0), found.worst) else {
            break;
        };
        if found.ended || high - low < 0.01 * high {
            break;
        }
        try_at(f64::midpoint(low, high), &mut found)?;
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn search(limit: f64) -> Found {
        highest::<()>(1000.0, 1e6, 8, |rate| Ok(Some(rate <= limit))).unwrap()
    }

    #[test]
    fn the_limit_is_found_to_within_a_per_cent() {
        for limit in [1_500.0, 7_777.0, 123_456.0] {
            let found = search(limit);
            let best = found.best.unwrap();
            assert!(best <= limit && best > 0.985 * limit, "{limit}: {best}");
        }
    }

    #[test]
    fn a_limit_below_the_start_is_found_too_and_one_beyond_the_most_is_the_most() {
        let best = search(300.0).best.unwrap();
        assert!(best <= 300.0 && best > 280.0, "{best}");
        assert_eq!(search(1e9).best, Some(1e6));
        assert_eq!(search(-1.0).best, None);
        assert_eq!(search(-1.0).tried.len(), 9);
    }

    #[test]
    fn a_search_that_is_ended_keeps_what_it_has_found() {
        for after in 0..8 {
            let mut left = after;
            let found = highest::<()>(1000.0, 1e6, 8, |rate| {
                left -= 1;
                Ok((left >= 0).then_some(rate <= 3_000.0))
            });
            let found = found.unwrap();
            assert!(found.ended && found.tried.len() == after as usize);
            let best = found.tried.iter().filter(|(_, held)| *held);
            let best = best.map(|(rate, _)| *rate).reduce(f64::max);
            assert_eq!(found.best, best);
        }
        assert!(!search(3_000.0).ended);
    }
}
