//! A running service, and with whose key it is asked.

use std::time::Duration;

use clap::Args;
use dancu_domain::AgencyCode;
use dancu_load::told::Told;
use dancu_population::{KeyState, Nation, SandboxKey};
use tonic::metadata::AsciiMetadataValue;
use tonic::transport::{Channel, Endpoint};
use tonic::{Code, Request, Status};

use crate::exit::Failure;
use crate::words::Lang;

/// Which service, and as whom.
#[derive(Args, Clone, Debug)]
pub(crate) struct Reach {
    /// The service's address.
    #[arg(long, env = "DANCU_SERVER", default_value = "http://127.0.0.1:50051")]
    pub(crate) server: String,
    /// The bearer key. Left out, it is the agency's sandbox key.
    #[arg(long, env = "DANCU_KEY", hide_env_values = true)]
    key: Option<String>,
    /// The agency whose sandbox key is used; see `dancu agencies`.
    #[arg(long, env = "DANCU_AGENCY", default_value = "H26")]
    pub(crate) agency: String,
    /// The nation's seed, from which sandbox keys are derived.
    #[arg(long, env = "DANCU_SEED", default_value_t = dancu_server::DEFAULT_SEED)]
    seed: u64,
    /// Use the agency's key that is told the true reason of a NO_MATCH.
    #[arg(long)]
    debug: bool,
    /// How many seconds an answer may take.
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=300))]
    timeout: u64,
}

impl Reach {
    /// The sandbox key of the agency, with an officer and a procedure that may ask.
    pub(crate) fn sandbox_key(&self, lang: Lang) -> Result<SandboxKey, Failure> {
        let agency = AgencyCode::parse(&self.agency, "agency").map_err(|_| {
            let words = lang.of("không phải mã cơ quan", "is no code of an agency");
            Failure::Usage(format!("--agency {words}"))
        })?;
        let state = if self.debug {
            KeyState::Debug
        } else {
            KeyState::Valid
        };
        let keys = Nation::new(self.seed, 1).sandbox_keys();
        let found = keys
            .into_iter()
            .find(|key| key.agency == agency && key.state == state);
        found.ok_or_else(|| {
            Failure::Usage(match lang {
                Lang::Vi => format!(
                    "cơ quan {agency} không có khóa thử nghiệm như vậy; xem `dancu agencies`"
                ),
                Lang::En => {
                    format!("agency {agency} has no such sandbox key; see `dancu agencies`")
                }
            })
        })
    }

    /// Connects. An address without a scheme is taken as one of plain HTTP.
    pub(crate) async fn connect(&self, lang: Lang) -> Result<Channel, Failure> {
        let doing = format!("{} {}", lang.of("kết nối tới", "reach"), self.server);
        let address = if self.server.contains("://") {
            self.server.clone()
        } else {
            format!("http://{}", self.server)
        };
        let no_address = || {
            let words = lang.of("không phải địa chỉ dịch vụ", "is no address of a service");
            Failure::Usage(format!("--server {words}"))
        };
        let endpoint = Endpoint::from_shared(address).map_err(|_| no_address())?;
        let uri = endpoint.uri();
        if uri.scheme_str() != Some("http") || uri.host().is_none_or(str::is_empty) {
            return Err(no_address());
        }
        endpoint
            .connect_timeout(Duration::from_secs(5))
            .connect()
            .await
            .map_err(|error| Failure::unable(&doing, &error, lang))
    }

    /// A request with key, deadline and language.
    pub(crate) fn request<T>(&self, body: T, lang: Lang) -> Result<Request<T>, Failure> {
        let key = match &self.key {
            Some(key) => key.clone(),
            None => self.sandbox_key(lang)?.key,
        };
        let mut request = Request::new(body);
        request.set_timeout(Duration::from_secs(self.timeout));
        sign(&mut request, &key, lang)?;
        Ok(request)
    }
}

/// Puts a key and a language on a request.
pub(crate) fn sign<T>(request: &mut Request<T>, key: &str, lang: Lang) -> Result<(), Failure> {
    let bearer = AsciiMetadataValue::try_from(format!("Bearer {key}")).map_err(|_| {
        let words = lang.of(
            "khóa có ký tự không thuộc về khóa nào",
            "the key holds characters that no key holds",
        );
        Failure::Usage(words.to_owned())
    })?;
    let language = AsciiMetadataValue::from_static(lang.tag());
    let metadata = request.metadata_mut();
    metadata.insert("authorization", bearer);
    metadata.insert("accept-language", language);
    Ok(())
}

/// Runs a future on a runtime of its own.
pub(crate) fn run<T>(
    lang: Lang,
    work: impl Future<Output = Result<T, Failure>>,
) -> Result<T, Failure> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| {
            let doing = lang.of("khởi động bộ chạy", "start a runtime");
            Failure::unable(doing, &error, lang)
        })?
        .block_on(work)
}

/// What a failed call tells whoever sits at the terminal: malformed is a fault of the command
/// line, refused is refused, everything else could not be had.
pub(crate) fn told(status: &Status, lang: Lang) -> Failure {
    let text = sentence(&Told::of(status), status.message(), lang);
    match status.code() {
        Code::InvalidArgument | Code::FailedPrecondition | Code::AlreadyExists => {
            Failure::Usage(text)
        }
        Code::PermissionDenied | Code::Unauthenticated => Failure::Refused(text),
        _ => Failure::Unable {
            doing: lang.of("nhận câu trả lời", "get an answer").to_owned(),
            cause: Some(text),
        },
    }
}

/// Reason, message and fields of a failure, in the language asked for.
fn sentence(told: &Told, otherwise: &str, lang: Lang) -> String {
    let Some(reason) = told.reason else {
        return otherwise.to_owned();
    };
    let words = match lang {
        Lang::Vi => dancu_wire::Lang::Vi,
        Lang::En => dancu_wire::Lang::En,
    };
    let mut text = format!("{}: {}", reason.word(), dancu_wire::text(reason, words));
    // Where it is a matter of more than moments, it is worth knowing of how much.
    if let Some(wait) = told.wait.filter(|wait| wait.as_secs() > 1) {
        text.push_str(lang.of(" Thời gian chờ: ", " The delay: "));
        text.push_str(&wait.as_secs().to_string());
        text.push_str(lang.of(" giây.", " s."));
    }
    for (field, reason) in &told.fields {
        text.push_str("\n  ");
        text.push_str(field);
        text.push_str(": ");
        text.push_str(reason.word());
    }
    text
}
