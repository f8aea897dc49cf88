//! What a user types after `capstan`.

mod check_config;
mod config_args;
pub mod demo;
mod layout;
mod plugin;
pub mod publish;
mod render;
mod serve;
mod storage;
mod tape;

use anyhow::{Context, bail};
use capstan_plugin::CompileLimits;
use clap::{Args, Parser, Subcommand};

pub(crate) use self::check_config::warnings;
pub use self::config_args::ConfigArgs;
use crate::log;

/// Capstan records rooms: WebRTC in by WHIP, one mixed HLS recording out, driven by a REST API.
///
/// Start with `capstan serve`; it needs no configuration on a laptop. `capstan demo` shows the whole
/// road with publishers of its own.
#[derive(Parser, Debug)]
#[command(name = "capstan", version, arg_required_else_help = true, after_help = EXAMPLES)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
    /// What is logged, `debug` or `info,capstan_ingest=trace` for example
    #[arg(long, global = true, env = log::VARIABLE, value_name = "FILTER")]
    log: Option<String>,
}

const EXAMPLES: &str = "Examples:
  capstan serve                                   everything on this machine, app demo/demo/demo
  capstan publish --url http://127.0.0.1:8080/whip/demo/room1/7
  capstan demo --seconds 20 --publishers 4
  capstan check-config --config capstan.toml
  capstan plugin list
  capstan render recordings/.work/<sid> --out rendered
  capstan storage test --vendor aliyun --bucket b --region cn-hangzhou
  capstan plugin new layout --lang js my-layout
  capstan plugin check my-layout/plugin.wasm
  capstan layout preview --layout layout-float -n 5 -o float.png
  capstan tape recordings/.work/<sid>/tape/7-camera.tape

examples/README.md in the repository walks through a recording with curl.";

#[derive(Subcommand, Debug)]
enum Command {
    /// Take publishers and record rooms until Ctrl-C or SIGTERM.
    Serve(ConfigArgs),
    /// Record a room with publishers of its own and show what came of it.
    Demo(demo::DemoArgs),
    Publish(publish::PublishArgs),
    /// Read the configuration and say what is wrong with it, or what it means.
    CheckConfig(ConfigArgs),
    /// Look at plugins, try them out, begin one of your own.
    #[command(subcommand)]
    Plugin(plugin::PluginCommand),
    /// Look at what a layout makes of a room.
    #[command(subcommand)]
    Layout(layout::LayoutCommand),
    /// Make a recording's files again from its tapes, after a crash for example.
    Render(render::RenderArgs),
    /// Try storages.
    #[command(subcommand)]
    Storage(StorageCommand),
    /// Show what is on a tape, record by record.
    Tape(tape::TapeArgs),
    /// Compile a plugin from standard input to standard output; Capstan starts it itself.
    #[command(name = capstan_plugin::COMPILE_COMMAND, hide = true)]
    CompilePlugin(CompileArgs),
}

/// What the compiler may take.
#[derive(Args, Debug, Clone, Copy)]
struct CompileArgs {
    memory_mib: u32,
    cpu_seconds: u32,
    nice: i32,
}

#[derive(Subcommand, Debug)]
enum StorageCommand {
    /// Put a probe object into a bucket, verify and (where possible) remove it; explain what is wrong.
    Test(storage::TestArgs),
}

impl Cli {
    /// Whether this process is only to compile a plugin, within which limits and how nice. That needs
    /// no runtime and no log.
    #[must_use]
    pub fn compile_limits(&self) -> Option<(CompileLimits, i32)> {
        let Command::CompilePlugin(args) = &self.command else { return None };
        let CompileArgs { memory_mib, cpu_seconds, nice } = *args;
        Some((CompileLimits { memory_mib, cpu_seconds, ..CompileLimits::default() }, nice))
    }
}

/// Runs a command.
///
/// # Errors
/// What went wrong and what to do about it.
pub async fn run(cli: Cli) -> anyhow::Result<()> {
    // Commands that only look print what they find themselves.
    let quiet = matches!(
        cli.command,
        Command::CheckConfig(_)
            | Command::Plugin(_)
            | Command::Layout(_)
            | Command::Render(_)
            | Command::Storage(_)
            | Command::Tape(_)
    );
    log::start(cli.log.as_deref().or(quiet.then_some("error")))
        .with_context(|| format!("the log filter of --log or {}", log::VARIABLE))?;
    match cli.command {
        Command::Serve(args) => serve::run(args.load()?).await,
        Command::Demo(args) => demo::run(args).await,
        Command::Publish(args) => publish::run(args).await,
        Command::CheckConfig(args) => check_config::run(&args),
        Command::Render(args) => render::run(args),
        Command::Storage(StorageCommand::Test(args)) => storage::test(args).await,
        // Compiling and asking plugins blocks for seconds.
        Command::Plugin(command) => tokio::task::block_in_place(|| plugin::run(command)),
        Command::Layout(command) => tokio::task::block_in_place(|| layout::run(&command)),
        Command::Tape(args) => tape::run(&args),
        Command::CompilePlugin(_) => bail!("it runs before everything else"),
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_arguments_fit_together() {
        Cli::command().debug_assert();
    }
}
