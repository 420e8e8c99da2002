//! What a call hears for which there is no room: written once, because it is said most often when
//! there is least time for it.

use std::time::Duration;

use dancu_domain::{Failure, Reason};
use dancu_wire::errors::{Lang, status};
use http::HeaderMap;
use tonic::Code;

use super::finish::Ending;

/// How such a call ends.
pub(crate) const FULL: Ending = Ending {
    code: Code::ResourceExhausted,
    reason: Some(Reason::Overloaded),
};

/// The headers that say so, in each language.
#[derive(Clone, Debug)]
pub(crate) struct Full {
    vi: HeaderMap,
    en: HeaderMap,
}

impl Full {
    /// With what a caller is told to wait.
    pub(crate) fn new(retry: Duration) -> Self {
        let headers = |lang| {
            let failure = Failure::new(Reason::Overloaded);
            let response = status(&failure, lang, Some(retry)).into_http::<()>();
            response.into_parts().0.headers
        };
        Self {
            vi: headers(Lang::Vi),
            en: headers(Lang::En),
        }
    }

    /// The headers in a language.
    pub(crate) fn headers(&self, lang: Lang) -> HeaderMap {
        match lang {
            Lang::Vi => self.vi.clone(),
            Lang::En => self.en.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::finish::finish;
    use super::*;

    #[test]
    fn what_is_said_is_complete_in_both_languages() {
        let retry = Duration::from_millis(250);
        let full = Full::new(retry);
        for lang in [Lang::Vi, Lang::En] {
            let said = full.headers(lang);
            let mut finished = said.clone();
            // Nothing is left to be added or told in another language.
            assert_eq!(finish(&mut finished, lang, retry), Some(FULL));
            assert_eq!(finished, said);
        }
        assert_ne!(full.headers(Lang::Vi), full.headers(Lang::En));
    }
}
