//! The verbs over fakes of the ports: order of the steps, outcomes, entries, refusals.

#[cfg(test)]
mod authenticating;
#[cfg(test)]
mod comparing;
#[cfg(test)]
mod fakes;
#[cfg(test)]
mod looking_up;
#[cfg(test)]
mod not_matching;
#[cfg(test)]
mod over_the_store;
#[cfg(test)]
mod overtaken;
#[cfg(test)]
mod people;
#[cfg(test)]
mod pushing;
#[cfg(test)]
mod reconciling;
#[cfg(test)]
mod refusing;
#[cfg(test)]
mod telling_volumes;
#[cfg(test)]
mod withholding;
