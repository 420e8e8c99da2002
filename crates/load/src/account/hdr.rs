//! The intervals as an HDR log, which the usual histogram tools read.

use std::io;
use std::time::{Duration, SystemTime};

use hdrhistogram::serialization::V2DeflateSerializer;
use hdrhistogram::serialization::interval_log::{IntervalLogWriterBuilder, Tag};

use super::model::Account;

impl Account {
    /// The log: for each interval its service times and, under the tag `corrected`, the times from
    /// when messages were due. Values are microseconds, and the column of maxima is in
    /// milliseconds. `began` is the wall-clock time of the run.
    pub fn hdr_log(&self, began: SystemTime) -> io::Result<Vec<u8>> {
        let mut log = Vec::new();
        let mut serializer = V2DeflateSerializer::new();
        let mut builder = IntervalLogWriterBuilder::new();
        builder
            .add_comment("dancu load; microseconds")
            .with_start_time(began)
            .with_base_time(began)
            .with_max_value_divisor(1000.0);
        let mut writer = builder.begin_log_with(&mut log, &mut serializer)?;
        let unwritable = |_| io::Error::other("a histogram cannot be written");
        let corrected = Tag::new("corrected").ok_or_else(|| io::Error::other("a tag"))?;
        for interval in &self.intervals {
            let start = Duration::from_secs(interval.second);
            let length = Duration::from_secs(interval.seconds);
            writer
                .write_histogram(interval.service.histogram(), start, length, None)
                .map_err(unwritable)?;
            writer
                .write_histogram(
                    interval.corrected.histogram(),
                    start,
                    length,
                    Some(corrected),
                )
                .map_err(unwritable)?;
        }
        drop(writer);
        Ok(log)
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, SystemTime};

    use hdrhistogram::serialization::interval_log::{IntervalLogIterator, LogEntry};

    use crate::account::Account;
    use crate::measure::Interval;

    fn histograms(log: &[u8]) -> Vec<(Option<String>, f64)> {
        let interval = |entry| match entry {
            Ok(LogEntry::Interval(i)) => Some((i.tag().map(|t| t.as_str().to_owned()), i.max())),
            _ => None,
        };
        IntervalLogIterator::new(log).filter_map(interval).collect()
    }

    #[test]
    fn a_log_is_read_again_by_the_library_that_defines_it() {
        let mut account = Account::empty();
        let mut interval = Interval::new(0);
        interval.service.note(Duration::from_millis(2));
        interval.corrected.note(Duration::from_millis(900));
        account.intervals = vec![interval];
        let log = account.hdr_log(SystemTime::UNIX_EPOCH).unwrap();
        let read = histograms(&log);
        assert_eq!(read.len(), 2);
        assert_eq!(read[1].0.as_deref(), Some("corrected"));
        assert!((1.9..2.1).contains(&read[0].1), "{read:?}");
        assert!((890.0..910.0).contains(&read[1].1), "{read:?}");
    }
}
