//! What the door looks at, whoever decoded it: texts are borrowed from a message or from bytes.

use crate::pb;

/// An envelope.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Envelope<'a> {
    pub(super) request_id: &'a str,
    pub(super) officer: &'a str,
    pub(super) procedure: &'a str,
    pub(super) dossier: &'a str,
    pub(super) purpose: i32,
    pub(super) unit: &'a str,
}

/// A number as it is claimed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Number<'a> {
    Personal(&'a str),
    Legacy(&'a str),
}

/// A birth date as it is claimed.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct BirthView {
    pub(super) year: i32,
    pub(super) month: i32,
    pub(super) day: i32,
}

/// Claims.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct ClaimsView<'a> {
    pub(super) number: Option<Number<'a>>,
    pub(super) full_name: &'a str,
    pub(super) birth: Option<BirthView>,
}

/// An item of a lookup or of an authentication.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct ItemView<'a> {
    pub(super) item_id: &'a str,
    pub(super) dossier: &'a str,
    pub(super) claims: Option<ClaimsView<'a>>,
}

/// A lookup or an authentication.
#[derive(Clone, Default, PartialEq)]
pub(super) struct Asked<'a> {
    pub(super) context: Option<Envelope<'a>>,
    pub(super) freshness: Option<pb::Freshness>,
    /// Of lookups only.
    pub(super) view: i32,
    /// The paths of the mask; of lookups only.
    pub(super) mask: Vec<String>,
    pub(super) items: Vec<ItemView<'a>>,
}

/// No item with claims is shorter, so a message of so many bytes has no more of them than this.
const LEAST_ITEM: usize = 40;

impl Asked<'_> {
    /// An empty message, with room for the items that so many bytes can hold: one, or a batch.
    pub(super) fn with_room(bytes: usize, batch: bool) -> Self {
        let items = if batch { bytes / LEAST_ITEM } else { 1 };
        Self {
            items: Vec::with_capacity(items.min(1_024)),
            ..Self::default()
        }
    }
}

impl<'a> From<&'a pb::RequestContext> for Envelope<'a> {
    fn from(context: &'a pb::RequestContext) -> Self {
        Self {
            request_id: &context.request_id,
            officer: &context.officer,
            procedure: &context.procedure,
            dossier: &context.dossier,
            purpose: context.purpose,
            unit: &context.unit,
        }
    }
}

impl From<&pb::Date> for BirthView {
    fn from(date: &pb::Date) -> Self {
        Self {
            year: date.year,
            month: date.month,
            day: date.day,
        }
    }
}

impl<'a> From<&'a pb::Claims> for ClaimsView<'a> {
    fn from(claims: &'a pb::Claims) -> Self {
        Self {
            number: claims.number.as_ref().map(|number| match number {
                pb::claims::Number::PersonalNumber(text) => Number::Personal(text),
                pb::claims::Number::LegacyNumber(text) => Number::Legacy(text),
            }),
            full_name: &claims.full_name,
            birth: claims.birth_date.as_ref().map(BirthView::from),
        }
    }
}

impl<'a> From<&'a pb::LookupItem> for ItemView<'a> {
    fn from(item: &'a pb::LookupItem) -> Self {
        Self {
            item_id: &item.item_id,
            dossier: &item.dossier,
            claims: item.claims.as_ref().map(ClaimsView::from),
        }
    }
}

impl<'a> From<&'a pb::AuthenticationItem> for ItemView<'a> {
    fn from(item: &'a pb::AuthenticationItem) -> Self {
        Self {
            item_id: &item.item_id,
            dossier: &item.dossier,
            claims: item.claims.as_ref().map(ClaimsView::from),
        }
    }
}

macro_rules! asked_of {
    ($(|$message:ident: $wire:ty| $items:expr, $view:expr, $mask:expr;)*) => {$(
        impl<'a> From<&'a $wire> for Asked<'a> {
            fn from($message: &'a $wire) -> Self {
                Self {
                    context: $message.context.as_ref().map(Envelope::from),
                    freshness: $message.freshness.clone(),
                    view: $view,
                    mask: $mask,
                    items: $items.iter().map(ItemView::from).collect(),
                }
            }
        }
    )*};
}

/// The paths of a mask.
fn paths(mask: Option<&prost_types::FieldMask>) -> Vec<String> {
    mask.map(|mask| mask.paths.clone()).unwrap_or_default()
}

asked_of! {
    |m: pb::LookupCitizenRequest| m.item, m.view, paths(m.read_mask.as_ref());
    |m: pb::BatchLookupCitizensRequest| m.items, m.view, paths(m.read_mask.as_ref());
    |m: pb::AuthenticateCitizenRequest| m.item, 0, Vec::new();
    |m: pb::BatchAuthenticateCitizensRequest| m.items, 0, Vec::new();
}
