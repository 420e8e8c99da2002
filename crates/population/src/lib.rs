//! The mock nation: citizens, households, personas, agencies.
