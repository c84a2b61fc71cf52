//! Who writes the table to Parquet, and how each is told to.
//!
//! *Defaults* means that the codec is said and nothing else; *best* what somebody would say who
//! knows the data and the manual (`export_peer.py` holds it for the libraries). Peers start from
//! the form in which they hold data themselves; none syncs.

use std::fmt;
use std::path::{Path, PathBuf};

use testkit::generate::Workload;

use crate::measure::script;
use crate::sources::Form;
use crate::stream::contestant::QuestDb;

/// A library or program with two ways to be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// The codec and nothing else.
    Defaults,
    /// By hand.
    Best,
}

impl Style {
    fn name(self) -> &'static str {
        match self {
            Style::Defaults => "defaults",
            Style::Best => "best",
        }
    }
}

/// A contestant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Contestant {
    /// `sluice export` on so many threads.
    Sluice(usize),
    /// The same with `--profile cached`: source and output stay in the page cache, as everybody else
    /// leaves them.
    SluiceCached(usize),
    /// The same tuned by hand: large pages, in which longer patterns are found, and less can be skipped;
    /// of `wide`, whose texts are long, larger ones still, and row groups by rows alone.
    SluiceBest(usize),
    /// pyarrow from mapped Arrow IPC.
    Pyarrow(Style),
    /// Polars from Arrow IPC.
    Polars(Style),
    /// `DuckDB` from its own file.
    DuckDb(Style),
    /// chDB from its own directory.
    ChDb(Style),
    /// arrow-rs over the mapped columns, as a Rust user writes it by hand, on so many threads.
    ArrowRs(Style, usize),
    /// `/exp` of `QuestDB`.
    QuestDbExp,
    /// `COPY … TO` of `QuestDB`.
    QuestDbCopy,
    /// `cp -r` of the table directory.
    Cp,
}

impl fmt::Display for Contestant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Contestant::Sluice(threads) => write!(f, "sluice-{threads}t"),
            Contestant::SluiceCached(threads) => write!(f, "sluice-cached-{threads}t"),
            Contestant::SluiceBest(threads) => write!(f, "sluice-best-{threads}t"),
            Contestant::Pyarrow(style) => write!(f, "pyarrow-{}", style.name()),
            Contestant::Polars(style) => write!(f, "polars-{}", style.name()),
            Contestant::DuckDb(style) => write!(f, "duckdb-{}", style.name()),
            Contestant::ChDb(style) => write!(f, "chdb-{}", style.name()),
            Contestant::ArrowRs(style, threads) => {
                write!(f, "arrow-rs-{}-{threads}t", style.name())
            }
            Contestant::QuestDbExp => f.write_str("questdb-exp"),
            Contestant::QuestDbCopy => f.write_str("questdb-copy"),
            Contestant::Cp => f.write_str("cp-r"),
        }
    }
}

/// What kind of rival a contestant is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Us.
    Ours,
    /// A peer at its defaults.
    Defaults,
    /// A peer tuned by hand.
    Best,
    /// The server that the table is from.
    Server,
    /// The disk.
    Copy,
}

/// Where everything is.
#[derive(Clone, Debug)]
pub struct Places {
    /// Our program.
    pub sluice: PathBuf,
    /// Whether it takes `--threads`.
    pub threads: bool,
    /// A Python that has pyarrow, Polars and `DuckDB`.
    pub python: PathBuf,
    /// A Python that has chDB, if there is one.
    pub chdb: Option<PathBuf>,
    /// The exporter with arrow-rs, if it was built.
    pub arrow_rs: Option<PathBuf>,
    /// Java and the server's jar, if there are.
    pub server: Option<(PathBuf, PathBuf)>,
}

/// The best that we offer for a workload.
fn best_options(workload: Workload) -> impl Iterator<Item = &'static str> {
    let large = ["--page-rows", "1000000", "--page-bytes"];
    let rest: &[&str] = match workload {
        Workload::Wide => &["8MiB", "--row-group-bytes", "2GiB", "--memory", "512MiB"],
        _ => &["1MiB"],
    };
    large.into_iter().chain(rest.iter().copied())
}

impl Places {
    /// Who can take part.
    #[must_use]
    pub fn contestants(&self) -> Vec<Contestant> {
        let mut all = vec![Contestant::Sluice(1)];
        if self.threads {
            all.extend([
                Contestant::Sluice(2),
                Contestant::SluiceCached(2),
                Contestant::SluiceBest(2),
            ]);
        }
        let styles = [Style::Defaults, Style::Best];
        all.extend(styles.map(Contestant::Pyarrow));
        all.extend(styles.map(Contestant::Polars));
        all.extend(styles.map(Contestant::DuckDb));
        if self.chdb.is_some() {
            all.extend(styles.map(Contestant::ChDb));
        }
        if self.arrow_rs.is_some() {
            for style in styles {
                all.extend([1, 2].map(|threads| Contestant::ArrowRs(style, threads)));
            }
        }
        if self.server.is_some() {
            all.extend([Contestant::QuestDbExp, Contestant::QuestDbCopy]);
        }
        all.push(Contestant::Cp);
        all
    }
}

/// One export.
#[derive(Clone, Copy, Debug)]
pub struct Task<'a> {
    /// Where everything is.
    pub places: &'a Places,
    /// Which table it is.
    pub workload: Workload,
    /// Its directory.
    pub table: &'a Path,
    /// The codec, as we spell it.
    pub codec: &'a str,
    /// An empty directory for the output.
    pub output: &'a Path,
    /// The server, when it is needed.
    pub questdb: Option<&'a QuestDb>,
}

impl Contestant {
    /// What it is to us.
    #[must_use]
    pub fn role(self) -> Role {
        match self {
            Contestant::Sluice(_) | Contestant::SluiceCached(_) | Contestant::SluiceBest(_) => {
                Role::Ours
            }
            Contestant::Pyarrow(style)
            | Contestant::Polars(style)
            | Contestant::DuckDb(style)
            | Contestant::ChDb(style)
            | Contestant::ArrowRs(style, _) => match style {
                Style::Defaults => Role::Defaults,
                Style::Best => Role::Best,
            },
            Contestant::QuestDbExp | Contestant::QuestDbCopy => Role::Server,
            Contestant::Cp => Role::Copy,
        }
    }

    /// The form that it starts from, if it is not the table itself.
    #[must_use]
    pub fn form(self) -> Option<Form> {
        match self {
            Contestant::Pyarrow(_) | Contestant::Polars(_) => Some(Form::Ipc),
            Contestant::DuckDb(_) => Some(Form::DuckDb),
            Contestant::ChDb(_) => Some(Form::ChDb),
            _ => None,
        }
    }

    /// Whether the server does the work.
    #[must_use]
    pub fn is_server(self) -> bool {
        self.role() == Role::Server
    }

    /// Program and arguments.
    #[must_use]
    pub fn command(self, task: &Task<'_>) -> Vec<String> {
        let Task { places, table, .. } = *task;
        let text = |path: &Path| path.to_string_lossy().into_owned();
        let file = text(&task.output.join(format!("{self}.parquet")));
        let source = self
            .form()
            .map_or(table.to_owned(), |form| form.path(table));
        let codec = task.codec.to_owned();
        let mut command = match self {
            Contestant::Sluice(threads)
            | Contestant::SluiceCached(threads)
            | Contestant::SluiceBest(threads) => {
                let mut command = vec![text(&places.sluice), "export".into(), text(table)];
                command.extend(["-o".into(), file, "--no-sync".into(), "--json".into()]);
                command.extend(["--codec".into(), codec]);
                if matches!(self, Contestant::SluiceCached(_)) {
                    command.extend(["--profile".into(), "cached".into()]);
                }
                if matches!(self, Contestant::SluiceBest(_)) {
                    command.extend(best_options(task.workload).map(Into::into));
                }
                if places.threads {
                    command.extend(["--threads".into(), threads.to_string()]);
                }
                return command;
            }
            Contestant::Cp => {
                let to = text(&task.output.join("copy"));
                return vec!["cp".into(), "-r".into(), text(table), to];
            }
            Contestant::ArrowRs(style, threads) => {
                let program = places.arrow_rs.as_deref().unwrap_or(Path::new("arrow-rs"));
                let mut command = vec![text(program), "export".into(), style.name().into()];
                command.extend([threads.to_string(), task.workload.to_string()]);
                command
            }
            Contestant::QuestDbExp | Contestant::QuestDbCopy => {
                let mut command = vec![text(&places.python), text(&script("export_questdb.py"))];
                command.extend([self.to_string(), task.workload.to_string()]);
                if let Some(server) = task.questdb {
                    command
                        .extend([&server.java, &server.jar, &server.root].map(|path| text(path)));
                }
                command.extend([text(task.output), codec]);
                return command;
            }
            Contestant::ChDb(style) => {
                let python = places.chdb.as_deref().unwrap_or(&places.python);
                peer(python, "chdb", style, task.workload)
            }
            Contestant::Pyarrow(style) => peer(&places.python, "pyarrow", style, task.workload),
            Contestant::Polars(style) => peer(&places.python, "polars", style, task.workload),
            Contestant::DuckDb(style) => peer(&places.python, "duckdb", style, task.workload),
        };
        command.extend([text(&source), file, codec]);
        command
    }
}

fn peer(python: &Path, name: &str, style: Style, workload: Workload) -> Vec<String> {
    let text = |path: &Path| path.to_string_lossy().into_owned();
    let mut command = vec![text(python), text(&script("export_peer.py")), name.into()];
    command.extend([style.name().into(), workload.to_string()]);
    command
}
