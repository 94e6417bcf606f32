//! Tests of entities on cores, without the rest of the simulation.
