//! `--server` of `concsim run`: a well-known server in the place of concsim's own, by a setting of `server.command`.

use super::source::SourceArgs;
use concsim_model::scenario::command::{KNOWN, known_server};

/// Foreign server to play.
#[derive(Clone, Debug, Default, clap::Args)]
pub(super) struct ForeignArgs {
    /// Play another server in place of concsim's own, which must be installed: gunicorn, its workers of the
    /// variant's kind
    #[arg(long, value_name = "NAME", value_parser = KNOWN.map(|(name, _)| name))]
    server: Option<String>,
    /// Class of that server's workers; by default that of the variant's kind: sync, gevent or gthread
    #[arg(long, value_name = "CLASS", requires = "server")]
    worker_class: Option<String>,
}

impl ForeignArgs {
    /// Returns the chosen scenario with the server's command as a setting.
    pub(super) fn applied_to(&self, chosen: &SourceArgs) -> SourceArgs {
        let Some(command) = self.server.as_deref().and_then(known_server) else {
            return chosen.clone();
        };
        let command = match &self.worker_class {
            Some(class) => command.replace("{class}", class),
            None => command.to_owned(),
        };
        chosen
            .clone()
            .with_setting(format!("server.command={command}"))
    }
}
