//! Classes of requests, each with its service.

use crate::demand::Moments;

/// A class of requests.
#[derive(Clone, Debug, PartialEq)]
pub struct Class {
    /// Name.
    pub name: String,
    /// Mean service, in seconds.
    pub service: f64,
    /// Frequency relative to other classes.
    pub weight: f64,
    /// c²: 0 for a constant, 1 for an exponential service.
    pub squared_variation: f64,
}

/// Returns the share of each, and the moments of the service of all.
#[must_use]
pub fn mix(classes: &[Class]) -> (Vec<f64>, Moments) {
    let weights: f64 = classes.iter().map(|class| class.weight).sum();
    let shares: Vec<f64> = classes.iter().map(|class| class.weight / weights).collect();
    let mut moments = Moments::default();
    for (class, share) in classes.iter().zip(&shares) {
        moments.mean += share * class.service;
        moments.square += share * class.service * class.service * (1.0 + class.squared_variation);
    }
    (shares, moments)
}
