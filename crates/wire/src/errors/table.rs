//! The one table of errors: what each reason is as a status code, and what a caller is told to do
//! about it in Vietnamese and in English.
//!
//! The matches are exhaustive on purpose: a new reason does not compile before it has its row.

use dancu_domain::{ErrorClass, Reason};
use tonic::Code;

use super::Lang;
use crate::pb::ErrorReason;

/// The status code of a reason.
pub const fn code(reason: Reason) -> Code {
    match reason.class() {
        ErrorClass::Malformed => Code::InvalidArgument,
        ErrorClass::Unauthenticated => Code::Unauthenticated,
        ErrorClass::Denied => Code::PermissionDenied,
        ErrorClass::Exhausted => Code::ResourceExhausted,
        ErrorClass::NotFound => Code::NotFound,
        ErrorClass::AlreadyExists => Code::AlreadyExists,
        ErrorClass::Precondition => Code::FailedPrecondition,
        ErrorClass::Unavailable => Code::Unavailable,
        ErrorClass::Deadline => Code::DeadlineExceeded,
        ErrorClass::Unimplemented => Code::Unimplemented,
        ErrorClass::Internal => Code::Internal,
    }
}

/// What the caller is told: what is wrong and what to do. Never holds a value of the request.
pub const fn text(reason: Reason, lang: Lang) -> &'static str {
    let (vi, en) = texts(reason);
    match lang {
        Lang::Vi => vi,
        Lang::En => en,
    }
}

macro_rules! table {
    ($($reason:ident: $vi:literal, $en:literal;)*) => {
        const fn texts(reason: Reason) -> (&'static str, &'static str) {
            match reason { $(Reason::$reason => ($vi, $en),)* }
        }

        /// The reason as the contract's enum names it.
        pub const fn to_wire(reason: Reason) -> ErrorReason {
            match reason { $(Reason::$reason => ErrorReason::$reason,)* }
        }

        /// The reason that the contract's enum names; `None` for the unspecified one.
        pub const fn from_wire(reason: ErrorReason) -> Option<Reason> {
            match reason {
                ErrorReason::Unspecified => None,
                $(ErrorReason::$reason => Some(Reason::$reason),)*
            }
        }
    };
}

table! {
    Undecodable:
        "Nội dung gửi đến không phải là thông điệp của phương thức này. Hãy mã hoá theo đúng tệp proto.",
        "The bytes are no message of this method. Encode the request by the published proto files.";
    MessageTooLarge:
        "Thông điệp vượt quá kích thước cho phép. Hãy chia thành nhiều thông điệp nhỏ hơn.",
        "The message is larger than the limit. Split it into smaller messages.";
    FieldRequired:
        "Thiếu một trường bắt buộc. Hãy điền trường được nêu tên.",
        "A required field is missing or empty. Fill in the field that is named.";
    FieldTooLong:
        "Một trường dài hơn giới hạn. Hãy rút ngắn trường được nêu tên.",
        "A field is longer than its limit. Shorten the field that is named.";
    FieldInvalid:
        "Một trường có ký tự hoặc dạng không được phép. Hãy sửa trường được nêu tên theo mô tả trong proto.",
        "A field holds characters or a form that it may not hold. Correct the field that is named as the proto describes it.";
    EnumInvalid:
        "Một trường liệt kê có giá trị không được biết hoặc không dùng được ở đây. Hãy chọn một giá trị trong proto.",
        "An enum field has a value that is not known or not allowed here. Choose one of the values in the proto.";
    ItemsRequired:
        "Danh sách rỗng. Hãy gửi ít nhất một mục.",
        "The list is empty. Send at least one item.";
    TooManyItems:
        "Danh sách có quá nhiều mục. Hãy chia thành nhiều thông điệp.",
        "The list has more items than a message may hold. Split it into several messages.";
    NumberNotDigits:
        "Số chỉ được gồm các chữ số từ 0 đến 9. Hãy bỏ mọi ký tự khác, kể cả dấu cách.",
        "A number may hold the digits 0 to 9 only. Remove everything else, spaces included.";
    NumberLength:
        "Số không có đúng số chữ số quy định. Số định danh cá nhân có 12 chữ số, số CMND có 9 chữ số.",
        "A number has not as many digits as it must have. A personal number has 12 digits, an old one has 9.";
    NameTooShort:
        "Họ tên quá ngắn. Hãy ghi đầy đủ họ, chữ đệm và tên.",
        "The name is too short. Write the full name: family, middle and given.";
    NameTooLong:
        "Họ tên dài hơn giới hạn. Hãy chỉ ghi họ, chữ đệm và tên.",
        "The name is longer than the limit. Write the family, middle and given name only.";
    NameCharacter:
        "Họ tên có ký tự không dùng trong tên người. Hãy chỉ dùng chữ Latinh có dấu tiếng Việt.",
        "The name holds a character that no name holds. Use Latin letters with Vietnamese marks only.";
    NameMarks:
        "Họ tên có dấu đặt sai chỗ hoặc quá nhiều dấu trên một chữ. Hãy kiểm tra lại cách mã hoá Unicode.",
        "The name has marks where none can stand, or too many on one letter. Check how the text was encoded in Unicode.";
    DateInvalid:
        "Ngày không có trong lịch. Hãy kiểm tra năm, tháng và ngày.",
        "The calendar does not have this date. Check year, month and day.";
    DateIncomplete:
        "Ngày ở đây phải có đủ năm, tháng và ngày. Hãy bổ sung phần còn thiếu.",
        "Year, month and day must all be known here. Add the part that is missing.";
    DateInFuture:
        "Ngày nằm sau ngày tham chiếu của dữ liệu. Hãy kiểm tra lại năm.",
        "The date lies too far after the reference date of the nation. Check the year.";
    RevisionOfAnotherNation:
        "Dấu phiên bản thuộc về một bộ dữ liệu khác. Hãy bỏ dấu cũ và dùng dấu trong câu trả lời mới nhất.",
        "The revision belongs to another nation. Drop it and use the one of your latest answer.";
    CompressionUnsupported:
        "Dịch vụ không nhận cách nén này. Hãy gửi không nén.",
        "This compression is not supported. Send messages uncompressed.";
    CredentialMissing:
        "Thiếu khoá truy cập. Hãy gửi tiêu đề authorization dạng Bearer.",
        "No credential came with the call. Send an authorization header of the form Bearer.";
    CredentialUnknown:
        "Khoá truy cập không được biết. Hãy kiểm tra khoá và bộ dữ liệu mà khoá thuộc về.",
        "The credential is not known. Check the key, and that it is one of this nation.";
    CredentialExpired:
        "Khoá truy cập đã hết hạn. Hãy dùng khoá mới.",
        "The credential has expired. Use a new one.";
    CredentialRevoked:
        "Khoá truy cập đã bị thu hồi. Hãy liên hệ cơ quan quản lý.",
        "The credential was revoked. Ask the operator of the service.";
    CredentialNotYetValid:
        "Khoá truy cập chưa có hiệu lực. Hãy dùng khoá đang có hiệu lực.",
        "The credential is not yet valid. Use one that is.";
    AgencyNotActive:
        "Cơ quan đã ngừng hoặc chưa bắt đầu hoạt động. Hãy dùng khoá của cơ quan kế nhiệm.",
        "The agency has ended or has not begun. Use a credential of its successor.";
    ServiceNotLicensed:
        "Cơ quan không được cấp phép dùng dịch vụ này. Hãy đề nghị cấp phép.",
        "No licence of the agency covers this service. Apply for one.";
    PurposeNotLicensed:
        "Cơ quan không được cấp phép cho mục đích này. Hãy dùng mục đích đã được cấp phép.",
        "No licence of the agency covers this purpose. Use one that is licensed.";
    ProcedureNotLicensed:
        "Thủ tục hành chính chưa được cấp phép khai thác dữ liệu (lỗi 004). Hãy kiểm tra mã thủ tục.",
        "The procedure is not licensed for the registry (the old error 004). Check its code.";
    OfficerNotAuthorised:
        "Tài khoản cán bộ không có quyền khai thác (lỗi 005). Hãy kiểm tra mã cán bộ.",
        "The officer has no right to ask (the old error 005). Check the officer's code.";
    Overloaded:
        "Dịch vụ đang nhận quá nhiều yêu cầu. Hãy thử lại sau khoảng thời gian được nêu.",
        "Too many requests wait already. Try again after the delay that is given.";
    DaysReversed:
        "Ngày cuối của khoảng đứng trước ngày đầu. Hãy đổi lại thứ tự, hoặc bỏ trống một trong hai ngày.",
        "The last day of the range lies before the first. Put them in order, or leave one of them out.";
    EventDaysOff:
        "Ở đây người gọi không được tự nêu ngày phát sinh. Hãy bỏ tiêu đề dancu-event-day, hoặc đề nghị đơn vị vận hành cho phép.",
        "Callers may not name event days here. Leave the header dancu-event-day out, or have the operator allow them.";
    EventDayOutside:
        "Ngày phát sinh nằm ngoài khoảng được phép. GetVolumes cho biết ngày đầu và ngày cuối của khoảng này.",
        "The event day lies outside those that are allowed. GetVolumes tells the first and the last.";
    AgencyUnknown:
        "Không có cơ quan nào mang mã này. Hãy chọn một mã trong danh sách cơ quan.",
        "No agency has this code. Take one from the list of agencies.";
    CredentialAmbiguous:
        "Lời gọi mang nhiều hơn một khóa truy cập. Hãy gửi đúng một tiêu đề authorization.",
        "More than one credential came with the call. Send exactly one authorization header.";
    ServiceUnknown:
        "Ở đây không có dịch vụ hay ký hiệu mang tên này. Hãy chọn một tên trong danh sách reflection.",
        "No service or symbol of this name is here. Take a name that reflection lists.";
    QuotaExceeded:
        "Cơ quan đã dùng hết hạn mức số mục trong giây này. Hãy thử lại sau khoảng thời gian được nêu.",
        "The agency has used up its items of this second. Try again after the delay that is given.";
    DailyQuotaExceeded:
        "Cơ quan đã dùng hết hạn mức số mục trong ngày, hoặc thông điệp có nhiều mục hơn phần còn lại. Hãy gửi ít mục hơn, đợi sang ngày mới, hoặc đề nghị nâng hạn mức.",
        "The agency has used up its items of this day, or the message holds more than are left. Send fewer, wait for the next day, or have the quota raised.";
    GuessLimitExceeded:
        "Đã có quá nhiều lần khai sai về số này nên chưa đối chiếu tiếp. Hãy kiểm tra lại giấy tờ và thử lại sau khoảng thời gian được nêu.",
        "Too many claims about this number did not match, so these were not judged. Check them against the document and try again after the delay that is given.";
    RequestIdReused:
        "Mã yêu cầu đã được dùng cho một nội dung khác. Hãy dùng mã mới cho nội dung mới.",
        "The request id was used with another body. Give a new body a new id.";
    RevisionAhead:
        "Dấu phiên bản đi trước dữ liệu hiện có. Hãy thử lại sau hoặc bỏ dấu phiên bản.",
        "The revision lies beyond what the registry has reached. Try again later, or leave it out.";
    RegistryUnavailable:
        "Chưa truy cập được cơ sở dữ liệu dân cư. Hãy thử lại sau.",
        "The registry cannot be reached. Try again later.";
    LedgerUnavailable:
        "Chưa ghi được nhật ký khai thác nên không thể trả lời. Hãy thử lại sau.",
        "The answer cannot be recorded, so it is not given. Try again later.";
    LimitsUnavailable:
        "Chưa đọc được số đã dùng của hạn mức nên không thể trả lời. Hãy thử lại sau.",
        "What was used of the limits cannot be read, so nothing is answered. Try again later.";
    Draining:
        "Máy chủ đang dừng. Hãy thử lại để được chuyển sang máy khác.",
        "This instance is shutting down. Try again, on another instance.";
    DeadlineExceeded:
        "Hết thời gian chờ của yêu cầu. Hãy đặt thời hạn dài hơn hoặc gửi ít mục hơn.",
        "The caller's time ran out. Allow more of it, or send fewer items.";
    MethodUnknown:
        "Không có dịch vụ hoặc phương thức này. Hãy kiểm tra tên trong proto.",
        "There is no such service or method. Check the name against the proto.";
    Internal:
        "Lỗi của dịch vụ. Hãy báo cho đơn vị vận hành kèm mã yêu cầu.",
        "A defect of the service. Report it to the operator with the request id.";
}
