//! Every metric of the service: name, kind, labels and help in one list. Alerts and dashboards
//! are held against it.

/// What kind of series a metric has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MetricKind {
    /// It only grows; its name ends in `_total`.
    Counter,
    /// It goes up and down.
    Gauge,
    /// Durations in buckets, in seconds.
    Histogram,
}

/// One metric.
#[derive(Debug)]
pub struct Metric {
    /// Its whole name.
    pub name: &'static str,
    /// Its kind.
    pub kind: MetricKind,
    /// Its labels, in order.
    pub labels: &'static [&'static str],
    /// What it says, as a sentence without its full stop.
    pub help: &'static str,
}

macro_rules! metrics {
    ($($ident:ident: $kind:ident, $name:literal, [$($label:literal),*], $help:literal;)*) => {
        $(pub(crate) static $ident: Metric = Metric {
            name: $name,
            kind: MetricKind::$kind,
            labels: &[$($label),*],
            help: $help,
        };)*

        /// Every metric.
        pub static METRICS: &[&Metric] = &[$(&$ident),*];
    };
}

metrics! {
    STARTED: Counter, "grpc_server_started_total", ["grpc_type", "grpc_service", "grpc_method"],
        "Calls begun";
    HANDLED: Counter, "grpc_server_handled_total",
        ["grpc_type", "grpc_service", "grpc_method", "grpc_code"],
        "Calls ended, whatever the outcome";
    HANDLING: Histogram, "grpc_server_handling_seconds",
        ["grpc_type", "grpc_service", "grpc_method"],
        "How long calls took until their status was written";
    ANSWERS: Counter, "dancu_answers_total", ["verb", "outcome"],
        "Items answered by this process, each with its entry in the ledger";
    FAILURES: Counter, "dancu_failures_total", ["reason"],
        "Messages that failed as a whole";
    SHED: Counter, "dancu_shed_total", [],
        "Calls and messages turned away because too much was in flight";
    SLOWED: Counter, "dancu_reading_slowed_total", [],
        "Times that a connection had to wait for its turn because too many calls were turned away";
    LINES_OMITTED: Counter, "dancu_log_lines_omitted_total", [],
        "Lines of the request log that its rate left out";
    LINES_LOST: Counter, "dancu_log_lines_lost_total", [],
        "Lines of the log that were lost because whoever reads standard error was too slow";
    VOLUMES: Counter, "dancu_volumes_total", ["agency", "verb", "outcome"],
        "Entries of the ledger since it began, over all writers and restarts";
    LIVE_VOLUMES: Gauge, "dancu_live_volumes", ["verb"],
        "Entries of the ledger by the live counts; no series while they are not whole";
    QUOTA_ITEMS: Counter, "dancu_quota_items_total", ["result"],
        "Items given out of quotas by Redis or by this process alone, and items refused";
    DAY_REFUSED: Counter, "dancu_daily_quota_refused_items_total", [],
        "Items turned away because their agency had used up its items of the day";
    GUESSES_WITHHELD: Counter, "dancu_guesses_withheld_total", [],
        "Items whose claims were not judged because too many about the same number had failed";
    GUESSES_REMEMBERED: Gauge, "dancu_guesses_remembered", [],
        "Failed matches that are remembered";
    GUESSES_FORGOTTEN: Counter, "dancu_guesses_forgotten_total", [],
        "Failed matches that were forgotten within the window because there were too many";
    RECORDED: Counter, "dancu_recording_messages_total", [],
        "Messages written to the recording of traffic";
    RECORDING_DROPPED: Counter, "dancu_recording_dropped_total", [],
        "Messages that the recording of traffic left out because it could not follow or not write";
    RECORDING_BYTES: Counter, "dancu_recording_bytes_total", [],
        "Bytes of the recording of traffic, compressed";
    CONNECTIONS: Gauge, "dancu_connections", [],
        "Connections open";
    CONNECTIONS_ACCEPTED: Counter, "dancu_connections_accepted_total", [],
        "Connections accepted";
    CONNECTIONS_BEYOND_CAP: Counter, "dancu_connections_beyond_cap_total", [],
        "Connections closed at once because the cap was reached";
    CONNECTIONS_SILENT: Counter, "dancu_connections_silent_total", [],
        "Connections closed because no HTTP/2 preface came in time";
    CONNECTIONS_UNREAD: Counter, "dancu_connections_unread_total", [],
        "Connections closed because their peers did not take their answers";
    CONNECTIONS_BROKEN: Counter, "dancu_connections_broken_total", [],
        "Connections that broke the protocol or whose socket failed";
    ACCEPT_FAILURES: Counter, "dancu_accept_failures_total", [],
        "Times when the system refused to accept a connection";
    CALLS_IN_FLIGHT: Gauge, "dancu_calls_in_flight", [],
        "Calls in flight";
    UNARY_ROOM: Gauge, "dancu_unary_calls_room", [],
        "Unary calls that may be in flight at once, by what messages cost lately";
    ITEMS_IN_FLIGHT: Gauge, "dancu_items_in_flight", [],
        "Items in flight";
    RECEIVING: Gauge, "dancu_receiving_bytes", [],
        "Bytes of unary requests that are being received";
    SENDING: Gauge, "dancu_sending_bytes", [],
        "Bytes of answers that no socket has taken yet";
    CACHE_READS: Counter, "dancu_cache_reads_total", ["level", "result"],
        "Numbers asked for at a level of the cache";
    CACHE_STATE: Gauge, "dancu_cache", ["cache"],
        "Whether the shared level is used, bypassed, or not there";
    CACHE_FILLS: Counter, "dancu_cache_fills_total", ["result"],
        "Values handed to the shared level";
    REDIS_CONNECTIONS: Counter, "dancu_redis_connections_total", ["result"],
        "Connections to Redis taken into service, and given up by why";
    REDIS_FAILURES: Counter, "dancu_redis_failures_total", ["result"],
        "Questions that Redis did not answer in time, or answered with an error";
    CACHE_REREAD: Counter, "dancu_cache_rereads_total", ["level"],
        "Messages read again as a whole because kept and read values fitted no common revision";
    CROSSED: Counter, "dancu_crossed_answers_total", ["level"],
        "Answers of the registry that did not fit the question; anything above 0 is an alarm";
    COALESCED: Counter, "dancu_coalesced_reads_total", ["result"],
        "Reads of the registry, by what became of them in the waiting list";
    COALESCED_BATCHES: Counter, "dancu_coalesced_batches_total", ["result"],
        "Batches in which the registry was read";
    COALESCED_NUMBERS: Counter, "dancu_coalesced_numbers_total", [],
        "Distinct numbers in those batches";
    REGISTRY_SECONDS: Histogram, "dancu_registry_seconds", ["operation"],
        "How long the registry's store took for a question or a write";
    REGISTRY_FAILURES: Counter, "dancu_registry_failures_total", ["operation", "result"],
        "Questions and writes that the registry's store did not answer, or was not asked because it was away";
    REGISTRY_COMMITS: Counter, "dancu_registry_commits_total", [],
        "Transactions in which changes were committed";
    REGISTRY_BATCHES: Counter, "dancu_registry_batches_total", [],
        "Batches of changes in those transactions";
    REGISTRY_RECORDS: Counter, "dancu_registry_records_total", [],
        "Records of changes in those batches";
    REGISTRY_READS: Counter, "dancu_registry_reads_total", [],
        "Batches of numbers that the store read";
    REGISTRY_NUMBERS: Counter, "dancu_registry_numbers_total", [],
        "Numbers in those batches";
    REPLICA_READS: Counter, "dancu_replica_reads_total", ["result"],
        "Batches of numbers that the replica might have answered: answered, refused because it was behind, or passed by because it was away";
    REGISTRY_SHED: Counter, "dancu_registry_shed_total", [],
        "Reads and writes that the store turned away because too many waited";
    LEDGER_COMMITS: Counter, "dancu_ledger_commits_total", [],
        "Commits of the ledger, each of one block";
    LEDGER_MESSAGES: Counter, "dancu_ledger_messages_total", [],
        "Messages in those commits";
    LEDGER_ENTRIES: Counter, "dancu_ledger_entries_total", [],
        "Entries in those commits";
    LEDGER_BYTES: Counter, "dancu_ledger_bytes_total", [],
        "Bytes of entries in those commits";
    LEDGER_COMMIT_SECONDS: Counter, "dancu_ledger_commit_seconds_total", [],
        "How long those commits took together";
    LEDGER_LAST_COMMIT: Gauge, "dancu_ledger_last_commit_seconds", [],
        "How long the last commit took";
    LEDGER_WAITING: Gauge, "dancu_ledger_waiting_entries", [],
        "Entries that wait for a commit";
    LEDGER_SHED: Counter, "dancu_ledger_shed_total", [],
        "Messages turned away because too many entries waited";
    LEDGER_CHECKPOINTS: Counter, "dancu_ledger_checkpoints_total", ["result"],
        "Signed checkpoints";
    LEDGER_KEPT_LOOKUPS: Counter, "dancu_ledger_kept_lookups_total", [],
        "Questions for kept answers of write messages";
    LEDGER_KEPT_EDITED: Counter, "dancu_ledger_kept_edited_total", [],
        "Kept answers that somebody edited, taken for absent; anything above 0 is an alarm";
    LEDGER_UNTOLD: Counter, "dancu_ledger_untold_commits_total", [],
        "Commits that the live volumes were not told of because too many waited; they are rebuilt";
    REVISION: Gauge, "dancu_change_feed_revision", [],
        "The change up to which this process has followed the registry";
    FEED_LAG: Gauge, "dancu_change_feed_lag_seconds", [],
        "Since when the registry's head was not confirmed; -1 while it never was";
    PART_UP: Gauge, "dancu_part_up", ["part"],
        "Whether calls can be answered as far as a part of the service goes";
    PART_DEGRADED: Gauge, "dancu_part_degraded", ["part"],
        "Whether calls are answered without a part of the service";
    BUILD: Gauge, "dancu_build_info", ["version"],
        "The build that runs";
    NATION: Gauge, "dancu_nation_citizens", ["nation", "seed"],
        "Citizens of the nation that is served, personas not included";
    EVENT_DAYS: Gauge, "dancu_event_days_allowed", [],
        "Whether callers may say under which day they are counted; 1 only where another time is replayed";
    CPU: Counter, "process_cpu_seconds_total", [],
        "Processor time of this process";
    RESIDENT: Gauge, "process_resident_memory_bytes", [],
        "Memory of this process that is in core";
    OPEN_FDS: Gauge, "process_open_fds", [],
        "Descriptors open";
    MAX_FDS: Gauge, "process_max_fds", [],
        "Descriptors allowed";
    THREADS: Gauge, "process_threads", [],
        "Threads of this process";
    START_TIME: Gauge, "process_start_time_seconds", [],
        "When this process began, since 1970";
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn names_are_unique_and_tell_their_kind() {
        let names: HashSet<_> = METRICS.iter().map(|metric| metric.name).collect();
        assert_eq!(names.len(), METRICS.len());
        for metric in METRICS {
            let total = metric.name.ends_with("_total");
            assert_eq!(total, metric.kind == MetricKind::Counter, "{}", metric.name);
            assert!(!metric.help.ends_with('.') && !metric.help.is_empty());
        }
    }
}
