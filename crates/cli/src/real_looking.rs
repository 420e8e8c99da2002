//! Numbers that look real: whose they are, and the warning that goes with them.

use clap::Args;
use dancu_population::Nation;
use dancu_server::RegistryMeta;

use crate::output::tell;
use crate::words::Lang;

/// Which numbers the nation that is asked has.
#[derive(Args, Clone, Copy, Debug)]
pub(crate) struct Numbering {
    /// The service's nation was made with personal numbers that look real.
    #[arg(long, env = "DANCU_REAL_LOOKING_NUMBERS")]
    real_looking_numbers: bool,
}

impl Numbering {
    /// The nation with the numbers that it has.
    pub(crate) const fn of(self, nation: &Nation) -> Nation {
        if self.real_looking_numbers {
            nation.with_real_looking_numbers()
        } else {
            *nation
        }
    }
}

/// The nation that a registry holds. One that no generator of ours made is not served.
pub(crate) fn nation_of(meta: &RegistryMeta) -> Nation {
    Nation::made_by(meta.generator, meta.seed, meta.citizens)
        .unwrap_or_else(|| Nation::new(meta.seed, meta.citizens))
}

/// Warns whoever made or serves a nation whose numbers look real.
pub(crate) fn warn_of(meta: &RegistryMeta, lang: Lang) {
    if nation_of(meta).has_real_looking_numbers() {
        tell(lang.of(
            "dancu: CẢNH BÁO: số định danh trông như thật và có thể trùng với số của người đang \
             sống; mọi người ở đây vẫn là hư cấu. Đừng đưa các số này vào hệ thống thật",
            "dancu: WARNING: personal numbers look real, and living people may have them; everybody \
             here is fictional all the same. Keep these numbers out of real systems",
        ));
    }
}
