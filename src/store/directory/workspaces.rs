//! Workspaces.

use serde::{Deserialize, Serialize};

use super::{Columns, optional};
use crate::{
    store::sql::{Param, Sql, SqlError, int},
    values::{ids::WorkspaceId, time::Timestamp},
};

/// One customer of the host.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Workspace {
    /// Its id.
    pub id: WorkspaceId,
    /// For people.
    pub name: String,
    /// Where its objects live.
    pub jurisdiction: Option<Jurisdiction>,
    /// When it was made.
    pub created_at: Timestamp,
}

/// Where objects may live.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Jurisdiction {
    /// The European Union.
    Eu,
}

impl Jurisdiction {
    /// Cloudflare's name for it, and ours in the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Eu => "eu",
        }
    }

    /// Reads the name.
    pub fn parse(text: &str) -> Option<Self> {
        (text == "eu").then_some(Self::Eu)
    }
}

const COLUMNS: &str = "id, name, jurisdiction, created_at";

fn read(row: crate::store::sql::Row) -> Result<Workspace, SqlError> {
    let mut columns = Columns::new(row, "workspaces");
    Ok(Workspace {
        id: columns.parse()?,
        name: columns.text()?,
        jurisdiction: columns.text_or_null()?.as_deref().and_then(Jurisdiction::parse),
        created_at: columns.time()?,
    })
}

/// Adds one.
pub fn insert(sql: &dyn Sql, workspace: &Workspace) -> Result<(), SqlError> {
    sql.exec(
        &format!("INSERT INTO workspaces ({COLUMNS}) VALUES (?1, ?2, ?3, ?4)"),
        &[
            Param::Text(workspace.id.as_str()),
            Param::Text(&workspace.name),
            optional(workspace.jurisdiction.map(Jurisdiction::as_str)),
            Param::Int(workspace.created_at.0),
        ],
    )?;
    Ok(())
}

/// One by id.
pub fn get(sql: &dyn Sql, id: &WorkspaceId) -> Result<Option<Workspace>, SqlError> {
    let rows =
        sql.exec(&format!("SELECT {COLUMNS} FROM workspaces WHERE id = ?1"), &[Param::Text(id.as_str())])?;
    rows.into_iter().next().map(read).transpose()
}

/// Up to `limit` with greater ids than `after`, in order of id; `query` narrows to those whose name holds it (in any
/// ASCII case), whose id it is, or that have a connection to the portal of that id.
pub fn page(
    sql: &dyn Sql,
    after: Option<&WorkspaceId>,
    limit: u32,
    query: &str,
) -> Result<Vec<Workspace>, SqlError> {
    let rows = sql.exec(
        &format!(
            "SELECT {COLUMNS} FROM workspaces WHERE id > ?1 AND (?2 = '' OR id = ?2
                 OR instr(lower(name), lower(?2)) > 0
                 OR EXISTS (SELECT 1 FROM connections c WHERE c.workspace = workspaces.id AND c.portal = ?2))
             ORDER BY id LIMIT ?3"
        ),
        &[
            Param::Text(after.map_or("", WorkspaceId::as_str)),
            Param::Text(query),
            Param::Int(i64::from(limit)),
        ],
    )?;
    rows.into_iter().map(read).collect()
}

/// How many there are.
pub fn count(sql: &dyn Sql) -> Result<u64, SqlError> {
    Ok(int(sql, "SELECT count(*) FROM workspaces", &[])?.unwrap_or(0) as u64)
}
