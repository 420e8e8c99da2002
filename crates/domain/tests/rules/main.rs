//! The nouns and rules of the domain: what is taken, what is refused, what follows.

#[cfg(test)]
mod changes;
#[cfg(test)]
mod codes;
#[cfg(test)]
mod convergence;
#[cfg(test)]
mod dates;
#[cfg(test)]
mod debugging;
#[cfg(test)]
mod guessing;
#[cfg(test)]
mod matching;
#[cfg(test)]
mod name_agreement;
#[cfg(test)]
mod name_parsing;
#[cfg(test)]
mod numbers;
#[cfg(test)]
mod people;
#[cfg(test)]
mod permission;
#[cfg(test)]
mod records;
