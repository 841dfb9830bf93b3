//! Mixed traffic: for a few seconds among the journeys, or for as long as `tests/load` is told.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::time::Duration;

use reqwest::Method;
use reqwest::header::CONTENT_TYPE;
use support::client::{self, Client, PASSWORD};
use support::emulator::Emulator;
use support::store::Store;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

use crate::diary::Diary;

/// The duration in seconds without `LOAD_SECONDS`.
const A_FEW_SECONDS: u64 = 3;

/// The emulator blocks for good when a function has more than a hundred requests waiting.
const CLIENTS: usize = 8;
const PROCESSES: usize = 2;

const FUNCTIONS: [&str; 3] = ["register", "login", "validate"];

/// The number of looks at the memory of each process, if there is time for them.
const SAMPLES: u32 = 120;

/// The shortest run that shows a growth of memory.
const LONG: Duration = Duration::from_mins(1);

/// The growth in KiB that a process may have between its first sixth and the end, for pages that are touched late.
const GROWTH: u64 = 1024;

/// The most guesses of a visitor before a lock-out. The sixth comes a second too late on a busy machine alone, and the waits
/// double.
const GUESSES: usize = 12;

/// One of this many tours of a visitor is a guesser's.
const GUESSING: usize = 5;

pub async fn mixed_traffic_gets_the_expected_responses_and_loses_no_account(store: &Store) {
    let service = Emulator::start_many(&store.variables, PROCESSES);
    let (began, time) = (Instant::now(), duration());
    let visitors = (0..CLIENTS).map(|visitor| visit(service.client(), visitor, began + time));
    let visitors = visitors.collect::<JoinSet<_>>();
    let (visits, memory) = tokio::join!(visitors.join_all(), watch(&service, began, time));
    let took = began.elapsed();
    let (diaries, accounts): (Vec<_>, Vec<_>) = visits.into_iter().unzip();
    let diary = diaries.into_iter().reduce(Diary::and).expect("a visitor");
    let accounts = accounts.concat();
    println!("{} accounts", accounts.len());
    diary.print(took);
    print(&memory);

    are_there(&service, &accounts).await;
    assert_eq!(diary.surprises, [""; 0]);
    assert_eq!(service.errors(), [0; 0]);
    for function in FUNCTIONS {
        let processes = memory.values().filter(|process| process.function == function);
        let processes = processes.count();
        // In a short time some may still be starting.
        assert!(time < LONG || processes == PROCESSES, "{processes}: {function} died, or had nothing to do");
    }
    for (pid, process) in &memory {
        let (early, late) = process.early_and_late();
        assert!(time < LONG || late <= early + GROWTH, "{} ({pid}): {early}, {late} KiB", process.function);
    }
}

#[expect(clippy::disallowed_methods, reason = "how long it takes is chosen from outside")]
pub fn duration() -> Duration {
    let seconds = std::env::var("LOAD_SECONDS").map_or(A_FEW_SECONDS, |text| text.parse().expect("seconds"));
    Duration::from_secs(seconds)
}

/// An account whose registration had a 201.
#[derive(Clone)]
struct Account {
    name: String,
    password: String,
    user_id: String,
    bearer: String,
}

/// Makes one tour of the service after the other, each under a name of its own.
async fn visit(client: Client, visitor: usize, until: Instant) -> (Diary, Vec<Account>) {
    let (mut diary, mut accounts) = (Diary::default(), Vec::new());
    let mut tour = visitor;
    while Instant::now() < until {
        let name = format!("visitor{visitor}-{tour}");
        if let Some(account) = register(&client, &name, &mut diary).await {
            come_back(&client, &account, &mut diary).await;
            accounts.push(account);
        }
        blunder(&client, &name, &mut diary).await;
        if tour.is_multiple_of(GUESSING) {
            let somebody_or_nobody = [name.clone(), format!("nobody-{name}")];
            guess(&client, &somebody_or_nobody[tour % 2], &mut diary).await;
        }
        tour += 1;
    }
    (diary, accounts)
}

/// Registers one name twice at the same time: one gets it, and the password of the other is wrong.
async fn register(client: &Client, name: &str, diary: &mut Diary) -> Option<Account> {
    let [one, other] = ["one's", "the other's"].map(|whose| format!("{whose} password, {name}"));
    let (ones, others) = tokio::join!(client.register(name, &one), client.register(name, &other));
    let racers = [(one, ones), (other, others)];
    let [(password, registered), (wrong, refused)] = match racers {
        [one, other] if one.1.status == 201 => [one, other],
        [one, other] => [other, one],
    };
    diary.note("register, a name that is taken", &[400], &refused);
    if !diary.note("register", &[201], &registered) {
        return None;
    }
    diary.note("login, wrong password", &[401], &client.login(name, &wrong).await);
    let (user_id, bearer) = (registered.text("user_id"), registered.bearer());
    Some(Account { name: name.to_owned(), password, user_id, bearer })
}

/// The owner logs in, and shows both tokens.
async fn come_back(client: &Client, account: &Account, diary: &mut Diary) {
    let logged_in = client.login(&account.name, &account.password).await;
    if !diary.note("login", &[200], &logged_in) {
        return;
    }
    for bearer in [account.bearer.clone(), logged_in.bearer()] {
        let response = client.validate(&bearer).await;
        if diary.note("validate, good token", &[200], &response) {
            let owner = response.text("user_id");
            diary.expect(owner == account.user_id, || format!("{} has two ids", account.name));
        }
        let tampered = bearer.replace('.', "..");
        diary.note("validate, bad token", &[401], &client.validate(&tampered).await);
    }
}

/// Sends bad requests.
async fn blunder(client: &Client, name: &str, diary: &mut Diary) {
    let nobody = client.login(&format!("nobody-{name}"), PASSWORD).await;
    diary.note("login, unknown name", &[401], &nobody);
    diary.note("register, malformed", &[400], &client.post("register", "{\"username\":").await);
    diary.note("register, bad fields", &[400], &client.register("no name at all!", "short").await);
    diary.note("register, too long", &[413], &client.post("register", "x".repeat(20_000)).await);
    diary.note("login, malformed", &[400], &client.post("login", r#"{"username":1}"#).await);
    let text = client.request(Method::POST, "/login").header(CONTENT_TYPE, "text/plain").body("let me in");
    diary.note("login, no JSON", &[415], &client::send(text).await);
    diary.note("validate, no token", &[400], &client.validate("").await);
}

/// Guesses until a lock-out, which comes from the sixth guess on.
async fn guess(client: &Client, name: &str, diary: &mut Diary) {
    // At an unknown name there was one failure before.
    for number in 1..=GUESSES {
        let response = client.login(name, &format!("guess number {number}")).await;
        let expected: &[u16] = if number < 5 { &[401] } else { &[401, 429] };
        if !diary.note("login, guessed", expected, &response) || response.status == 429 {
            return;
        }
    }
    diary.expect(false, || format!("{name} was never locked"));
}

/// Asserts that every account still belongs to its owner and has an id of its own.
async fn are_there(service: &Emulator, accounts: &[Account]) {
    let ids: BTreeSet<_> = accounts.iter().map(|account| &account.user_id).collect();
    assert_eq!(ids.len(), accounts.len(), "an id twice");
    for some in accounts.chunks(CLIENTS) {
        let checks = some.iter().cloned().map(|account| is_there(service.client(), account));
        checks.collect::<JoinSet<_>>().join_all().await;
    }
}

async fn is_there(client: Client, account: Account) {
    let mut response = client.login(&account.name, &account.password).await;
    while response.status == 429 {
        sleep(Duration::from_secs(response.headers["retry-after"].parse().expect("seconds"))).await;
        response = client.login(&account.name, &account.password).await;
    }
    assert_eq!(response.status, 200, "{} is lost", account.name);
    for bearer in [account.bearer, response.bearer()] {
        assert_eq!(client.validate(&bearer).await.text("user_id"), account.user_id, "{}", account.name);
    }
}

/// The memory that a process had resident, in KiB, each time it was looked at.
struct Memory {
    function: &'static str,
    samples: Vec<u64>,
}

impl Memory {
    /// The medians of the second sixth of the time and of the last. In the first everything is new.
    fn early_and_late(&self) -> (u64, u64) {
        let sixth = self.samples.len().div_ceil(6);
        let usual = |samples: &[u64]| {
            let mut sorted = samples.to_vec();
            sorted.sort_unstable();
            sorted[sorted.len() / 2]
        };
        let early = self.samples.chunks(sixth).nth(1).unwrap_or(&self.samples);
        (usual(early), usual(&self.samples[self.samples.len() - sixth..]))
    }
}

/// Looks at the memory of each process while there is traffic.
async fn watch(service: &Emulator, began: Instant, time: Duration) -> BTreeMap<u32, Memory> {
    let mut memory = BTreeMap::<u32, Memory>::new();
    while began.elapsed() < time {
        for function in FUNCTIONS {
            for pid in service.processes(function) {
                // A process that has just ended is missing in the count of processes below.
                if let Some(resident) = resident(pid) {
                    let of_process = memory.entry(pid).or_insert(Memory { function, samples: Vec::new() });
                    of_process.samples.push(resident);
                }
            }
        }
        sleep((time / SAMPLES).max(Duration::from_millis(100))).await;
    }
    memory
}

fn resident(pid: u32) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    status.lines().find_map(|line| line.strip_prefix("VmRSS:")?.trim().strip_suffix(" kB")?.parse().ok())
}

fn print(memory: &BTreeMap<u32, Memory>) {
    println!("\n| process | resident at first (KiB) | at last |\n|---|---|---|");
    for process in memory.values() {
        let (early, late) = process.early_and_late();
        println!("| {} | {early} | {late} |", process.function);
    }
}
