//! Predictions made before a run, from files: the output of `concsim parity --json`, or the `summary.json` of
//! a run with `--predict`.

use serde::Deserialize;

use concsim_record::prediction::Figure;

/// All predictions of a file.
#[derive(Clone, Debug)]
pub struct StoredPredictions {
    /// Title of a figure of them.
    pub title: String,
    /// Origin of the predictions.
    pub provenance: String,
    pub(super) runs: Vec<Run>,
}

/// A predicted run.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Run {
    #[serde(default)]
    pub(super) scenario: String,
    pub(super) variant: String,
    #[serde(default)]
    pub(super) kind: String,
    #[serde(default)]
    pub(super) trust: String,
    pub(super) prediction: Option<Prediction>,
}

/// Numbers of a prediction that a figure shows.
#[derive(Clone, Copy, Debug, Deserialize)]
pub(super) struct Prediction {
    pub(super) throughput_per_s: Figure,
    pub(super) mean_ms: Figure,
    pub(super) p50_ms: Figure,
    pub(super) p99_ms: Figure,
}

/// Content of either file.
#[derive(Debug, Deserialize)]
struct PredictionFile {
    schema: String,
    #[serde(default)]
    rows: Vec<Run>,
    #[serde(default)]
    runs: Vec<Run>,
    scenario: Option<Played>,
    #[serde(default)]
    expect: Vec<GradedPrediction>,
}

#[derive(Debug, Deserialize)]
struct GradedPrediction {
    verdict: String,
}

#[derive(Debug, Deserialize)]
struct Played {
    title: String,
    file: String,
    sha256: String,
    seed: u64,
}

/// Reason why a file has no prediction.
#[derive(Debug, thiserror::Error)]
pub enum NoPrediction {
    /// The file has another format.
    #[error("not the output of `concsim parity --json`, nor a run's summary: {0}")]
    Malformed(#[from] serde_json::Error),
    /// The file has no prediction.
    #[error("the run has no prediction: record it with `concsim run FILE --predict`")]
    NotPredicted,
}

impl StoredPredictions {
    /// Reads the text of a file of predictions.
    ///
    /// # Errors
    /// Fails if the text has another format, or has no prediction.
    pub fn read(text: &str) -> Result<Self, NoPrediction> {
        let read: PredictionFile = serde_json::from_slice(text.as_bytes())?;
        let mut runs: Vec<Run> = read.rows.into_iter().chain(read.runs).collect();
        runs.retain(|run| run.prediction.is_some());
        if runs.is_empty() {
            return Err(NoPrediction::NotPredicted);
        }
        let schema = read.schema;
        let fails = read.expect.iter().any(|claim| claim.verdict == "fails");
        let plain = || "Simulated blind, and then measured".to_owned();
        let (title, provenance) = if let Some(played) = read.scenario {
            let sha256 = played.sha256.get(..8).unwrap_or_default();
            let file = played.file.rsplit('/').next().unwrap_or_default();
            let name = file.strip_suffix(".toml").unwrap_or(file);
            for run in &mut runs {
                name.clone_into(&mut run.scenario);
            }
            let provenance = format!("{name}@{sha256} · seed {} · {schema}", played.seed);
            let title = if fails { plain() } else { played.title };
            (title, provenance)
        } else {
            (plain(), format!("{schema} · {} runs", runs.len()))
        };
        Ok(Self {
            title,
            provenance,
            runs,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Both forms of one prediction.
    const NUMBERS: &str = r#"{"throughput_per_s":{"predicted":98.0,"measured":100.0},"mean_ms":{"predicted":10.0,"measured":10.0},"p50_ms":{"predicted":9.0,"measured":9.5},"p99_ms":{"predicted":null,"measured":30.0}}"#;

    #[test]
    fn both_kinds_of_files_are_read() {
        let parity = format!(
            r#"{{"schema":"concsim.parity/1","rows":[{{"scenario":"mixed","variant":"sync","trust":"ok","prediction":{NUMBERS}}}]}}"#
        );
        let summary = format!(
            r#"{{"schema":"concsim.summary/1","scenario":{{"title":"A claim","file":"scenarios/mixed.toml","sha256":"0123456789","seed":1}},"runs":[{{"variant":"sync","kind":"sync","trust":"ok","prediction":{NUMBERS}}}]}}"#
        );
        let [parity, summary] =
            [parity, summary].map(|text| StoredPredictions::read(&text).unwrap());
        for read in [&parity, &summary] {
            assert_eq!(
                (read.runs.len(), read.runs[0].scenario.as_str()),
                (1, "mixed")
            );
        }
        assert_eq!(
            summary.provenance,
            "mixed@01234567 · seed 1 · concsim.summary/1"
        );
    }

    #[test]
    fn a_claim_that_fails_is_not_the_title_of_its_predictions() {
        let title = |verdict: &str| {
            let text = format!(
                r#"{{"schema":"concsim.summary/1","scenario":{{"title":"A claim","file":"x.toml","sha256":"0123456789","seed":1}},"expect":[{{"verdict":"{verdict}"}}],"runs":[{{"variant":"sync","kind":"sync","trust":"ok","prediction":{NUMBERS}}}]}}"#
            );
            StoredPredictions::read(&text).unwrap().title
        };
        assert_eq!(title("holds"), "A claim");
        assert_eq!(title("fails"), "Simulated blind, and then measured");
    }

    #[test]
    fn a_run_that_was_not_predicted_is_refused() {
        let text = r#"{"schema":"concsim.summary/1","runs":[{"variant":"sync"}]}"#;
        assert!(matches!(
            StoredPredictions::read(text),
            Err(NoPrediction::NotPredicted)
        ));
        assert!(matches!(
            StoredPredictions::read("{"),
            Err(NoPrediction::Malformed(_))
        ));
    }
}
