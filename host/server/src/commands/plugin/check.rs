//! `capstan plugin check`: tries a plugin out and says how it did.

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context, bail};
use capstan_plugin::{CheckInput, CheckReport, Script, Verdict};
use clap::Args;

use crate::clock::SystemClock;
use crate::commands::config_args::ConfigArgs;
use crate::plugins;

/// Load a plugin as the host would, play what the contract promises to survive, and give a verdict.
///
/// Nothing leaves the machine: a script plays the vendor or the server. Ends with 0 if every promise
/// was kept, else with 1.
#[derive(Args, Debug)]
pub(in crate::commands) struct CheckArgs {
    /// The plugin's file
    file: PathBuf,
    /// Its configuration, a JSON object or @FILE; made up from its schema if absent
    #[arg(long, value_name = "JSON")]
    with: Option<String>,
    /// A layout's options, a JSON object or @FILE
    #[arg(long, value_name = "JSON")]
    options: Option<String>,
    /// What the vendor or the server answers when all is well; docs/writing-plugins.md explains it
    #[arg(long, value_name = "FILE")]
    script: Option<PathBuf>,
    /// Print JSON
    #[arg(long)]
    json: bool,
    /// Whose budgets hold, and where compiled code is kept
    #[command(flatten)]
    config: ConfigArgs,
}

/// Checks.
///
/// # Errors
/// The plugin broke a promise, or what it is to be tried with can't be read.
pub(super) fn run(args: &CheckArgs) -> anyhow::Result<()> {
    let input = input(args)?;
    let clock = Arc::new(SystemClock::start());
    let report = plugins::check(&args.config.load()?, &args.file, &input, clock)?;
    if args.json {
        let mut json = serde_json::to_value(&report)?;
        if let Some(members) = json.as_object_mut() {
            members.insert("passed".into(), report.passed().into());
        }
        println!("{json:#}");
    } else {
        print(&report);
    }
    let broken = report.findings.iter().filter(|finding| finding.verdict == Verdict::Fail).count();
    if broken > 0 {
        bail!("{}: {broken} promises of the contract are broken", args.file.display());
    }
    Ok(())
}

fn input(args: &CheckArgs) -> anyhow::Result<CheckInput> {
    let script = args.script.as_ref().map(|file| {
        let text = std::fs::read_to_string(file);
        let text = text.with_context(|| format!("can't read {}", file.display()))?;
        Script::parse(&text).with_context(|| file.display().to_string())
    });
    let script = script.transpose()?;
    let of_script = || script.as_ref().and_then(|script| script.config.as_ref());
    let config = match &args.with {
        Some(given) => Some(text(given)?),
        None => of_script().map(ToString::to_string),
    };
    let options = args.options.as_deref().map(text).transpose()?;
    Ok(CheckInput { config, options, script })
}

/// The text itself, or that of the file that it names with `@`.
fn text(given: &str) -> anyhow::Result<String> {
    match given.strip_prefix('@') {
        None => Ok(given.to_owned()),
        Some(file) => std::fs::read_to_string(file).with_context(|| format!("can't read {file}")),
    }
}

fn print(report: &CheckReport) {
    if let Some(world) = report.world {
        println!("{} {}: {}", report.name, report.version, report.summary);
        println!("  world     {world}, contract {}", report.contract);
        println!("  imports   {}", list(&report.imports));
        println!("  wants     {}", list(&report.wants));
        println!("  memory    {} KiB after its work", report.memory.div_ceil(1 << 10));
    }
    println!("  file      {} bytes, sha256 {}", report.size, report.sha256);
    for time in &report.times {
        println!(
            "  time      {}: {} us, longest {} us",
            time.what, time.median_us, time.longest_us
        );
    }
    if !report.config_schema.is_null() {
        println!("  schema    {}", report.config_schema);
    }
    println!();
    for finding in &report.findings {
        let verdict = match finding.verdict {
            Verdict::Pass => "ok  ",
            Verdict::Warn => "look",
            Verdict::Fail => "FAIL",
        };
        let colon = if finding.detail.is_empty() { "" } else { ": " };
        println!("{verdict}  {}{colon}{}", finding.what, finding.detail);
    }
    let verdict = if report.passed() { "every promise kept" } else { "not fit for use" };
    println!("\n{verdict}");
}

fn list(items: &[String]) -> String {
    if items.is_empty() { "nothing".into() } else { items.join(", ") }
}
