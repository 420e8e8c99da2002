//! Why something failed, down to the first cause, in either language. What a driver or the system
//! says that nobody here knows stays in its own words.

use std::error::Error;
use std::io::ErrorKind;

use dancu_ledger::audit::AuditError;
use dancu_ledger::{BlockStoreError, OpenError};
use dancu_load::DriveError;
use dancu_server::StartError;
use dancu_server::audit::LookError;

use crate::words::Lang;

/// An error with its causes, each once.
pub(crate) fn chain(error: &(dyn Error + 'static), lang: Lang) -> String {
    let mut text = String::new();
    let mut next = Some(error);
    while let Some(error) = next {
        // A transport names itself before it names the fault: only the fault tells anything.
        next = error.source();
        if next.is_some() && wrapper(error) {
            continue;
        }
        let words = match lang {
            Lang::Vi => vietnamese(error).unwrap_or_else(|| error.to_string()),
            Lang::En => english(error),
        };
        if !text.contains(&words) {
            if !text.is_empty() {
                text.push_str(": ");
            }
            text.push_str(&words);
        }
    }
    text
}

/// Whether an error says nothing but that it holds another one.
fn wrapper(error: &(dyn Error + 'static)) -> bool {
    let words = error.to_string();
    error.is::<tonic::transport::Error>()
        || words == "tcp connect error"
        || words.starts_with("client error (")
}

/// What an error says, and which command line helps.
fn english(error: &(dyn Error + 'static)) -> String {
    match error.downcast_ref::<OpenError>() {
        Some(missing @ (OpenError::CheckpointsMissing { .. } | OpenError::KeysUnproven)) => {
            format!("{missing} (--new-checkpoints)")
        }
        Some(edited @ (OpenError::Edited { .. } | OpenError::Behind { .. })) => {
            format!("{edited}; see `dancu audit verify`")
        }
        _ => error.to_string(),
    }
}

fn vietnamese(error: &(dyn Error + 'static)) -> Option<String> {
    if let Some(error) = error.downcast_ref::<LookError>() {
        return match error {
            LookError::NoNation => Some("thư mục dữ liệu chưa có dân cư".to_owned()),
            LookError::NoLedger => Some("thư mục dữ liệu chưa có sổ".to_owned()),
            LookError::Open(error) => vietnamese(error),
            LookError::Audit(error) => vietnamese(error),
        };
    }
    if let Some(error) = error.downcast_ref::<StartError>() {
        return start(error);
    }
    if let Some(error) = error.downcast_ref::<OpenError>() {
        return Some(open(error));
    }
    if let Some(error) = error.downcast_ref::<BlockStoreError>() {
        return blocks(error);
    }
    if let Some(error) = error.downcast_ref::<AuditError>() {
        return Some(
            match error {
                AuditError::Store(_) => "đọc sổ",
                AuditError::Checkpoints(_) => "đọc tệp điểm kiểm",
                AuditError::Key => "đọc khóa công khai",
            }
            .to_owned(),
        );
    }
    if let Some(error) = error.downcast_ref::<DriveError>() {
        return match error {
            DriveError::Plan(..) => None,
            DriveError::Connect(_) => Some("kết nối tới dịch vụ".to_owned()),
            DriveError::Start(_) => Some("tạo luồng cho bên gọi".to_owned()),
        };
    }
    let error = error.downcast_ref::<std::io::Error>()?;
    let words = match error.kind() {
        ErrorKind::NotFound => "không tìm thấy",
        ErrorKind::PermissionDenied => "không có quyền",
        ErrorKind::ConnectionRefused => "kết nối bị từ chối",
        ErrorKind::ConnectionReset => "kết nối bị ngắt",
        ErrorKind::AddrInUse => "địa chỉ đang được dùng",
        ErrorKind::AddrNotAvailable => "máy này không có địa chỉ đó",
        ErrorKind::AlreadyExists => "đã có sẵn",
        ErrorKind::TimedOut => "quá thời gian chờ",
        ErrorKind::StorageFull => "hết chỗ trên đĩa",
        ErrorKind::NotADirectory => "không phải thư mục",
        ErrorKind::IsADirectory => "là thư mục",
        ErrorKind::ReadOnlyFilesystem => "hệ thống tệp chỉ cho đọc",
        _ => return None,
    };
    Some(words.to_owned())
}

fn start(error: &StartError) -> Option<String> {
    Some(match error {
        StartError::InUse(path) => {
            format!(
                "thư mục dữ liệu {} đang được tiến trình khác dùng",
                path.display()
            )
        }
        StartError::AnotherNation { found, asked } => {
            let differing = dancu_server::differing(*found, *asked).into_iter();
            let told = differing.map(|(field, there, asked)| {
                format!("`{field}` ở đó là {there}, được yêu cầu là {asked}")
            });
            let told = told.collect::<Vec<_>>().join(", ");
            format!("nơi đăng ký đã có dân cư khác: {told}; hãy để trống, hoặc chọn nơi khác")
        }
        StartError::Unfinished { found, taken } => format!(
            "việc tạo dân cư khác ở đó chưa xong: hạt giống {}, {} công dân, đã có {taken}; hãy \
             tiếp tục bằng `{}`, hoặc xóa bằng `dancu seed --anew` rồi tạo dân cư được yêu cầu",
            found.seed,
            found.citizens,
            dancu_server::going_on(found)
        ),
        StartError::AnotherGenerator { found } => format!(
            "dân cư được tạo bởi phiên bản {found} của bộ sinh, không phải phiên bản này; hãy \
             chọn thư mục khác"
        ),
        StartError::SyntheticNumbers => {
            "dân cư ở đó có số mô phỏng; hãy chọn thư mục khác, hoặc bỏ `real_looking_numbers`"
                .to_owned()
        }
        StartError::KeysDamaged { path, line } => format!(
            "đọc tệp khóa {}: dòng {line} không phải khóa cần có ở đó",
            path.display()
        ),
        StartError::KeysMissing => "có sổ mà không có tệp khóa: hãy trả tệp về chỗ cũ".to_owned(),
        StartError::RegistryMissing => {
            "có sổ mà không có cơ sở dữ liệu dân cư của sổ: hãy trả về chỗ cũ, hoặc chọn thư mục \
             khác"
                .to_owned()
        }
        StartError::Store(_) => "mở cơ sở dữ liệu dân cư".to_owned(),
        StartError::Blocks(_) => "mở các khối của sổ".to_owned(),
        StartError::Ledger(_) => "mở sổ".to_owned(),
        StartError::Registry(error) => {
            format!("hỏi cơ sở dữ liệu dân cư: {}", error.reason().word())
        }
        StartError::Listen { address, .. } => format!("lắng nghe tại {address}"),
        StartError::Threads(_) => "tạo luồng".to_owned(),
        StartError::Reflection => "đọc bộ mô tả giao diện".to_owned(),
        StartError::Lost => "khởi động dịch vụ: luồng đã kết thúc".to_owned(),
        // A choice that cannot be followed, and what belongs to parts of a deployment.
        _ => return None,
    })
}

fn open(error: &OpenError) -> String {
    match error {
        OpenError::Store(_) => "mở kho khối".to_owned(),
        OpenError::Checkpoints(_) => "mở tệp điểm kiểm".to_owned(),
        OpenError::ForeignCheckpoints => {
            "điểm kiểm cuối cùng không mang chữ ký của sổ này".to_owned()
        }
        OpenError::OtherKeys => {
            "`keys`: sổ được ghi bằng bộ khóa khác với tệp này: hãy chép tệp khóa của một tiến trình \
             đang ghi sổ"
                .to_owned()
        }
        OpenError::KeysUnproven => {
            "`keys`: sổ do bản dựng cũ lập và chưa ghi nhận bộ khóa nào: hãy chạy trước một tiến \
             trình còn tệp điểm kiểm của mình, hoặc yêu cầu lập tệp mới (--new-checkpoints)"
                .to_owned()
        }
        OpenError::CheckpointsMissing { writer, entries } => format!(
            "bên ghi {} đã có {entries} mục mà tệp điểm kiểm không còn: hãy trả tệp về chỗ cũ, \
             hoặc yêu cầu lập tệp mới (--new-checkpoints)",
            writer.0
        ),
        OpenError::Edited {
            writer,
            first,
            last,
        } => format!(
            "bên ghi {}, mục {first} đến {last}: không còn như khi ghi; xem `dancu audit verify`",
            writer.0
        ),
        OpenError::Behind {
            writer,
            stored,
            signed,
        } => format!(
            "bên ghi {} có {stored} mục nhưng điểm kiểm chứng thực {signed} mục; xem `dancu audit \
             verify`",
            writer.0
        ),
    }
}

fn blocks(error: &BlockStoreError) -> Option<String> {
    Some(match error {
        BlockStoreError::LeaseLost => "bên ghi đã bị nơi khác giành".to_owned(),
        BlockStoreError::InUse => "sổ đang được nơi khác mở để ghi".to_owned(),
        BlockStoreError::AnotherNation { bound } => format!(
            "sổ này thuộc về quốc gia khác ({}): hãy đặt lại cạnh cơ sở dữ liệu của nó, hoặc chọn \
             chỗ khác cho sổ",
            bound.text()
        ),
        BlockStoreError::NotOurs(keys) => {
            format!("{} thông điệp thuộc về bên ghi khác", keys.len())
        }
        BlockStoreError::Unreadable { writer, at } => {
            format!("hàng không đọc được của bên ghi {}, gần mục {at}", writer.0)
        }
        BlockStoreError::Failed(_) => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn causes_are_told_in_the_language_asked_for() {
        let error = StartError::Listen {
            address: "127.0.0.1:80".parse().unwrap(),
            source: std::io::Error::from(ErrorKind::AddrInUse),
        };
        assert_eq!(
            chain(&error, Lang::Vi),
            "lắng nghe tại 127.0.0.1:80: địa chỉ đang được dùng"
        );
        assert_eq!(
            chain(&error, Lang::En),
            "listen on 127.0.0.1:80: address in use"
        );
    }

    #[test]
    fn a_cause_that_nobody_knows_stays_in_its_own_words() {
        let error = std::io::Error::other("no room");
        assert_eq!(chain(&error, Lang::Vi), "no room");
    }
}
