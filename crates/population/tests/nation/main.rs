//! The mock nation from outside: uniqueness, kinship, life events, personas, agencies, and the
//! golden record of the generator's version.

#[cfg(test)]
mod agencies;
#[cfg(test)]
mod events;
#[cfg(test)]
mod golden;
#[cfg(test)]
mod kinship;
#[cfg(test)]
mod marks;
#[cfg(test)]
mod people;
#[cfg(test)]
mod personas;
#[cfg(test)]
mod uniqueness;
