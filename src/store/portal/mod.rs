//! What one connection remembers: its mirror, change feed, dirty marks, stream states and sealed credentials.
//!
//! | table | one row is | key |
//! |---|---|---|
//! | `meta` | one named value: schema version, connection, property names | key |
//! | `credentials` | one sealed token | name |
//! | `streams` | the state of one stream, as the engine's JSON | object type |
//! | `types` | a further type of record that is mirrored, as the engine's JSON | object type |
//! | `records_<type>` | one record, or its tombstone; of further types as long as these are mirrored | HubSpot's id |
//! | `further_keys` | something else that a record is called: an additional address or domain, see [`keys`]; a number, see [`phones`] | object type, key, id |
//! | `parts` | what of a record is too large for its row | object type, id, number |
//! | `dirty` | an id that a later read must settle | object type, id |
//! | `erasures` | an erased record that the feed may still hold values of | object type, id |
//! | `erased` | who was erased in the last days | object type, id |
//! | `deletions` | a deletion that may have been for privacy | object type, id |
//! | `fields` | a field of a type, as HubSpot defines it or last did | object type, name |
//! | `field_history` | something that happened to a field | number |
//! | `feed` | the changes of one turn and type | first sequence number |
//! | `channels` | records a host selected, as the engine's JSON | number |
//! | `channel_members` | a record handed over, or to be looked at again | channel, id |
//! | `reference` | owners, pipelines or names of lists, many a row | name, number |
//! | `followed` | a list that is followed, its state as the engine's JSON, and how many are on it | HubSpot's id |
//! | `members` | up to a thousand members of a list | list, the id it begins at |
//! | `links` | one link of two records; see [`links`] | pair of types, both ids |
//! | `link_marks` | a record whose links a later read must settle | object type, id |
//! | `link_types` | what a type of association is called | from, to, type |
//! | `audit` | something that somebody did | number |
//! | `blocks` | someone who is kept out of the mirror | number |
//! | `block_hashes` | a keyed hash of what names one of them | hash, block |
//! | `endpoints` | a receiver of deliveries, as the engine's JSON, and its sealed secrets | number |
//! | `actions` | something that somebody had Spoke do in HubSpot | number |
//! | `outbox` | one write that an action comes to; see [`outbox`] | number |
//! | `echoes` | what was written to a record and has not been read again | object type, id |
//! | `tie_echoes` | links and places on lists that were written and have not been read again | both ends, what |
//! | `seats` | one of the host's users who authorises individually, as the engine's JSON | number |
//! | `seat_secrets` | a link, a state or a code that leads to a seat, hashed | hash |
//! | `score_accounts` | an account of the host's with its scores | number |
//! | `score_runs` | a nightly run, as the engine's JSON | number |
//! | `score_rows` | a row of a run's file, frozen; see [`scores`] | run, file, place |
//! | `mappings` | which fields an action of the host fills, as the engine's JSON | action |
//! | `signals` | an intent signal that a host sent; see [`signals`] | number |
//! | `qualifying_lists` | which signals qualify, as the engine's JSON | number |
//! | `automations` | what is done for signals that qualify, as the engine's JSON | number |
//! | `automation_runs` | what an automation did for a signal, and why | number |
//! | `acts` | when an automation last acted for somebody; see [`signals::acts`] | number |
//! | `signals_held` | a signal that waits for a list which stands still | list, the signal's number |
//! | `attributes` | an audience or a calculated attribute, as the engine's JSON; see [`activations`] | number |
//! | `attribute_values` | what one of them says of an address | attribute, address |
//! | `activations` | what keeps some of them on contacts, as the engine's JSON | number |
//! | `unwritten` | a contact that may differ from what is said of it | address or record |
//! | `unwritten_refused` | a contact that HubSpot refused to change | address or record |
//! | `workflows` | what is done for records, as the engine's JSON; see [`workflows`] | number |
//! | `workflow_versions` | a definition that a workflow has or had | workflow, version |
//! | `workflow_events` | an event that a host sent | number |
//! | `workflow_runs` | what a workflow did for a record, and why | number |
//! | `workflow_enrolled` | who has been through a workflow; see [`workflows::enrolled`] | number |

pub mod activations;
pub mod blocks;
pub mod browse;
pub mod channels;
pub mod counts;
pub mod credentials;
pub mod deletions;
pub mod dirty;
pub mod echoes;
pub mod endpoints;
pub mod erasures;
pub mod feed;
pub mod fields;
pub mod keys;
pub mod links;
pub mod lookup;
pub mod mappings;
pub mod members;
pub mod narrow;
pub mod outbox;
pub mod phones;
pub mod records;
pub mod reference;
pub mod scores;
pub mod seat_writes;
pub mod seats;
pub mod signals;
pub mod streams;
pub mod thinning;
pub mod touched;
pub mod types;
pub mod usage;
pub mod wipe;
pub mod workflows;

use crate::store::sql::{Sql, SqlError};

/// Schema steps; see [`crate::store::schema::open`].
pub const STEPS: [&str; 32] = [
    "CREATE TABLE credentials (name TEXT PRIMARY KEY, sealed TEXT NOT NULL, expires_at INTEGER) WITHOUT ROWID;
     CREATE TABLE streams (object_type TEXT PRIMARY KEY, state TEXT NOT NULL) WITHOUT ROWID;
     CREATE TABLE records_contacts (
         id INTEGER PRIMARY KEY,
         created_at INTEGER NOT NULL,
         updated_at INTEGER NOT NULL,
         seen_at INTEGER NOT NULL,
         live INTEGER NOT NULL,
         merged_into INTEGER,
         key INTEGER,
         properties TEXT
     );
     CREATE INDEX records_contacts_key ON records_contacts (key) WHERE key IS NOT NULL;
     CREATE INDEX records_contacts_merged ON records_contacts (merged_into) WHERE merged_into IS NOT NULL;
     CREATE TABLE parts (
         object_type TEXT NOT NULL,
         id INTEGER NOT NULL,
         number INTEGER NOT NULL,
         text TEXT NOT NULL,
         PRIMARY KEY (object_type, id, number)
     );
     CREATE TABLE dirty (
         object_type TEXT NOT NULL,
         id INTEGER NOT NULL,
         generation INTEGER NOT NULL,
         urgent INTEGER NOT NULL,
         erased INTEGER NOT NULL,
         PRIMARY KEY (object_type, id)
     ) WITHOUT ROWID;
     CREATE INDEX dirty_urgent ON dirty (object_type, id) WHERE urgent = 1;
     CREATE TABLE feed (
         first_seq INTEGER PRIMARY KEY,
         last_seq INTEGER NOT NULL,
         at INTEGER NOT NULL,
         object_type TEXT NOT NULL,
         bytes INTEGER NOT NULL,
         changes TEXT NOT NULL
     );",
    "CREATE TABLE records_companies (
         id INTEGER PRIMARY KEY,
         created_at INTEGER NOT NULL,
         updated_at INTEGER NOT NULL,
         seen_at INTEGER NOT NULL,
         live INTEGER NOT NULL,
         merged_into INTEGER,
         key INTEGER,
         properties TEXT
     );
     CREATE INDEX records_companies_key ON records_companies (key) WHERE key IS NOT NULL;
     CREATE INDEX records_companies_merged ON records_companies (merged_into) WHERE merged_into IS NOT NULL;
     CREATE TABLE records_deals (
         id INTEGER PRIMARY KEY,
         created_at INTEGER NOT NULL,
         updated_at INTEGER NOT NULL,
         seen_at INTEGER NOT NULL,
         live INTEGER NOT NULL,
         merged_into INTEGER,
         key INTEGER,
         properties TEXT
     );
     CREATE INDEX records_deals_merged ON records_deals (merged_into) WHERE merged_into IS NOT NULL;",
    "CREATE TABLE endpoints (
         number INTEGER PRIMARY KEY,
         id TEXT NOT NULL UNIQUE,
         state TEXT NOT NULL,
         secret TEXT NOT NULL,
         previous TEXT
     );",
    "CREATE TABLE fields (
         object_type TEXT NOT NULL,
         name TEXT NOT NULL,
         definition TEXT NOT NULL,
         appeared_at INTEGER NOT NULL,
         vanished_at INTEGER,
         PRIMARY KEY (object_type, name)
     ) WITHOUT ROWID;
     CREATE TABLE field_history (
         number INTEGER PRIMARY KEY,
         object_type TEXT NOT NULL,
         at INTEGER NOT NULL,
         name TEXT NOT NULL,
         what TEXT NOT NULL,
         before TEXT,
         after TEXT
     );",
    "CREATE TABLE channels (number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, state TEXT NOT NULL);
     CREATE TABLE channel_members (
         channel INTEGER NOT NULL,
         id INTEGER NOT NULL,
         fingerprint INTEGER,
         again_at INTEGER,
         erased INTEGER NOT NULL DEFAULT 0,
         PRIMARY KEY (channel, id)
     ) WITHOUT ROWID;
     CREATE INDEX channel_members_again ON channel_members (channel, again_at) WHERE again_at IS NOT NULL;",
    "CREATE TABLE reference (
         name TEXT NOT NULL,
         part INTEGER NOT NULL,
         entries TEXT NOT NULL,
         PRIMARY KEY (name, part)
     ) WITHOUT ROWID;
     CREATE TABLE followed (
         list INTEGER PRIMARY KEY,
         object_type TEXT,
         name TEXT NOT NULL,
         state TEXT NOT NULL,
         members INTEGER NOT NULL
     );
     CREATE TABLE members (
         list INTEGER NOT NULL,
         first INTEGER NOT NULL,
         ids TEXT NOT NULL,
         PRIMARY KEY (list, first)
     ) WITHOUT ROWID;",
    "CREATE TABLE links (
         pair INTEGER NOT NULL,
         a INTEGER NOT NULL,
         b INTEGER NOT NULL,
         there TEXT NOT NULL,
         back TEXT NOT NULL,
         PRIMARY KEY (pair, a, b)
     ) WITHOUT ROWID;
     CREATE INDEX links_back ON links (pair, b);
     CREATE TABLE link_marks (
         object_type TEXT NOT NULL,
         id INTEGER NOT NULL,
         generation INTEGER NOT NULL,
         PRIMARY KEY (object_type, id)
     ) WITHOUT ROWID;
     CREATE TABLE link_types (
         from_type TEXT NOT NULL,
         to_type TEXT NOT NULL,
         type TEXT NOT NULL,
         label TEXT,
         PRIMARY KEY (from_type, to_type, type)
     ) WITHOUT ROWID;",
    "CREATE TABLE types (object_type TEXT PRIMARY KEY, state TEXT NOT NULL) WITHOUT ROWID;",
    "ALTER TABLE dirty ADD COLUMN tries INTEGER NOT NULL DEFAULT 0;
     ALTER TABLE dirty ADD COLUMN again_at INTEGER;
     CREATE INDEX dirty_again ON dirty (object_type, again_at) WHERE again_at IS NOT NULL;
     CREATE TABLE erasures (
         object_type TEXT NOT NULL,
         id INTEGER NOT NULL,
         from_seq INTEGER NOT NULL,
         PRIMARY KEY (object_type, id)
     ) WITHOUT ROWID;",
    "ALTER TABLE dirty ADD COLUMN failed INTEGER NOT NULL DEFAULT 0;
     ALTER TABLE dirty ADD COLUMN trouble TEXT;
     CREATE INDEX dirty_failed ON dirty (object_type, failed, id) WHERE failed > 0;",
    "CREATE TABLE erased (
         object_type TEXT NOT NULL,
         id INTEGER NOT NULL,
         at INTEGER NOT NULL,
         PRIMARY KEY (object_type, id)
     ) WITHOUT ROWID;",
    // Calls to HubSpot of an hour, by who made them and where they went.
    "CREATE TABLE usage (hour INTEGER PRIMARY KEY, counts TEXT NOT NULL);",
    "CREATE TABLE seats (
         number INTEGER PRIMARY KEY,
         id TEXT NOT NULL UNIQUE,
         user TEXT NOT NULL UNIQUE,
         state TEXT NOT NULL,
         due_at INTEGER
     );
     CREATE INDEX seats_due ON seats (due_at) WHERE due_at IS NOT NULL;
     CREATE TABLE seat_secrets (
         hash TEXT PRIMARY KEY,
         kind TEXT NOT NULL,
         seat INTEGER NOT NULL,
         content TEXT NOT NULL,
         expires_at INTEGER NOT NULL
     ) WITHOUT ROWID;",
    // Who is kept out of the mirror.
    "CREATE TABLE blocks (
         number INTEGER PRIMARY KEY,
         id TEXT NOT NULL UNIQUE,
         at INTEGER NOT NULL,
         by TEXT NOT NULL,
         named_by TEXT NOT NULL
     );
     CREATE TABLE block_hashes (
         hash TEXT NOT NULL,
         block INTEGER NOT NULL,
         object_type TEXT,
         updated_at INTEGER,
         seen_at INTEGER NOT NULL,
         PRIMARY KEY (hash, block)
     ) WITHOUT ROWID;
     CREATE INDEX block_hashes_block ON block_hashes (block);",
    crate::store::audit::TABLE,
    outbox::TABLES,
    "CREATE TABLE mappings (action TEXT PRIMARY KEY, state TEXT NOT NULL) WITHOUT ROWID;",
    echoes::TABLE,
    // What else contacts and companies are called, by what stands for it.
    "CREATE TABLE further_keys (
         object_type TEXT NOT NULL,
         key INTEGER NOT NULL,
         id INTEGER NOT NULL,
         PRIMARY KEY (object_type, key, id)
     ) WITHOUT ROWID;
     CREATE INDEX further_keys_of ON further_keys (object_type, id);",
    // Changes above this number are of a person who was let in again; NULL: nobody was.
    "ALTER TABLE erasures ADD COLUMN up_to INTEGER;",
    outbox::OPEN,
    scores::TABLES,
    signals::TABLES,
    signals::HELD,
    outbox::JOBS,
    signals::acts::TABLE,
    outbox::FIRST,
    echoes::TIES,
    deletions::TABLE,
    activations::TABLES,
    workflows::TABLES,
    touched::TABLES,
];

/// Opens the tables; see [`crate::store::schema::open`].
pub fn open(sql: &dyn Sql) -> Result<(), SqlError> {
    crate::store::schema::open(sql, &STEPS)
}
