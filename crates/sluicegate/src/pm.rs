//! `sluice pm`: the tools of the sidecar.

use std::process::ExitCode;

use engine::EngineError;
use engine::pm::{self, GenerateOptions, GenerateStatus, GenerateStop, Inspection};

use crate::args::{PmCommand, PmGenerateArgs, PmInspectArgs, PmVerifyArgs};
use crate::output::{print, say};
use crate::run::Work;

/// Exit code of `verify` when it found damage.
const DAMAGED: u8 = 3;

/// Runs one of the tools.
pub(crate) fn run(command: PmCommand, work: &Work) -> Result<ExitCode, EngineError> {
    match command {
        PmCommand::Generate(args) => generate(&args, work),
        PmCommand::Inspect(args) => inspect(&args),
        PmCommand::Verify(args) => verify(&args),
    }
}

fn generate(args: &PmGenerateArgs, work: &Work) -> Result<ExitCode, EngineError> {
    let options = GenerateOptions {
        dry_run: args.dry_run,
        checksums: args.checksums,
    };
    let stop = GenerateStop {
        cancel: work.cancel.clone(),
        unfinished: work.unfinished.clone(),
    };
    let report = pm::generate(&engine::real_vfs(), &args.target, options, &stop)?;
    if args.json {
        let json = serde_json::to_string(&report).unwrap_or_default();
        print(format!("{json}\n").as_bytes())?;
    } else {
        let mut text = String::new();
        for file in &report.files {
            let status = match file.status {
                GenerateStatus::Written => "written",
                GenerateStatus::WouldWrite => "would write",
                GenerateStatus::Kept => "kept",
                GenerateStatus::Skipped => "skipped",
            };
            text += &format!("{status:<11}  {}", file.path);
            if let Some(reason) = &file.reason {
                text += &format!("  ({reason})");
            }
            text.push('\n');
        }
        print(text.as_bytes())?;
    }
    // What was skipped is reported; a script must be able to tell.
    let skipped = report.count(GenerateStatus::Skipped);
    Ok(ExitCode::from(u8::from(skipped > 0)))
}

fn inspect(args: &PmInspectArgs) -> Result<ExitCode, EngineError> {
    let Inspection { file, errors } = pm::inspect_file(&engine::real_vfs(), &args.file, args.size)?;
    let text = if args.json {
        file.to_string()
    } else {
        pm::inspection_text(&file)
    };
    print(format!("{}\n", text.trim_end()).as_bytes())?;
    for error in &errors {
        say(&format!("damaged: {error}"));
    }
    Ok(ExitCode::from(u8::from(!errors.is_empty())))
}

fn verify(args: &PmVerifyArgs) -> Result<ExitCode, EngineError> {
    let findings = pm::verify_file(
        &engine::real_vfs(),
        &args.file,
        args.size,
        args.against.as_deref(),
    )?;
    for finding in &findings {
        print(format!("{finding}\n").as_bytes())?;
    }
    if !findings.is_empty() {
        return Ok(ExitCode::from(DAMAGED));
    }
    print(format!("{}: sound\n", args.file.display()).as_bytes())?;
    Ok(ExitCode::SUCCESS)
}
