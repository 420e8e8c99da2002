//! A message before it has the form of a method: who asks, how fresh, about whom.

use dancu_domain::Verb;
use dancu_wire::pb::dancu::v1 as pb;
use prost::Message;

use super::rpcs::{Form, Rpc};

/// One item of any verb.
#[derive(Clone, Default)]
pub struct Subject {
    /// Its own id.
    pub id: String,
    /// Its own dossier; a push has none.
    pub dossier: String,
    /// Who.
    pub claims: Option<pb::Claims>,
    /// What else a row holds, for a reconcile.
    pub row: pb::ReconcileRecord,
    /// What happened and under which key, for a push.
    pub change: pb::ChangeRecord,
}

/// A message.
#[derive(Clone, Default)]
pub struct Asked {
    /// The envelope.
    pub context: Option<pb::RequestContext>,
    /// How fresh.
    pub freshness: Option<pb::Freshness>,
    /// How much, for a lookup.
    pub view: i32,
    /// Which fields, for a lookup.
    pub mask: Vec<String>,
    /// About whom.
    pub subjects: Vec<Subject>,
    /// What else a question for totals holds.
    pub totals: pb::GetVolumesRequest,
}

impl Asked {
    /// The envelope, for a test to change.
    pub fn context(&mut self) -> &mut pb::RequestContext {
        self.context.get_or_insert_default()
    }

    /// The message as the method's bytes.
    pub fn encode(&self, rpc: &Rpc) -> Vec<u8> {
        match rpc.verb {
            None => pb::GetVolumesRequest {
                context: self.context.clone(),
                ..self.totals.clone()
            }
            .encode_to_vec(),
            Some(Verb::Lookup) => self.lookup(rpc),
            Some(Verb::Authenticate) => self.authenticate(rpc),
            Some(Verb::Reconcile) => self.reconcile(rpc),
            Some(Verb::Push) => self.push(rpc),
        }
    }

    fn lookup(&self, rpc: &Rpc) -> Vec<u8> {
        let mut items: Vec<_> = self.subjects.iter().map(Subject::lookup).collect();
        let (context, freshness) = (self.context.clone(), self.freshness.clone());
        let read_mask = (!self.mask.is_empty()).then(|| prost_types::FieldMask {
            paths: self.mask.clone(),
        });
        if rpc.form == Form::One {
            return pb::LookupCitizenRequest {
                context,
                freshness,
                view: self.view,
                read_mask,
                item: items.pop(),
            }
            .encode_to_vec();
        }
        let batch = pb::BatchLookupCitizensRequest {
            context,
            freshness,
            view: self.view,
            read_mask,
            items,
        };
        if rpc.form == Form::Batch {
            return batch.encode_to_vec();
        }
        pb::StreamLookupCitizensRequest { batch: Some(batch) }.encode_to_vec()
    }

    fn authenticate(&self, rpc: &Rpc) -> Vec<u8> {
        let mut items: Vec<_> = self.subjects.iter().map(Subject::authentication).collect();
        let (context, freshness) = (self.context.clone(), self.freshness.clone());
        if rpc.form == Form::One {
            return pb::AuthenticateCitizenRequest {
                context,
                freshness,
                item: items.pop(),
            }
            .encode_to_vec();
        }
        let batch = pb::BatchAuthenticateCitizensRequest {
            context,
            freshness,
            items,
        };
        if rpc.form == Form::Batch {
            return batch.encode_to_vec();
        }
        pb::StreamAuthenticateCitizensRequest { batch: Some(batch) }.encode_to_vec()
    }

    fn reconcile(&self, rpc: &Rpc) -> Vec<u8> {
        let batch = pb::ReconcileCitizensRequest {
            context: self.context.clone(),
            freshness: self.freshness.clone(),
            records: self.subjects.iter().map(Subject::reconciled).collect(),
        };
        if rpc.form == Form::Batch {
            return batch.encode_to_vec();
        }
        pb::StreamReconcileCitizensRequest { batch: Some(batch) }.encode_to_vec()
    }

    fn push(&self, rpc: &Rpc) -> Vec<u8> {
        let batch = pb::PushChangesRequest {
            context: self.context.clone(),
            records: self.subjects.iter().map(Subject::pushed).collect(),
        };
        if rpc.form == Form::Batch {
            return batch.encode_to_vec();
        }
        pb::StreamPushChangesRequest { batch: Some(batch) }.encode_to_vec()
    }
}

impl Subject {
    fn lookup(&self) -> pb::LookupItem {
        pb::LookupItem {
            item_id: self.id.clone(),
            dossier: self.dossier.clone(),
            claims: self.claims.clone(),
        }
    }

    fn authentication(&self) -> pb::AuthenticationItem {
        pb::AuthenticationItem {
            item_id: self.id.clone(),
            dossier: self.dossier.clone(),
            claims: self.claims.clone(),
        }
    }

    fn reconciled(&self) -> pb::ReconcileRecord {
        pb::ReconcileRecord {
            item_id: self.id.clone(),
            dossier: self.dossier.clone(),
            claims: self.claims.clone(),
            ..self.row.clone()
        }
    }

    fn pushed(&self) -> pb::ChangeRecord {
        pb::ChangeRecord {
            item_id: self.id.clone(),
            claims: self.claims.clone(),
            ..self.change.clone()
        }
    }
}
