//! Every target over its corpus and over mutations of it. `BOLERO_RANDOM_TEST_TIME_MS` and `BOLERO_RANDOM_ITERATIONS` say how
//! long; a failure names the seed that repeats it.

use bolero::check;
use spoke_fuzz::{TARGETS, Target, corpus, corpus_folder, mutate};

/// Rounds of each target where nothing else is said: all of them take a second together.
const ROUNDS: usize = 400;

/// What the engine draws: which member of the corpus, and what is done to it.
type Drawn = (u16, Vec<(u16, u8, u16)>);

fn target(name: &str) -> (Target, Vec<Vec<u8>>) {
    let (_, target) = TARGETS.iter().find(|(own, _)| *own == name).expect("a target of this name");
    let corpus = corpus(name).expect("a corpus that can be read");
    for input in &corpus {
        target(input);
    }
    (*target, corpus)
}

fn mutated(corpus: &[Vec<u8>], (seed, edits): &Drawn) -> Vec<u8> {
    let edits: Vec<_> =
        edits.iter().take(8).map(|&(at, kind, value)| (at, mutate::edit(kind, value))).collect();
    mutate::apply(corpus, *seed, &edits)
}

/// How many of so many mutated inputs are read.
fn read_of(name: &str, rounds: u32, reads: impl Fn(&[u8]) -> bool) -> u32 {
    let corpus = corpus(name).expect("a corpus that can be read");
    let mut random = u64::from(rounds);
    let mut draw = || {
        // Knuth's: good enough to stir an input.
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (random >> 40) as u16
    };
    let mut read = 0;
    for _ in 0..rounds {
        let edits: Vec<_> = (0..draw() % 4).map(|_| (draw(), draw() as u8, draw())).collect();
        read += u32::from(reads(&mutated(&corpus, &(draw(), edits))));
    }
    read
}

/// Mutations must leave inputs that are read beside those that are refused: else only the first check would be tried.
#[test]
fn mutated_inputs_are_both_read_and_refused() {
    use spoke::hubspot::{oauth, record, webhooks};
    use spoke::values::filter::Filter;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    for (name, read) in [
        ("filters", read_of("filters", 2_000, |bytes| Filter::parse(&text(bytes)).is_ok())),
        (
            "records",
            read_of("records", 2_000, |bytes| {
                record::parse_page(bytes).is_ok_and(|page| !page.records.is_empty())
            }),
        ),
        (
            "webhook_events",
            read_of("webhook_events", 2_000, |bytes| {
                webhooks::parse_events(bytes, 100).is_ok_and(|all| !all.is_empty())
            }),
        ),
        ("token_answers", read_of("token_answers", 2_000, |bytes| oauth::parse_tokens(bytes).is_ok())),
    ] {
        assert!((150..1_950).contains(&read), "{name}: {read} of 2,000 were read");
    }
}

macro_rules! targets {
    ($($name:ident)*) => {
        $(
            #[test]
            fn $name() {
                let (target, corpus) = target(stringify!($name));
                check!().with_iterations(ROUNDS).with_type::<Drawn>().for_each(|drawn| target(&mutated(&corpus, drawn)));
            }
        )*

        #[test]
        fn every_target_is_run_and_has_a_corpus() {
            let run = [$(stringify!($name)),*];
            assert_eq!(TARGETS.map(|(name, _)| name).as_slice(), run.as_slice());
            for name in run {
                let count = std::fs::read_dir(corpus_folder(name)).expect("a corpus").count();
                assert!(count >= 3, "{name}: {count}");
            }
        }
    };
}

targets! {
    webhook_events
    webhook_signature
    token_answers
    records
    hubspot_lists
    associations
    properties
    owners
    account
    errors
    oauth_callback
    cursors
    filters
    workflows
    api_keys
    json_bodies
    cookies
    receivers
}
