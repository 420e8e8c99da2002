//! Lists of items: how many there may be, their own ids, and where a bad one leaves its fault.

use dancu_domain::{Dossier, Failure, Fault, Reason, RequestId};

use super::{Door, Faults};

/// Notes a list that is empty or too long.
pub(super) fn count(door: &Door, faults: &mut Faults, length: usize, field: &str) {
    if length == 0 {
        faults.note(field, Reason::ItemsRequired);
    } else if length > door.max_items {
        faults.note(field, Reason::TooManyItems);
    }
}

/// Reads items in their order: the ids of all of them, and each one or its fault.
pub(super) fn each<W, T>(
    wire: Vec<W>,
    id: impl Fn(&W) -> &str,
    read: impl Fn(W) -> Result<T, Fault>,
) -> (Vec<String>, Vec<Result<T, Fault>>) {
    let (mut ids, mut items) = (
        Vec::with_capacity(wire.len()),
        Vec::with_capacity(wire.len()),
    );
    for item in wire {
        match item_id(id(&item)) {
            Ok(id) => {
                ids.push(id);
                items.push(read(item));
            }
            Err(fault) => {
                ids.push(String::new());
                items.push(Err(fault));
            }
        }
    }
    (ids, items)
}

/// The one item of a unary call: its fault is the failure of the call.
pub(super) fn only<T>(items: Vec<Result<T, Fault>>) -> Result<Vec<Result<T, Fault>>, Failure> {
    let faults: Vec<Fault> = items
        .iter()
        .filter_map(|item| item.as_ref().err())
        .map(|fault| fault.clone().within("item"))
        .collect();
    if faults.is_empty() {
        Ok(items)
    } else {
        Err(Failure::malformed(faults))
    }
}

/// An item's own dossier; it must be there where the context has none and the purpose wants one.
pub(super) fn dossier(text: &str, required: bool) -> Result<Option<Dossier>, Fault> {
    if text.is_empty() && !required {
        return Ok(None);
    }
    Dossier::parse(text, "dossier").map(Some)
}

/// An item's own id has the form of a request id, and may be left out.
fn item_id(text: &str) -> Result<String, Fault> {
    if !text.is_empty() {
        RequestId::check(text, "item_id")?;
    }
    Ok(text.to_owned())
}
