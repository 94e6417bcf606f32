//! Figures of simulated runs: the same bytes each time, and nothing that is typed becomes markup.
