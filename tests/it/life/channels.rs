//! Channels of a life's host: what it was handed over in the end must be what HubSpot's records come to.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use spoke::{
    engine::portal::{
        channels::commands::{Action, Answer as Channels, Command as Ask, Refusal},
        endpoints::endpoint::Wanted,
        messages::{Answer, Command},
    },
    values::{ids::ChannelId, time::Timestamp},
};

use super::{World, promises::is_nameless};

/// Where the host of a life's channel listens.
const HOST: &str = "https://channel.example.com/";
const HOUR: i64 = 3_600_000;

/// A filter, and what it asks in the test's own words, of a record's values at a moment.
type Asked = (fn() -> Value, fn(&Value, i64) -> bool);

/// What channels of lives select by.
pub const FILTERS: [Asked; 3] = [
    (
        || {
            let letter = |letter: char| json!({"property": "firstname", "type": "string", "operator": "starts_with", "value": letter});
            json!({ "or": ('a'..='m').map(letter).collect::<Vec<_>>() })
        },
        |values, _| {
            let first = values["firstname"].as_str().and_then(|name| name.chars().next());
            first.is_some_and(|first| ('a'..='m').contains(&first.to_ascii_lowercase()))
        },
    ),
    (|| json!({ "and": [] }), |_, _| true),
    (
        || json!({"property": "lastmodifieddate", "type": "datetime", "operator": "within_last", "count": 2, "unit": "hours"}),
        |values, now| {
            let at = values["lastmodifieddate"].as_str().and_then(Timestamp::parse_rfc3339);
            at.is_some_and(|at| (now - 2 * HOUR..=now).contains(&at.0))
        },
    ),
];

/// What a host has been handed of a channel's records, as it understands the events.
#[derive(Debug, Default)]
pub struct Handed {
    /// By id; without fields where the record has left again by the time it was told of.
    pub records: BTreeMap<String, Value>,
    /// How often each kind of event came.
    pub events: BTreeMap<String, u32>,
    /// Why records left, in order.
    pub reasons: Vec<String>,
}

impl World {
    /// Makes a channel of the first connection: its id, and the number its endpoint begins after.
    pub fn make_channel(&mut self, definition: &Value) -> Result<(ChannelId, u64), Refusal> {
        match self.command(Command::Channel(Ask::Create(definition.clone()))) {
            Some(Answer::Channel(Channels::Json(text))) => {
                let made: Value = serde_json::from_str(&text).unwrap();
                let begins = made["begins_after"].as_str().unwrap().parse().unwrap();
                Ok((made["id"].as_str().unwrap().parse().unwrap(), begins))
            }
            Some(Answer::Channel(Channels::Refused(refusal))) => Err(refusal),
            other => panic!("no channel but {other:?}"),
        }
    }

    /// Does something to a channel; what it is then, `null` where it is gone.
    pub fn act_on_channel(&mut self, id: &ChannelId, action: Action) -> Result<Value, Refusal> {
        match self.command(Command::Channel(Ask::On(id.clone(), action))) {
            Some(Answer::Channel(Channels::Json(text))) => Ok(serde_json::from_str(&text).unwrap()),
            Some(Answer::Channel(Channels::Removed)) => Ok(Value::Null),
            Some(Answer::Channel(Channels::Refused(refusal))) => Err(refusal),
            other => panic!("no channel but {other:?}"),
        }
    }

    /// Makes a channel with an endpoint of its own at `url`.
    pub fn channel_at(&mut self, url: &str, definition: &Value) -> Result<ChannelId, Refusal> {
        let (channel, begins) = self.make_channel(definition)?;
        self.endpoint(url, Wanted { channel: Some(channel.clone()), ..Wanted::default() }, Some(begins));
        Ok(channel)
    }

    /// What the host at `url` has been handed, or what it cannot understand.
    pub fn handed(&self, url: &str) -> Result<Handed, String> {
        let mut handed = Handed::default();
        let mut last = 0;
        for change in self.receivers[url].changes() {
            let seq: u64 = change["seq"].as_str().unwrap().parse().unwrap();
            // Those that are handed over come as of the same change.
            if seq < last || (seq == last && change["handed_over"] != true) {
                return Err(format!("{change} comes after {last}"));
            }
            last = seq;
            let id = change["id"].as_str().unwrap().to_owned();
            let kind = change["kind"].as_str().unwrap();
            if kind == "erased" {
                // Whoever left by then is nameless in what was not handed over yet: this is what tells of them.
                handed.records.remove(&id);
            }
            if change["object_type"] == "connection" || kind == "erased" || is_nameless(&change) {
                continue;
            }
            *handed.events.entry(kind.to_owned()).or_default() += 1;
            let fits = match kind {
                "channel_entered" => handed.records.insert(id, change["fields"].clone()).is_none(),
                "channel_updated" => handed.records.insert(id, change["fields"].clone()).is_some(),
                "channel_left" => {
                    handed.reasons.push(change["reason"].as_str().unwrap().to_owned());
                    // Whoever was erased before the host heard of them is told as gone alone.
                    handed.records.remove(&id).is_some() || (change["reason"] == "erased")
                }
                _ => false,
            };
            if !fits {
                return Err(format!("{change} does not follow from what was handed over before"));
            }
        }
        Ok(handed)
    }

    /// The list that the channel of a life selects by, where there are lists.
    fn list_of_channel(&self) -> Option<u64> {
        self.plan.lists.map(|_| 1)
    }

    /// Makes the channel of a life, if the fields are known by then.
    pub(super) fn open_channel(&mut self) -> Option<ChannelId> {
        let (filter, _) = FILTERS[self.plan.channel?];
        // A statement that fails makes a host ask again; here it is asked once.
        let torn_one_in = std::mem::take(&mut self.plan.torn_one_in);
        let mut definition = json!({
            "name": "Of a life", "object_type": "contacts",
            "fields": [
                {"field": "first_name", "property": "firstname", "default": "there"},
                {"field": "email", "property": "email"},
            ],
        });
        match self.list_of_channel() {
            Some(list) => definition["list"] = json!(list.to_string()),
            None => definition["filter"] = filter(),
        }
        let made = self.channel_at(HOST, &definition).ok();
        self.plan.torn_one_in = torn_one_in;
        if made.is_some() && self.plan.seed.is_multiple_of(2) {
            self.receivers.get_mut(HOST).expect("it was just made").loses_one_in = 4;
        }
        made
    }

    /// Pauses or resumes the channel of a life.
    pub(super) fn turn_channel(&mut self, channel: &ChannelId, action: Action) {
        let torn_one_in = std::mem::take(&mut self.plan.torn_one_in);
        self.act_on_channel(channel, action).expect("it is there");
        self.plan.torn_one_in = torn_one_in;
    }

    /// Whether the host of a life's channel has what HubSpot's records come to.
    pub(super) fn channel_is_right(&mut self) -> Result<(), String> {
        let (_, holds) = FILTERS[self.plan.channel.expect("the life has a channel")];
        self.receivers.get_mut(HOST).expect("it has a host").loses_one_in = 0;
        // Whatever is under way; and where moments count, not in the middle of one.
        self.pass(1);
        let handed = self.handed(HOST).map_err(|why| format!("channel: {why}"))?;
        let now = self.now as i64;
        let on_list = self.list_of_channel().map(|list| self.true_members(list));
        let selected = |id: &str, values: &Value| match &on_list {
            Some(members) => id.parse().is_ok_and(|id| members.contains(&id)),
            None => holds(values, now),
        };
        let expected: BTreeMap<String, Value> = self
            .truth()
            .into_iter()
            .filter(|(id, values)| selected(id, values))
            .map(|(id, values)| {
                let known = |name: &str| values[name].as_str().filter(|value| !value.is_empty());
                let first_name = known("firstname").unwrap_or("there");
                (id, json!({ "first_name": first_name, "email": known("email") }))
            })
            .collect();
        if handed.records == expected {
            return Ok(());
        }
        let differs = |id: &&String| handed.records.get(*id) != expected.get(*id);
        let first = expected.keys().chain(handed.records.keys()).find(differs).expect("they differ");
        Err(format!(
            "channel: {} handed over, {} in HubSpot; {first} is {:?} and should be {:?}",
            handed.records.len(),
            expected.len(),
            handed.records.get(first),
            expected.get(first)
        ))
    }
}
