//! Requests that one connection's object answers by itself: the command each stands for, and what is expected back.
//!
//! Requests with a body, and what the Directory knows, are not among them.

use crate::{
    api::{cursor, prospect, request::Query, response},
    engine::{
        audit::ENTRIES_LIMIT,
        directory::messages::{Permission, Refusal},
        portal::{
            beside::commands::{Command as Beside, MEMBERS_LIMIT},
            blocks::{BLOCKS_LIMIT, Command as Privacy},
            messages::{Answer, CHANGES_LIMIT, Command, LINKS_LIMIT, RECORDS_LIMIT},
        },
    },
    values::{
        ids::{BlockId, ChannelId, ConnectionId, ListId, ObjectType, RecordId},
        problem::{Kind, Problem},
    },
};

/// What an answer is expected to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expected {
    /// Text in the API's shape, as it is.
    Json,
    /// The same, with a plain `next_cursor` at its end that the caller gets opaque.
    Page,
    /// Nothing but that it will be done.
    Order,
}

/// A request, below `/v1/connections/{c}`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ask {
    /// `GET …/records/{type}`
    ListRecords(ObjectType),
    /// `GET …/records/{type}/{id}`
    GetRecord(ObjectType, RecordId),
    /// `GET …/records/{type}/{id}/associations/{to_type}`
    ListAssociations(ObjectType, RecordId, ObjectType),
    /// `GET …/changes`
    ListChanges,
    /// `GET …/fields/{type}`
    ListFields(ObjectType),
    /// `GET …/fields/{type}/selection`
    GetSelection(ObjectType),
    /// `POST …/fields/refresh`
    RefreshFields,
    /// `POST …/streams/{type}/resync`
    Resync(ObjectType),
    /// `POST …/records/{type}/{id}/reread`
    Reread(ObjectType, RecordId),
    /// `GET …/owners`
    ListOwners,
    /// `GET …/pipelines/{type}`
    ListPipelines(ObjectType),
    /// `GET …/lists`
    ListLists,
    /// `GET …/lists/{id}`
    GetList(ListId),
    /// `GET …/lists/{id}/members`
    ListMembers(ListId),
    /// `POST …/lists/{id}/follow`
    Follow(ListId),
    /// `POST …/lists/{id}/unfollow`
    Unfollow(ListId),
    /// `GET …/channels/{ch}/records`
    ListChannelRecords(ChannelId),
    /// `GET …/prospects/blocks`
    ListBlocks,
    /// `DELETE …/prospects/blocks/{id}`
    LiftBlock(BlockId),
    /// `GET …/retention`
    GetRetention,
    /// `GET …/audit`
    ListAudit,
    /// `POST …/pause`
    Pause,
    /// `POST …/test`
    Test,
    /// `POST …/resume`
    Resume,
}

impl Ask {
    /// The permission it takes. What takes `write` changes something, and may be repeated: it orders what is done once.
    pub const fn permission(&self) -> Permission {
        match self {
            Self::ListRecords(_)
            | Self::GetRecord(..)
            | Self::ListAssociations(..)
            | Self::ListChanges
            | Self::ListFields(_)
            | Self::GetSelection(_)
            | Self::ListOwners
            | Self::ListPipelines(_)
            | Self::ListLists
            | Self::GetList(_)
            | Self::ListMembers(_)
            | Self::ListChannelRecords(_)
            | Self::ListBlocks
            | Self::GetRetention
            | Self::ListAudit => Permission::Read,
            Self::LiftBlock(_) => Permission::Admin,
            Self::RefreshFields
            | Self::Resync(_)
            | Self::Reread(..)
            | Self::Follow(_)
            | Self::Unfollow(_)
            | Self::Pause
            | Self::Test
            | Self::Resume => Permission::Write,
        }
    }

    /// Names of the query parameters it takes.
    pub fn taken(&self) -> &'static [&'static str] {
        match self {
            Self::ListRecords(ObjectType::Contacts) => &["limit", "cursor", "email"],
            Self::ListRecords(ObjectType::Companies) => &["limit", "cursor", "domain"],
            Self::ListRecords(_)
            | Self::ListAssociations(..)
            | Self::ListMembers(_)
            | Self::ListChannelRecords(_) => &["limit", "cursor"],
            Self::ListBlocks => &["limit", "cursor"],
            Self::ListAudit => &["limit", "cursor", "action"],
            Self::ListChanges => &["after", "types", "limit"],
            Self::GetRecord(..)
            | Self::ListFields(_)
            | Self::GetSelection(_)
            | Self::RefreshFields
            | Self::Resync(_)
            | Self::Reread(..)
            | Self::ListOwners
            | Self::ListPipelines(_)
            | Self::ListLists
            | Self::GetList(_)
            | Self::Follow(_)
            | Self::Unfollow(_)
            | Self::LiftBlock(_)
            | Self::GetRetention
            | Self::Pause
            | Self::Test
            | Self::Resume => &[],
        }
    }

    /// The command it stands for, and what comes back.
    pub fn command(self, query: &Query<'_>) -> Result<(Command, Expected), Problem> {
        let after = || -> Result<Option<RecordId>, Problem> {
            query.get("cursor").map(|text| cursor::decode(cursor::Of::Records, text)).transpose()
        };
        let of_lists = |command| (Command::Beside(command), Expected::Page);
        let ordered = |command| (command, Expected::Order);
        Ok(match self {
            Self::ListRecords(object_type) => {
                let (limit, key) = (query.limit(RECORDS_LIMIT)?, query.key(object_type)?);
                (Command::Records { object_type, after: after()?, limit, key }, Expected::Page)
            }
            Self::GetRecord(object_type, id) => (Command::Record { object_type, id }, Expected::Json),
            Self::ListAssociations(object_type, id, to_type) => {
                let limit = query.limit(LINKS_LIMIT)?;
                let command = Command::Associations { object_type, id, to_type, after: after()?, limit };
                (command, Expected::Page)
            }
            Self::ListChanges => {
                let (after, types) = (query.after()?, query.types()?);
                (Command::Changes { after, limit: query.limit(CHANGES_LIMIT)?, types }, Expected::Json)
            }
            Self::ListFields(object_type) => (Command::Fields { object_type }, Expected::Json),
            Self::GetSelection(object_type) => (Command::Selection { object_type }, Expected::Json),
            Self::RefreshFields => ordered(Command::RefreshFields),
            Self::Resync(object_type) => ordered(Command::Resync { object_type }),
            Self::Reread(object_type, id) => ordered(Command::Reread { object_type, id }),
            Self::ListOwners => of_lists(Beside::Owners),
            Self::ListPipelines(object_type) => of_lists(pipelines(object_type)?),
            Self::ListLists => of_lists(Beside::Lists),
            Self::GetList(list) => of_lists(Beside::List { list }),
            Self::ListMembers(list) => {
                let limit = query.limit(MEMBERS_LIMIT)?;
                of_lists(Beside::Members { list, after: after()?, limit })
            }
            Self::Follow(list) => ordered(Command::Beside(Beside::Follow { list })),
            Self::Unfollow(list) => ordered(Command::Beside(Beside::Unfollow { list })),
            Self::ListChannelRecords(channel) => {
                let limit = query.limit(RECORDS_LIMIT)?;
                (Command::ChannelRecords { channel, after: after()?, limit }, Expected::Page)
            }
            Self::ListBlocks => {
                let (after, limit) = (number(query)?, query.limit(BLOCKS_LIMIT)?);
                (Command::Privacy(Privacy::Blocks { after, limit }), Expected::Page)
            }
            Self::LiftBlock(id) => ordered(Command::Privacy(Privacy::Lift { id })),
            Self::GetRetention => (Command::Retention, Expected::Json),
            Self::ListAudit => {
                let (before, limit) = (number(query)?, query.limit(ENTRIES_LIMIT)?);
                (Command::Audit { before, action: prospect::action(query)?, limit }, Expected::Page)
            }
            Self::Test => ordered(Command::Test),
            Self::Pause => ordered(Command::Pause),
            Self::Resume => ordered(Command::Resume),
        })
    }
}

/// The command for the pipelines of a type, where it has some: those of deals are mirrored.
pub fn pipelines(object_type: ObjectType) -> Result<Beside, Problem> {
    if object_type == ObjectType::Deals {
        return Ok(Beside::Pipelines { object_type });
    }
    let words =
        format!("Records of `{object_type}` have no pipelines that Spoke mirrors; those of `deals` have.");
    Err(Problem::new(Kind::NotFound, words))
}

/// The place of a page in a list that goes by our own numbers.
pub fn number(query: &Query<'_>) -> Result<Option<i64>, Problem> {
    query.row(cursor::Of::Records)
}

/// An answer that is not what was hoped for, in words; `None`: one that such a question never has.
pub fn problem(connection: &ConnectionId, answer: Answer, expected: Expected) -> Option<Problem> {
    let conflict = |detail: &str| Problem::new(Kind::Conflict, detail);
    Some(match (answer, expected) {
        (Answer::TypeOff, _) => Problem::new(
            Kind::NotFound,
            "This connection does not mirror that type of record. `PUT /v1/connections/{c}/types/{type}` turns it on.",
        ),
        (Answer::ListNotMirrored(Some(kind)), _) => conflict(&format!(
            "The list holds records of `{kind}`, which this connection does not mirror. `PUT /v1/connections/{{c}}/types/{kind}` turns them on."
        )),
        (Answer::ListNotMirrored(None), _) => conflict(
            "The list holds records of a type that Spoke does not mirror, so who is on it cannot be mirrored either.",
        ),
        (Answer::Stopped | Answer::NotConnected, Expected::Order) => conflict(
            "The connection, or this type of record, is not kept in step at the moment, so this would have no effect. `GET /v1/connections/{c}` says why.",
        ),
        (Answer::Missing, Expected::Order) => response::problem(&Refusal::NotFound),
        (Answer::Missing | Answer::NotConnected, Expected::Json | Expected::Page) => Problem::new(
            Kind::NotFound,
            "The mirror has no such record, channel or list, or it is not followed. It may have been deleted in HubSpot, or not been read yet.",
        ),
        (Answer::Stopped, Expected::Json | Expected::Page) => conflict(
            "The connection is not kept in step at the moment, or has not read the fields of this type yet. `GET /v1/connections/{c}` says which.",
        ),
        (Answer::TooMany(most), _) => response::problem(&Refusal::Full { most }),
        (Answer::BeyondHorizon(oldest), _) => response::beyond_horizon(connection, oldest),
        (Answer::UnknownFields(names), _) => response::unknown_fields(&names),
        (Answer::NotMirrored(names), _) => response::not_mirrored(&names),
        (Answer::StorageFull, _) => response::storage_full(),
        (
            Answer::Done
            | Answer::NotSigned
            | Answer::Trial(_)
            | Answer::Usage(_)
            | Answer::Json(_)
            | Answer::Status(_)
            | Answer::Snapshot(_)
            | Answer::Channel(_)
            | Answer::Looked(_)
            | Answer::Types(_)
            | Answer::Seat(_)
            | Answer::Outbox(_)
            | Answer::Mapping(_)
            | Answer::Score(_)
            | Answer::Signal(_)
            | Answer::Workflow(_)
            | Answer::Endpoint(_),
            _,
        ) => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_of_records_begins_where_its_cursor_says() {
        let text = format!("limit=7&cursor={}", cursor::encode(cursor::Of::Records, "512"));
        let ask = Ask::ListRecords(ObjectType::Deals);
        let query = Query::parse(&text, ask.taken()).expect("a query");
        let (command, expected) = ask.command(&query).expect("a command");
        assert_eq!(expected, Expected::Page);
        let Command::Records { object_type, after, limit, key } = command else { panic!("another command") };
        assert_eq!((object_type, after, limit, key), (ObjectType::Deals, Some(RecordId(512)), 7, None));
    }

    #[test]
    fn a_cursor_of_another_list_is_refused() {
        let text = format!("cursor={}", cursor::encode(cursor::Of::Workspaces, "ws_1"));
        let ask = Ask::ListRecords(ObjectType::Contacts);
        let query = Query::parse(&text, ask.taken()).expect("a query");
        assert!(ask.command(&query).is_err());
    }

    #[test]
    fn pipelines_of_a_type_that_has_none_are_not_found_in_words() {
        let query = Query::parse("", &[]).expect("a query");
        let refusal = |kind| Ask::ListPipelines(kind).command(&query).err();
        assert_eq!(refusal(ObjectType::Deals), None);
        for kind in [ObjectType::Contacts, ObjectType::Companies, ObjectType::Tasks, ObjectType::Custom(7)] {
            let problem = refusal(kind).expect("no pipelines");
            assert_eq!(problem.status(), 404);
            assert!(problem.detail.contains(&format!("`{kind}`")), "{}", problem.detail);
            assert!(problem.detail.contains("`deals`"), "{}", problem.detail);
        }
    }

    #[test]
    fn a_list_that_cannot_be_followed_says_what_it_holds() {
        let connection = ConnectionId::from_random([1; 12]);
        let told =
            |kind| problem(&connection, Answer::ListNotMirrored(kind), Expected::Order).expect("words");
        let notes = told(Some(ObjectType::Notes));
        assert!(notes.status() == 409 && notes.detail.contains("/types/notes"), "{}", notes.detail);
        assert!(told(None).status() == 409 && !told(None).detail.contains("PUT"));
    }

    #[test]
    fn each_type_is_found_by_its_own_key_only() {
        let email = "email=someone%40example.com";
        assert!(Query::parse(email, Ask::ListRecords(ObjectType::Contacts).taken()).is_ok());
        assert!(Query::parse(email, Ask::ListRecords(ObjectType::Companies).taken()).is_err());
    }
}
