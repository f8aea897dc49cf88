//! Which configuration a command works with.

use std::path::PathBuf;

use anyhow::Context;
use capstan_config::Config;
use clap::Args;

/// Which configuration.
#[derive(Args, Debug, Clone, Default)]
pub struct ConfigArgs {
    /// A TOML file, as examples/capstan.toml explains it; without it the defaults hold
    #[arg(long, env = "CAPSTAN_CONFIG", value_name = "FILE")]
    config: Option<PathBuf>,
}

impl ConfigArgs {
    /// Reads the file and the environment.
    ///
    /// # Errors
    /// What is wrong with the configuration.
    pub fn load(&self) -> anyhow::Result<Config> {
        Config::load(self.config.as_deref(), std::env::vars()).context("configuration")
    }
}
