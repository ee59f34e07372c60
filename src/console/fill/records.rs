//! From what a Portal shows of its records to what the pages show.

use crate::{
    console::{
        connection::ConnectionFrame,
        paths,
        record::{HistoryEntry, HistoryLinks, LinkGroup, LinkLine, PropertyLine, RecordCard, RecordView},
        records::{RecordLine, RecordsView},
        words::capitalised,
    },
    engine::portal::{
        browse::{List, ListRow, LiveSeen, RecordSeen, columns},
        history::{Happened, LinksChanged, Other},
        ties::Linked,
    },
    values::{
        ids::{ObjectType, RecordId},
        time::MINUTE_MS,
    },
};

/// How long the page says that a record was read again as it was asked to be.
const NEWS_MS: i64 = 2 * MINUTE_MS;

/// What a record of a type is looked up by besides its id, in words.
fn key_words(kind: ObjectType) -> &'static str {
    match kind.key_property() {
        Some("email") => "e-mail address",
        Some(other) => other,
        None => "",
    }
}

/// How many of [`columns`] make the name people call a record by; the others have columns of their own.
const fn names(kind: ObjectType) -> usize {
    match kind {
        ObjectType::Contacts => 2,
        ObjectType::Companies
        | ObjectType::Deals
        | ObjectType::Tasks
        | ObjectType::Calls
        | ObjectType::Notes => 1,
        ObjectType::Custom(_) => 0,
    }
}

/// A list. `found`: what was looked for, where this is what was found.
pub fn page(
    at: ConnectionFrame,
    kind: ObjectType,
    total: u64,
    list: List,
    found: Option<String>,
) -> RecordsView {
    let newer = list.rows.first().filter(|_| list.newer).map(|row| row.id.to_string());
    let older = list.rows.last().filter(|_| list.older).map(|row| row.id.to_string());
    let heading = |name: &&str| if *name == "email" { "E-mail".to_owned() } else { capitalised(name) };
    RecordsView {
        at,
        object_type: kind.to_string(),
        total,
        key_words: key_words(kind).to_owned(),
        columns: columns(kind)[names(kind)..].iter().map(heading).collect(),
        records: list.rows.into_iter().map(|row| line(kind, row)).collect(),
        newer,
        older,
        found,
    }
}

fn line(kind: ObjectType, row: ListRow) -> RecordLine {
    let mut values: Vec<String> = row.values.into_iter().map(Option::unwrap_or_default).collect();
    let rest = values.split_off(names(kind).min(values.len()));
    let name = name(values.iter().map(String::as_str));
    RecordLine { id: row.id.to_string(), name, values: rest, updated_at: row.updated_at.0 }
}

/// Names and ids of a list's records.
pub fn names_of(kind: ObjectType, rows: Vec<ListRow>) -> Vec<(String, String)> {
    rows.into_iter().map(|row| line(kind, row)).map(|line| (line.name, line.id)).collect()
}

/// The parts of a name that are there.
fn name<'a>(parts: impl Iterator<Item = &'a str>) -> String {
    parts.filter(|part| !part.trim().is_empty()).collect::<Vec<_>>().join(" ")
}

/// One record. `asked_at`: when a person asked for it to be read again; `before`: where the history shown ends.
pub fn record(
    at: ConnectionFrame,
    kind: ObjectType,
    id: RecordId,
    seen: RecordSeen,
    asked_at: Option<i64>,
    before: Option<u64>,
) -> RecordView {
    let RecordSeen { merged_from, live, waits, history, before: further, ties } = seen;
    let labels: Vec<(String, String)> = live.as_ref().map_or_else(Vec::new, |live| {
        live.properties.iter().map(|one| (one.name.clone(), one.label.clone())).collect()
    });
    let now_at = at.frame.now_at;
    // The mark goes once the answer is in, whether or not it brought anything new.
    let reread = live.is_some() && asked_at.is_some_and(|asked| now_at.saturating_sub(asked) < NEWS_MS);
    let card = live.map(|live| card(&at, kind, live, merged_from));
    let erased =
        card.is_none() && before.is_none() && history.first().is_some_and(|one| one.kind == "erased");
    let link = |(to, linked, more): (ObjectType, Vec<Linked>, bool)| LinkGroup {
        object_type: to.to_string(),
        records: linked.into_iter().map(|own| link_line(to, own)).collect(),
        more,
    };
    RecordView {
        object_type: kind.to_string(),
        id: id.to_string(),
        waits,
        asked_at,
        reread: reread && !waits,
        history: history.into_iter().map(|one| entry(one, &labels)).collect(),
        before: further,
        continued: before.is_some(),
        record: card,
        links: ties.links.into_iter().map(link).collect(),
        lists: ties.lists.into_iter().map(|(_, name)| name).collect(),
        merged: ties.merged.iter().map(ToString::to_string).collect(),
        erased,
        acts: Vec::new(),
        at,
    }
}

fn link_line(to: ObjectType, linked: Linked) -> LinkLine {
    let values = linked.values.iter().take(names(to)).filter_map(Option::as_deref);
    LinkLine { id: linked.id.to_string(), name: name(values), labels: linked.labels }
}

fn card(at: &ConnectionFrame, kind: ObjectType, live: LiveSeen, merged_from: Option<RecordId>) -> RecordCard {
    let parts = columns(kind)[..names(kind)].iter().filter_map(|name| {
        live.properties.iter().find(|one| one.name == *name).and_then(|one| one.value.as_deref())
    });
    let name = name(parts);
    let (mut set, mut unset) = (Vec::new(), Vec::new());
    for one in live.properties {
        match one.value {
            Some(value) => set.push(PropertyLine {
                label: one.label,
                name: one.name,
                shown: one.shown.filter(|shown| *shown != value).or_else(|| moment(&value)),
                value,
                cut: one.cut,
                gone: one.gone,
            }),
            None => unset.push((one.label, one.name)),
        }
    }
    RecordCard {
        hubspot_url: paths::hubspot_record(&at.ui_domain, at.portal_id, kind, live.id),
        id: live.id.to_string(),
        name,
        merged_from: merged_from.map(|id| id.to_string()),
        created_at: live.created_at.0,
        updated_at: live.updated_at.0,
        read_at: live.read_at.0,
        set,
        unset,
        left_out: live.left_out,
    }
}

/// A moment as HubSpot writes it (`2026-03-20T10:15:30.123Z`), in words a person reads.
fn moment(value: &str) -> Option<String> {
    let is_moment = (20..=30).contains(&value.len())
        && value.ends_with('Z')
        && crate::values::time::Timestamp::parse_rfc3339(value).is_some();
    is_moment.then(|| format!("{} {} UTC", &value[..10], &value[11..16]))
}

fn list_words(what: &str, list: Option<&str>) -> String {
    match list {
        Some(name) if !name.is_empty() => format!("{what} the list “{name}”"),
        _ => format!("{what} a list"),
    }
}

fn links(changed: LinksChanged) -> HistoryLinks {
    let LinksChanged { to_type, others, count, labels, labels_there, .. } = changed;
    let more = count.saturating_sub(others.len());
    let line = |own: Other| {
        let mirrored = !own.values.is_empty();
        (link_line(to_type, Linked { id: own.id, values: own.values, labels: Vec::new() }), mirrored)
    };
    let records = others.into_iter().map(line).collect();
    HistoryLinks { object_type: to_type.to_string(), records, more, labels, labels_there }
}

fn entry(happened: Happened, labels: &[(String, String)]) -> HistoryEntry {
    let only_labels = happened.links.as_ref().is_some_and(|links| links.only_labels);
    let words = match happened.kind.as_str() {
        "updated" if happened.changed.is_empty() => "Updated; the values are no longer kept".to_owned(),
        "created" => "Taken into the mirror".to_owned(),
        "erased" => "Erased for privacy".to_owned(),
        "membership_added" => list_words("Joined", happened.list.as_deref()),
        "membership_removed" => list_words("Left", happened.list.as_deref()),
        "association_added" => if only_labels { "New label of the link to" } else { "Linked to" }.to_owned(),
        "association_removed" => {
            if only_labels { "Label taken off the link to" } else { "No longer linked to" }.to_owned()
        }
        "channel_entered" => "Entered a channel".to_owned(),
        "channel_updated" => "Told to a channel's host: a mapped field has changed".to_owned(),
        "channel_left" => "Left a channel".to_owned(),
        other => capitalised(other),
    };
    let label = |name: &str| {
        labels.iter().find(|(known, _)| known == name).map_or(name, |(_, label)| label).to_owned()
    };
    let mut changed: Vec<_> =
        happened.changed.into_iter().map(|(name, old, new)| (label(&name), name, old, new)).collect();
    changed.sort();
    HistoryEntry {
        at: happened.at.0,
        words,
        changed,
        into: happened.into.map(|id| id.to_string()),
        links: happened.links.map(links),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        console::sample,
        engine::portal::{browse::PropertySeen, ties::Ties},
        values::{ids::ListId, time::Timestamp},
    };

    fn property(name: &str, value: Option<&str>, shown: Option<&str>) -> PropertySeen {
        PropertySeen {
            name: name.to_owned(),
            label: format!("The {name}"),
            group: String::new(),
            value: value.map(str::to_owned),
            shown: shown.map(str::to_owned),
            cut: 0,
            gone: false,
        }
    }

    fn seen() -> RecordSeen {
        let properties = vec![
            property("firstname", Some("Ada"), None),
            property("lastname", Some(" "), None),
            property("stage", Some("lead"), Some("Lead")),
            property("same", Some("Same"), Some("Same")),
            property("seen_on", Some("2026-03-20T10:15:30.123Z"), None),
            property("phone", None, None),
        ];
        let live = LiveSeen {
            id: RecordId(7),
            created_at: Timestamp(1),
            updated_at: Timestamp(2),
            read_at: Timestamp(1_000),
            properties,
            left_out: 0,
        };
        let happened = Happened {
            at: Timestamp(3),
            kind: "updated".into(),
            changed: vec![("stage".into(), None, Some("lead".into()))],
            into: None,
            list: None,
            links: None,
        };
        RecordSeen {
            merged_from: None,
            live: Some(live),
            waits: false,
            history: vec![happened],
            before: None,
            ties: Ties {
                lists: vec![(ListId(4), "Customers".into())],
                merged: vec![RecordId(5)],
                links: vec![(
                    ObjectType::Companies,
                    vec![Linked {
                        id: RecordId(90),
                        values: vec![Some("Acme".into()), Some("acme.example".into())],
                        labels: vec!["Primary".into()],
                    }],
                    true,
                )],
            },
        }
    }

    fn view(asked_at: Option<i64>, now_at: i64) -> RecordView {
        let mut at = sample::connection_frame(&sample::plain);
        at.frame.now_at = now_at;
        record(at, ObjectType::Contacts, RecordId(7), seen(), asked_at, None)
    }

    #[test]
    fn values_are_shown_as_people_know_them_and_changes_by_their_labels() {
        let view = view(None, 0);
        let card = view.record.unwrap();
        let shown: Vec<_> = card.set.iter().map(|line| line.shown.as_deref()).collect();
        assert_eq!(shown, [None, None, Some("Lead"), None, Some("2026-03-20 10:15 UTC")]);
        assert_eq!((card.name.as_str(), card.unset.len()), ("Ada", 1));
        assert_eq!(card.hubspot_url.unwrap(), "https://app-eu1.hubspot.com/contacts/24680135/record/0-1/7");
        assert_eq!(view.history[0].changed[0].0, "The stage");
    }

    #[test]
    fn what_a_record_is_tied_to_is_shown_by_its_names() {
        let view = view(None, 0);
        assert_eq!((view.lists, view.merged), (vec!["Customers".to_owned()], vec!["5".to_owned()]));
        let group = &view.links[0];
        let line = LinkLine { id: "90".into(), name: "Acme".into(), labels: vec!["Primary".into()] };
        assert_eq!(
            (group.object_type.as_str(), &group.records, group.more),
            ("companies", &vec![line], true)
        );
        assert_eq!(list_words("Left", Some("Customers")), "Left the list “Customers”");
    }

    #[test]
    fn links_that_came_and_went_are_told_in_words_with_a_way_to_what_is_mirrored() {
        let other = |id: u64, values: &[&str]| Other {
            id: RecordId(id),
            values: values.iter().map(|value| Some((*value).to_owned())).collect(),
        };
        let changed = LinksChanged {
            to_type: ObjectType::Companies,
            others: vec![other(90, &["Acme", "acme.example"]), other(91, &[])],
            count: 14,
            labels: vec!["Primary".into()],
            labels_there: vec![],
            only_labels: false,
        };
        let told = |kind: &str, only_labels: bool| {
            let links = Some(LinksChanged { only_labels, ..changed.clone() });
            let (kind, at) = (kind.to_owned(), Timestamp(3));
            entry(Happened { at, kind, changed: vec![], into: None, list: None, links }, &[]).words
        };
        assert_eq!(told("association_added", false), "Linked to");
        assert_eq!(told("association_removed", false), "No longer linked to");
        assert_eq!(told("association_added", true), "New label of the link to");
        assert_eq!(told("association_removed", true), "Label taken off the link to");
        let links = links(changed);
        let records: Vec<_> =
            links.records.iter().map(|(line, mirrored)| (line.name.as_str(), *mirrored)).collect();
        assert_eq!((records, links.more), (vec![("Acme", true), ("", false)], 12));
    }

    #[test]
    fn that_a_record_was_read_again_is_said_once_it_was_and_not_for_ever() {
        assert!(view(Some(999), 2_000).reread);
        let at = sample::connection_frame(&sample::plain);
        let waits = RecordSeen { waits: true, ..seen() };
        let view_of = record(at, ObjectType::Contacts, RecordId(7), waits, Some(i64::MAX), None);
        assert!(!view_of.reread, "not yet");
        assert!(!view(Some(999), 999 + NEWS_MS).reread);
        assert!(!view(None, 2_000).reread);
    }

    #[test]
    fn a_list_shows_names_in_one_column_and_goes_on_from_its_ends() {
        let row = |id: u64, values: [&str; 3]| ListRow {
            id: RecordId(id),
            updated_at: Timestamp(1),
            values: values.iter().map(|text| Some((*text).to_owned())).collect(),
        };
        let rows = vec![row(9, ["Ada", "Lovelace", "ada@x"]), row(8, ["", "", "b@x"])];
        let list = List { rows, newer: true, older: false };
        let at = sample::connection_frame(&sample::plain);
        let view = page(at, ObjectType::Contacts, 2, list, None);
        assert_eq!((view.newer.as_deref(), view.older), (Some("9"), None));
        assert_eq!(
            (view.records[0].name.as_str(), view.records[0].values.as_slice()),
            ("Ada Lovelace", &["ada@x".to_owned()][..])
        );
        assert_eq!(
            (view.records[1].name.as_str(), view.columns.as_slice()),
            ("", &["E-mail".to_owned()][..])
        );
    }
}
