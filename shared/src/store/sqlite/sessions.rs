//! Sessions of accounts in the file.

use rusqlite::{Connection, OptionalExtension, Row, named_params, params};

use super::{broken, sql_seconds};
use crate::names::username::UsernameKey;
use crate::session::{Label, Session, SessionId, Sessions};
use crate::store::StoreError;
use crate::time::Timestamp;

/// All sessions of an account.
pub(super) fn sessions(connection: &Connection, name: &UsernameKey) -> Result<Sessions, StoreError> {
    let mut statement = connection.prepare_cached("SELECT * FROM sessions WHERE username_key = ?1")?;
    let mut sessions = Sessions::default();
    for session in statement.query_map([name.as_str()], |row| Ok(session(row)))? {
        sessions.put(session??);
    }
    Ok(sessions)
}

/// The session with this id.
pub(super) fn find_session(
    connection: &Connection,
    name: &UsernameKey,
    id: &SessionId,
) -> Result<Option<Session>, StoreError> {
    let mut statement = connection
        .prepare_cached("SELECT * FROM sessions WHERE username_key = ?1 AND slot = ?2 AND id = ?3")?;
    let key = params![name.as_str(), id.slot(), id.to_string()];
    statement.query_row(key, |row| Ok(session(row))).optional()?.transpose()
}

pub(super) fn put_session(
    connection: &Connection,
    name: &UsernameKey,
    session: &Session,
) -> Result<(), StoreError> {
    let mut statement = connection.prepare_cached(
        "INSERT OR REPLACE INTO sessions
             (username_key, slot, id, counter, exchanged, late, created_at, used_at, token_version, label)
         VALUES
             (:username_key, :slot, :id, :counter, :exchanged, :late, :created_at, :used_at, :token_version, :label)",
    )?;
    statement.execute(named_params! {
        ":username_key": name.as_str(),
        ":slot": session.id.slot(),
        ":id": session.id.to_string(),
        ":counter": session.counter,
        ":exchanged": session.exchanged,
        ":late": session.late,
        ":created_at": sql_seconds(session.created_at),
        ":used_at": sql_seconds(session.used_at),
        ":token_version": session.token_version,
        ":label": session.label.as_str(),
    })?;
    Ok(())
}

pub(super) fn end_session(
    connection: &Connection,
    name: &UsernameKey,
    id: &SessionId,
) -> rusqlite::Result<bool> {
    let key = params![name.as_str(), id.slot(), id.to_string()];
    let ended =
        connection.execute("DELETE FROM sessions WHERE username_key = ?1 AND slot = ?2 AND id = ?3", key)?;
    Ok(ended == 1)
}

pub(super) fn end_sessions(connection: &Connection, name: &UsernameKey) -> rusqlite::Result<()> {
    connection.execute("DELETE FROM sessions WHERE username_key = ?1", [name.as_str()])?;
    Ok(())
}

fn session(row: &Row<'_>) -> Result<Session, StoreError> {
    let id: String = row.get("id")?;
    let seconds = |column| {
        let seconds: i64 = row.get(column)?;
        Ok::<_, rusqlite::Error>(Timestamp::from_seconds(seconds.unsigned_abs()))
    };
    Ok(Session {
        id: SessionId::parse(&id).ok_or_else(|| broken("the id of a session is malformed"))?,
        counter: row.get("counter")?,
        exchanged: row.get("exchanged")?,
        late: row.get("late")?,
        created_at: seconds("created_at")?,
        used_at: seconds("used_at")?,
        token_version: row.get("token_version")?,
        label: Label::from_stored(row.get("label")?),
    })
}
