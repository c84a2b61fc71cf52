//! Each command: arguments to a request, an answer to text.

use std::fmt::Display;
use std::io::{self, Write};
use std::process::ExitCode;
use std::time::Duration;

use engine::{
    ByteSize, CancelToken, Cause, EngineError, ExportRequest, Listed, Output, ScanRequest, Shown,
    TimeLimit, TimeRange, Unfinished,
};

use crate::args::{
    Command, ExportArgs, Listing, ListingFormat, PmCommand, Profile, ReadMode, Reading, ScanArgs,
    ScanFormat, Selection, ShowCommand, ShowTableArgs, ShowTablesArgs,
};
use crate::output::{complain, print, say};
use crate::progress_bar::TerminalProgress;
use crate::report_text::report_text;

/// Whether the results of a command go to stdout piece by piece, so that there is no file to clean
/// up and a reader that may never read on.
pub(crate) fn streams_to_stdout(command: &Command) -> bool {
    let is_stdout = |path: &std::path::Path| path.as_os_str() == "-";
    match command {
        Command::Export(args) => is_stdout(&args.output),
        Command::Scan(args) => args.output.as_deref().is_none_or(is_stdout),
        _ => false,
    }
}

/// Whether a command watches the cancel token. For all others the signal's own effect is the right
/// one: the process ends.
pub(crate) fn cleans_up(command: &Command) -> bool {
    matches!(
        command,
        Command::Export(_) | Command::Scan(_) | Command::Pm(PmCommand::Generate(_))
    )
}

/// What stops a command, and what is left to do then.
pub(crate) struct Work {
    pub(crate) cancel: CancelToken,
    pub(crate) unfinished: Unfinished,
    /// How long it may take to stop by itself.
    pub(crate) grace: Duration,
}

impl Work {
    /// Sees to it that a command ends when its time is up, wherever it is then.
    fn limit(&self, limit: Option<Duration>) {
        if let Some(limit) = limit {
            crate::ending::watch_limit(limit, self.grace, &self.unfinished);
        }
    }
}

/// Runs one command.
pub(crate) fn run(command: Command, work: &Work) -> Result<ExitCode, EngineError> {
    match command {
        Command::Export(args) => export(args, work),
        Command::Scan(args) => scan(args, work),
        Command::Show(ShowCommand::Tables(args)) => show_tables(&args),
        Command::Show(ShowCommand::Columns(args)) => {
            show(&engine::show_columns(&args.table)?, &args)
        }
        Command::Show(ShowCommand::Partitions(args)) => {
            show(&engine::show_partitions(&args.table)?, &args)
        }
        Command::Pm(command) => crate::pm::run(command, work),
    }
}

fn export(args: ExportArgs, work: &Work) -> Result<ExitCode, EngineError> {
    let to_stdout = args.output.as_os_str() == "-";
    if to_stdout && args.json {
        return Err(bad_option(
            "--json",
            &"the report cannot share stdout with `-o -`",
        ));
    }
    let output = if to_stdout {
        Output::Writer(Box::new(io::stdout()))
    } else {
        Output::File(args.output)
    };
    let mut request = ExportRequest::new(args.table, output);
    request.writer.codec = args
        .codec
        .parse()
        .map_err(|error| bad_option("--codec", &error))?;
    request.row_group_rows = args.row_group_rows;
    args.parquet.apply(&mut request)?;
    request.range = range(&args.selection)?;
    request.columns = args.selection.columns;
    request.profile = profile(args.profile);
    request.read_mode = read_mode(args.reading.read_mode);
    request.timeout = timeout(&args.reading)?;
    request.threads = args.threads.unwrap_or(request.threads);
    request.memory_bytes = args
        .memory
        .parse::<ByteSize>()
        .map_err(|error| bad_option("--memory", &error))?
        .0;
    request.stats = args.stats;
    request.force = args.force;
    request.sync = !args.no_sync;
    request.unfinished = work.unfinished.clone();
    work.limit(request.timeout);
    let progress = TerminalProgress::new(args.volume);
    let report = engine::export(request, &progress, &work.cancel)?;
    if args.json {
        let json = serde_json::to_string(&report).unwrap_or_default();
        print(format!("{json}\n").as_bytes())?;
    } else if !args.volume.quiet {
        let text = report_text(&report);
        // The report never shares stdout with the file.
        if to_stdout {
            let _ = io::stderr().write_all(text.as_bytes());
        } else {
            print(text.as_bytes())?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn scan(args: ScanArgs, work: &Work) -> Result<ExitCode, EngineError> {
    let file = args.output.filter(|path| path.as_os_str() != "-");
    let progress = match file {
        Some(_) => TerminalProgress::new(args.volume),
        // Rows on the terminal are progress enough.
        None => TerminalProgress::silent(args.volume),
    };
    let output = file.map_or_else(|| Output::Writer(Box::new(io::stdout())), Output::File);
    let mut request = ScanRequest::new(args.table, output);
    request.range = range(&args.selection)?;
    request.columns = args.selection.columns;
    request.limit = args.limit;
    request.reverse = args.reverse;
    request.format = match args.format {
        ScanFormat::Csv => engine::ScanFormat::Csv,
        ScanFormat::Json => engine::ScanFormat::Json,
    };
    request.profile = profile(args.profile);
    request.read_mode = read_mode(args.reading.read_mode);
    request.timeout = timeout(&args.reading)?;
    request.force = args.force;
    request.unfinished = work.unfinished.clone();
    work.limit(request.timeout);
    match engine::scan(request, &progress, &work.cancel) {
        // `sluice scan t | head` is no failure.
        Err(error) if error.is_closed_pipe() => Ok(ExitCode::SUCCESS),
        done => done.map(|_| ExitCode::SUCCESS),
    }
}

fn show_tables(args: &ShowTablesArgs) -> Result<ExitCode, EngineError> {
    let shown = engine::show_tables(&args.root)?;
    list(&shown.tables, args.listing)?;
    // Tables that cannot be read do not hide the others, and are not passed over in silence.
    Ok(shown
        .errors
        .iter()
        .map(complain)
        .next_back()
        .unwrap_or(ExitCode::SUCCESS))
}

fn show<T: Listed>(shown: &Shown<T>, args: &ShowTableArgs) -> Result<ExitCode, EngineError> {
    list(&shown.facts, args.listing)?;
    if let Some(count @ 1..) = shown.wal_pending_txns {
        let plural = if count == 1 { "" } else { "s" };
        say(&format!(
            "{count} transaction{plural} of the write-ahead log wait to be applied to {} and are \
             not part of it yet",
            shown.table
        ));
    }
    Ok(ExitCode::SUCCESS)
}

fn list<T: Listed>(facts: &[T], listing: Listing) -> Result<(), EngineError> {
    let format = match listing.format {
        ListingFormat::Table => engine::ListingFormat::Table,
        ListingFormat::Json => engine::ListingFormat::Json,
        ListingFormat::Csv => engine::ListingFormat::Csv,
    };
    let mut text = Vec::new();
    engine::write_listing(&mut text, facts, format)?;
    print(&text)
}

fn range(selection: &Selection) -> Result<TimeRange, EngineError> {
    let point = |option, text: &Option<String>| match text {
        Some(text) => text
            .parse()
            .map(Some)
            .map_err(|error| bad_option(option, &error)),
        None => Ok(None),
    };
    Ok(TimeRange {
        from: point("--from", &selection.from)?,
        to: point("--to", &selection.to)?,
    })
}

fn profile(profile: Profile) -> engine::ScanProfile {
    match profile {
        Profile::Cached => engine::ScanProfile::Cached,
        Profile::Sequential => engine::ScanProfile::Sequential,
        Profile::Evict => engine::ScanProfile::SequentialEvict,
    }
}

fn read_mode(mode: ReadMode) -> engine::ReadMode {
    match mode {
        ReadMode::Auto => engine::ReadMode::Auto,
        ReadMode::Mapped => engine::ReadMode::Mapped,
        ReadMode::Positional => engine::ReadMode::Positional,
    }
}

fn timeout(reading: &Reading) -> Result<Option<Duration>, EngineError> {
    let parse = |text: &String| text.parse::<TimeLimit>();
    let limit = reading.timeout.as_ref().map(parse).transpose();
    let limit = limit.map_err(|error| bad_option("--timeout", &error))?;
    Ok(limit.map(|limit| limit.0))
}

pub(crate) fn bad_option(option: &'static str, reason: &dyn Display) -> EngineError {
    Cause::BadOption {
        option,
        reason: reason.to_string(),
    }
    .into()
}
