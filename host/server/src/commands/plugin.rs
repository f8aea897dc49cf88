//! `capstan plugin ...`: what there is, and what an author needs.

mod check;
mod list;
mod new;
mod pack;
mod templates;

use clap::Subcommand;

use crate::commands::config_args::ConfigArgs;

/// What can be done with plugins.
#[derive(Subcommand, Debug)]
pub(super) enum PluginCommand {
    /// List the plugins that are found, and the files that are refused with the reason.
    List {
        /// Which folders, by the configuration.
        #[command(flatten)]
        config: ConfigArgs,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    New(new::NewArgs),
    Check(check::CheckArgs),
    Pack(pack::PackArgs),
}

/// Does it.
///
/// # Errors
/// What went wrong, or that a plugin failed its check.
pub(super) fn run(command: PluginCommand) -> anyhow::Result<()> {
    match command {
        PluginCommand::List { config, json } => list::run(&config.load()?, json),
        PluginCommand::New(args) => new::run(&args),
        PluginCommand::Check(args) => check::run(&args),
        PluginCommand::Pack(args) => pack::run(&args),
    }
}
