//! Programs that this one starts: run to their end with their output in a log, or kept running as a process group.
//!
//! Only processes started here are ever ended, by the number of their own group.

use std::fs::{self, File};
use std::io::{BufRead as _, BufReader, Read, Write as _};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Mutex, Once};
use std::time::{Duration, Instant};
use std::{io, thread};

use anyhow::{Context as _, Result, bail};
use rustix::process::{Pid, Signal, kill_process_group};

use crate::progress::Step;

/// How a program ended.
#[derive(Debug)]
pub struct Ended {
    pub status: ExitStatus,
    /// Standard output and error as they came.
    pub text: String,
}

impl Ended {
    /// The last `lines` lines.
    pub fn tail(&self, lines: usize) -> String {
        tail(&self.text, lines)
    }
}

/// The last `lines` lines of a text.
pub fn tail(text: &str, lines: usize) -> String {
    let all: Vec<&str> = text.lines().collect();
    all[all.len().saturating_sub(lines)..].join("\n")
}

/// Runs a program to its end. Its output goes to `log` and, line by line, beside the step's spinner.
pub fn run(step: &Step, command: &mut Command, log: &Path) -> Result<Ended> {
    let program = command.get_program().to_string_lossy().into_owned();
    if let Some(folder) = log.parent() {
        fs::create_dir_all(folder).with_context(|| format!("cannot create `{}`", folder.display()))?;
    }
    let file = File::create(log).with_context(|| format!("cannot write `{}`", log.display()))?;
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .with_context(|| format!("`{program}` cannot be started"))?;
    let sink = Mutex::new((file, String::new()));
    let pipes: [Option<Box<dyn Read + Send>>; 2] = [
        child.stdout.take().map(|pipe| Box::new(pipe) as _),
        child.stderr.take().map(|pipe| Box::new(pipe) as _),
    ];
    thread::scope(|scope| {
        for pipe in pipes.into_iter().flatten() {
            scope.spawn(|| copy_lines(pipe, &sink, step));
        }
    });
    let status = child.wait().with_context(|| format!("`{program}` was lost"))?;
    let (_, text) = sink.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
    Ok(Ended { status, text })
}

/// Runs a program that must succeed; if it does not, the error shows the end of its output and where the rest is.
pub fn run_well(step: &Step, command: &mut Command, log: &Path) -> Result<Ended> {
    let program = command.get_program().to_string_lossy().into_owned();
    let ended = run(step, command, log)?;
    if !ended.status.success() {
        bail!("`{program}` ended with {}:\n{}\n(all of it: {})", ended.status, ended.tail(30), log.display());
    }
    Ok(ended)
}

fn copy_lines(pipe: Box<dyn Read + Send>, sink: &Mutex<(File, String)>, step: &Step) {
    let mut reader = BufReader::new(pipe);
    let mut line = Vec::new();
    while reader.read_until(b'\n', &mut line).is_ok_and(|n| n > 0) {
        let text = String::from_utf8_lossy(&line);
        step.note(&text);
        let mut sink = sink.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        // A log that cannot be written must not end the step: its text is kept as well.
        sink.0.write_all(&line).ok();
        sink.1.push_str(&text);
        drop(sink);
        line.clear();
    }
}

/// A program that answers one question on its standard output; `None` if it is missing or fails.
pub fn ask(command: &mut Command) -> Option<String> {
    let output = command.stdin(Stdio::null()).stderr(Stdio::null()).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// A program that keeps running, with all that it starts, until it is killed or dropped.
#[derive(Debug)]
pub struct Group {
    child: Child,
    pid: Pid,
    name: String,
    log: PathBuf,
}

/// What a group's processes used so far.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Usage {
    /// User and system time of the processes that live.
    pub cpu: Duration,
    /// Sum of each process's fullest moment, bytes.
    pub peak_memory: u64,
}

impl Group {
    /// Starts a program in a process group of its own, its output appended to `log`.
    pub fn start(name: &str, command: &mut Command, log: &Path) -> Result<Self> {
        end_groups_with_this_program();
        let file = File::options().create(true).append(true).open(log);
        let file = file.with_context(|| format!("cannot write `{}`", log.display()))?;
        let child = command
            .stdin(Stdio::null())
            .stdout(file.try_clone().context("cannot share the log")?)
            .stderr(file)
            .process_group(0)
            .spawn()
            .with_context(|| format!("{name} cannot be started"))?;
        let pid = Pid::from_child(&child);
        living().push(pid);
        Ok(Self { child, pid, name: name.to_owned(), log: log.to_owned() })
    }

    pub fn log(&self) -> &Path {
        &self.log
    }

    /// Calls `ready` until it gives something; fails if the program ends or `patience` does.
    pub fn wait_until<T>(&mut self, patience: Duration, mut ready: impl FnMut() -> Option<T>) -> Result<T> {
        let started = Instant::now();
        loop {
            if let Some(result) = ready() {
                return Ok(result);
            }
            let ended = self.child.try_wait().context("cannot ask for a child's state")?;
            if ended.is_some() || started.elapsed() > patience {
                let how = ended.map_or("is not ready".to_owned(), |status| format!("ended with {status}"));
                let log = fs::read_to_string(&self.log).unwrap_or_default();
                let seconds = started.elapsed().as_secs();
                bail!("{} {how} after {seconds} s; the end of its log:\n{}", self.name, tail(&log, 30));
            }
            thread::sleep(Duration::from_millis(10));
        }
    }

    /// SIGKILL to the whole group: nothing of it gets to tidy up.
    pub fn kill(&mut self) {
        // An error means that it is gone already.
        kill_process_group(self.pid, Signal::KILL).ok();
        self.child.wait().ok();
        living().retain(|pid| *pid != self.pid);
        // Grandchildren are reaped by init; until they are gone their ports and files are not free.
        for _ in 0..200 {
            if self.processes().is_empty() {
                return;
            }
            thread::sleep(Duration::from_millis(10));
        }
    }

    /// What the processes whose command contains `program` used.
    pub fn usage(&self, program: &str) -> Usage {
        let ticks = rustix::param::clock_ticks_per_second();
        let mut usage = Usage::default();
        for process in self.processes() {
            if !process.command.contains(program) {
                continue;
            }
            usage.cpu += Duration::from_millis(process.ticks * 1_000 / ticks);
            usage.peak_memory += process.peak_memory;
        }
        usage
    }

    fn processes(&self) -> Vec<Process> {
        let Ok(folders) = fs::read_dir("/proc") else { return Vec::new() };
        let group = self.pid.as_raw_nonzero().get();
        folders
            .filter_map(Result::ok)
            .filter_map(|folder| Process::read(&folder.path(), group).ok().flatten())
            .collect()
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        self.kill();
    }
}

struct Process {
    command: String,
    ticks: u64,
    peak_memory: u64,
}

impl Process {
    /// Reads `/proc/<pid>`; `None` if it belongs to another group or is a zombie (see `proc_pid_stat(5)`).
    fn read(folder: &Path, group: i32) -> io::Result<Option<Self>> {
        let Ok(stat) = fs::read_to_string(folder.join("stat")) else { return Ok(None) };
        // The program's name stands in parentheses and may hold anything; fields are counted behind it.
        let Some((_, rest)) = stat.rsplit_once(") ") else { return Ok(None) };
        let fields: Vec<&str> = rest.split(' ').collect();
        let number =
            |at: usize| fields.get(at).and_then(|field| field.parse::<u64>().ok()).unwrap_or_default();
        if number(2) != u64::from(group.unsigned_abs()) || fields.first() == Some(&"Z") {
            return Ok(None);
        }
        let status = fs::read_to_string(folder.join("status"))?;
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let kilobytes = peak.and_then(|line| line.trim().trim_end_matches(" kB").parse::<u64>().ok());
        let command = fs::read(folder.join("cmdline"))?;
        Ok(Some(Self {
            command: String::from_utf8_lossy(&command).replace('\0', " "),
            ticks: number(11) + number(12),
            peak_memory: kilobytes.unwrap_or_default() * 1024,
        }))
    }
}

/// The groups that live. They are not in the terminal's process group, so Ctrl-C would end this program and leave them.
static LIVING: Mutex<Vec<Pid>> = Mutex::new(Vec::new());

fn living() -> std::sync::MutexGuard<'static, Vec<Pid>> {
    LIVING.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

/// Temporary folders to remove when a signal ends this program: nothing is dropped then.
static FOLDERS: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());

/// Removes `folder` also when Ctrl-C ends this program.
pub fn remove_when_interrupted(folder: &Path) {
    FOLDERS.lock().unwrap_or_else(std::sync::PoisonError::into_inner).push(folder.to_owned());
}

/// From the first group on, Ctrl-C, SIGTERM and SIGHUP end all groups, then this program.
fn end_groups_with_this_program() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let handler = || {
            for pid in living().iter() {
                kill_process_group(*pid, Signal::KILL).ok();
            }
            for folder in FOLDERS.lock().unwrap_or_else(std::sync::PoisonError::into_inner).iter() {
                fs::remove_dir_all(folder).ok();
            }
            // As a shell reports a program that Ctrl-C ended.
            std::process::exit(130);
        };
        if let Err(error) = ctrlc::set_handler(handler) {
            eprintln!("Ctrl-C will leave workerd running: {error}");
        }
    });
}
