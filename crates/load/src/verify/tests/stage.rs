//! A service without sockets: the door, the verbs and the answers, over a registry in memory.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use dancu_domain::{
    AgencyCode, Authentication, Directory, Failure, MessageRecord, NationId, Receipt, RecordError,
    Recorder, RequestContext, RequestId, Verb, WriteSlot, WriterId,
};
use dancu_population::Nation;
use dancu_store::{DirectoryRows, MemoryRegistry, RegistryMeta};
use dancu_wire::{Door, Lang, Parsed, pb};

use crate::ask::{End, Message};
use crate::callers::Callers;
use crate::draw::{Draw, Shares, World};
use crate::encode;
use crate::people::People;
use crate::receipts::service;
use crate::versions::Versions;

pub(super) const NATION: NationId = NationId([7; 16]);

/// The registry, the directory, and a ledger that numbers what it is handed.
pub(super) struct Stage {
    pub(super) world: Arc<World>,
    door: Door,
    directory: Directory,
    credentials: Vec<dancu_domain::Credential>,
    registry: MemoryRegistry,
    ledger: Numbering,
    runtime: tokio::runtime::Runtime,
}

/// Any answer to a message.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Answer {
    Lookup(pb::BatchLookupCitizensResponse),
    Authenticate(pb::BatchAuthenticateCitizensResponse),
    Reconcile(pb::ReconcileCitizensResponse),
    Push(pb::PushChangesResponse),
}

#[derive(Default)]
struct Numbering(AtomicU64);

impl Recorder for Numbering {
    type WriteGuard = ();
    type AskGuard = ();

    async fn record(&self, message: MessageRecord) -> Result<Receipt, RecordError> {
        let count = message.items.len() as u32;
        let first = self.0.fetch_add(count.into(), Ordering::Relaxed);
        Ok(Receipt {
            writer: WriterId(1),
            first,
            count,
        })
    }

    async fn begin_write(
        &self,
        _: AgencyCode,
        _: &RequestId,
        _: [u8; 32],
    ) -> Result<WriteSlot<()>, RecordError> {
        Ok(WriteSlot::Fresh(()))
    }
}

impl Stage {
    pub(super) fn new(citizens: u64) -> Self {
        let nation = Nation::new(1, citizens);
        let meta = RegistryMeta {
            nation: NATION,
            seed: nation.seed(),
            citizens: nation.len(),
            generator: dancu_population::GENERATOR_VERSION,
            reference_date: nation.reference_date(),
        };
        let rows = DirectoryRows {
            agencies: Nation::agencies(),
            credentials: nation.credentials(),
            licences: nation.licences(),
        };
        let personas = nation.personas().into_iter().map(|p| p.citizen);
        let everybody: Vec<_> = (0..nation.len())
            .map(|i| nation.citizen(i))
            .chain(personas)
            .collect();
        Self {
            world: Arc::new(World {
                run_id: "test".into(),
                nation_id: NATION,
                people: People::new(nation, &[]),
                callers: Callers::of(&nation, &nation.sandbox_keys()),
                versions: Versions::default(),
                // Personas stand for the rare outcomes, so more of them are met than in a run.
                shares: Shares {
                    personas: 60,
                    ..Shares::default()
                },
            }),
            door: Door::new(NATION, nation.reference_date()),
            directory: rows.directory(),
            credentials: nation.credentials(),
            registry: MemoryRegistry::from_citizens(meta, everybody, rows),
            ledger: Numbering::default(),
            runtime: tokio::runtime::Builder::new_current_thread()
                .build()
                .unwrap(),
        }
    }

    pub(super) fn draw(&self, seed: u64) -> Draw {
        Draw::new(Arc::clone(&self.world), seed, 0, 1)
    }

    /// Messages of a verb that must be answered, out of so many steps.
    pub(super) fn messages(&self, verb: Verb, seed: u64, steps: usize) -> Vec<Message> {
        let mut draw = self.draw(seed);
        let steps = (0..steps).flat_map(|_| draw.step(verb).messages);
        steps
            .filter(|message| message.end == End::Answered)
            .collect()
    }

    /// What the service answers.
    pub(super) fn answer(&self, message: &Message) -> Result<Answer, Failure> {
        let (door, registry, ledger) = (&self.door, &self.registry, &self.ledger);
        self.runtime.block_on(async {
            Ok(match message.verb {
                Verb::Lookup => {
                    let parsed = dancu_wire::batch_lookup_citizens(door, encode::lookup(message))?;
                    let (permit, body, ids) = self.permit(message, parsed)?;
                    let answer = dancu_service::lookup(
                        registry,
                        ledger,
                        permit,
                        body,
                        std::convert::identity,
                    )
                    .await?;
                    Answer::Lookup(dancu_wire::batch_lookup_citizens_response(
                        answer,
                        ids,
                        Lang::Vi,
                    ))
                }
                Verb::Authenticate => {
                    let request = encode::authenticate(message);
                    let parsed = dancu_wire::batch_authenticate_citizens(door, request)?;
                    let (permit, body, ids) = self.permit(message, parsed)?;
                    let answer = dancu_service::authenticate(
                        registry,
                        ledger,
                        permit,
                        body,
                        std::convert::identity,
                    )
                    .await?;
                    Answer::Authenticate(dancu_wire::batch_authenticate_citizens_response(
                        answer,
                        ids,
                        Lang::Vi,
                    ))
                }
                Verb::Reconcile => {
                    let parsed = dancu_wire::reconcile_citizens(door, encode::reconcile(message))?;
                    let (permit, body, ids) = self.permit(message, parsed)?;
                    let answer = dancu_service::reconcile(
                        registry,
                        ledger,
                        permit,
                        body,
                        std::convert::identity,
                    )
                    .await?;
                    Answer::Reconcile(dancu_wire::reconcile_citizens_response(answer, ids))
                }
                Verb::Push => {
                    let parsed = dancu_wire::push_changes(door, encode::push(message))?;
                    let (permit, body, ids) = self.permit(message, parsed)?;
                    let answer = dancu_service::push(registry, ledger, permit, body).await?;
                    Answer::Push(dancu_wire::push_changes_response(answer, ids))
                }
            })
        })
    }

    /// Judges an answer.
    pub(super) fn judge(&self, message: &Message, answer: &Answer) -> super::Judged {
        match answer {
            Answer::Lookup(answer) => crate::verify::lookup(&self.world, message, answer),
            Answer::Authenticate(answer) => {
                crate::verify::authenticate(&self.world, message, answer)
            }
            Answer::Reconcile(answer) => crate::verify::reconcile(&self.world, message, answer),
            Answer::Push(answer) => crate::verify::push(&self.world, message, answer),
        }
    }

    fn permit<T>(
        &self,
        message: &Message,
        parsed: Parsed<T>,
    ) -> Result<(dancu_domain::Permit, T, Vec<String>), Failure> {
        let Parsed {
            context,
            message: body,
            ids,
        } = parsed;
        let permit = self.leave(message, context)?;
        Ok((permit, body, ids))
    }

    fn leave(
        &self,
        message: &Message,
        context: RequestContext,
    ) -> Result<dancu_domain::Permit, Failure> {
        let today = self.world.people.nation().reference_date();
        let caller = self.caller(message);
        self.directory
            .permit(&caller, message.verb, service(message.verb), context, today)
            .map_err(|refusal| Failure::new(refusal.reason))
    }

    fn caller(&self, message: &Message) -> Authentication {
        let today = self.world.people.nation().reference_date();
        let standing = &message.standing;
        self.credentials
            .iter()
            .filter(|c| c.agency == standing.caller.agency && c.debug == standing.debug)
            .find_map(|c| self.directory.authenticate(&c.digest, today).ok())
            .unwrap()
    }
}
