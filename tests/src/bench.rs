//! The side-by-side benchmark: the service and its rivals, in one run, interleaved.
//!
//! Ratios are what it is for; single rates belong to the machine and the minute.

pub mod conduct;
pub mod echo;
pub mod generator;
pub mod house;
pub mod load_tool;
pub mod machine;
pub mod millions;
pub mod plain;
pub mod plot;
pub mod processes;
pub mod report;
pub mod rivals;
pub mod run;
mod scrape;
pub mod seeding;
pub mod serve;
mod stub;
pub mod tools;
