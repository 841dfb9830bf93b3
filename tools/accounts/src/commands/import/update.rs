//! `--update`: carries over to the accounts that are there what has changed in the old system since the last import, and
//! nothing that has changed here.
//!
//! Each account remembers what an import has read last ([`Imported`]). A part that differs from that in the file has changed
//! there; one that differs from it in the store has changed here. What has changed on both sides is left alone, and told again
//! by the next run.

use shared::account::imported::Digest;
use shared::account::{Account, Imported, Status};
use shared::session::Sessions;
use shared::store::{CarryOver, Import, Operator, StoreError};

/// How hashes of our own begin.
const OUR_HASHES: &str = "$argon2id$v=19$";

/// What becomes of an account that is there.
#[derive(Debug, Default, Eq, PartialEq)]
pub(super) struct Update {
    /// The parts that are carried over.
    pub(super) carried: Vec<&'static str>,
    /// The parts that have changed on both sides, and why they stay.
    pub(super) left_alone: Vec<&'static str>,
    /// Another account has the email that it has in the file.
    pub(super) is_email_taken: bool,
}

/// What there is by the name of a line.
pub(super) enum Found {
    /// An account with another id.
    Another,
    Nobody,
    /// The account of the line.
    Updated(Update),
}

/// Carries over what has changed. Without `writes` it only tells what would be.
pub(super) async fn update(store: &dyn Operator, import: &Import, writes: bool) -> Result<Found, StoreError> {
    loop {
        let Some(found) = store.find(import.account.username.key()).await? else { return Ok(Found::Nobody) };
        if !import.has_id || found.id != import.account.id {
            return Ok(Found::Another);
        }
        let (next, mut update) = plan(&found, &import.account);
        if next != found && writes {
            match store.carry_over(&found, &next).await? {
                CarryOver::Changed => continue,
                CarryOver::EmailTaken => update.is_email_taken = true,
                CarryOver::Yes => {}
            }
        }
        return Ok(Found::Updated(update));
    }
}

/// The account with what has changed in the file, and what that is.
fn plan(found: &Account, file: &Account) -> (Account, Update) {
    let Some(read) = file.imported.clone() else { return (found.clone(), Update::default()) };
    let known = found.imported.as_ref();
    let mut merge = Merge { next: found.clone(), read, update: Update::default() };
    merge.hash(known, file);
    merge.address(known, file);
    merge.status(known, file);
    if found.external_id.is_none() && file.external_id.is_some() {
        merge.next.external_id.clone_from(&file.external_id);
        merge.update.carried.push("external_id");
    }
    let Merge { mut next, read, update } = merge;
    // Where nothing is known of what was read before, what is left alone must not be forgotten.
    next.imported = if known.is_none() && !update.left_alone.is_empty() { None } else { Some(read) };
    (next, update)
}

/// An account on its way to the state in a file.
struct Merge {
    next: Account,
    /// What the import has read, with the former state of parts that are left alone.
    read: Imported,
    update: Update,
}

/// Where a part has changed since the last import.
enum Changed {
    Both,
    Nowhere,
    There,
}

impl Changed {
    /// Without a known state (`there` is `None`), parts that differ have changed there.
    fn of(there: Option<bool>, here: bool, alike: bool) -> Self {
        match (there.unwrap_or(true) && !alike, here) {
            (false, _) => Self::Nowhere,
            (true, false) => Self::There,
            (true, true) => Self::Both,
        }
    }
}

impl Merge {
    fn hash(&mut self, known: Option<&Imported>, file: &Account) {
        let hash = &self.next.password_hash;
        let there = known.map(|known| known.hash != self.read.hash);
        // An account of an older version has no known state, but hashes that were made here tell themselves.
        let here = known
            .map_or(hash.as_str().starts_with(OUR_HASHES), |known| known.stored != Digest::of_hash(hash));
        let changed = Changed::of(there, here, *hash == file.password_hash);
        if let (Changed::Both | Changed::Nowhere, Some(known)) = (&changed, known)
            && *hash != file.password_hash
        {
            (self.read.hash, self.read.stored) = (known.hash.clone(), known.stored.clone());
        }
        match changed {
            Changed::Nowhere => {}
            Changed::There => match self.next.with_password(&file.password_hash, None) {
                Some(next) => {
                    self.next = next;
                    self.update.carried.push("password");
                }
                None => self.update.left_alone.push("the password, since its token version is the highest"),
            },
            Changed::Both => self.update.left_alone.push("the password, which was renewed here since"),
        }
    }

    fn address(&mut self, known: Option<&Imported>, file: &Account) {
        let current = Digest::of_address(self.next.email.as_ref(), self.next.email_verified);
        let there = known.map(|known| known.address != self.read.address);
        let here = known.is_none_or(|known| known.address != current);
        match Changed::of(there, here, current == self.read.address) {
            Changed::Nowhere => {}
            Changed::There => {
                self.next.email.clone_from(&file.email);
                self.next.email_verified = file.email_verified;
                self.update.carried.push("email");
            }
            Changed::Both => {
                if let Some(known) = known {
                    self.read.address = known.address.clone();
                }
                self.update.left_alone.push("the email, which was changed here since");
            }
        }
    }

    fn status(&mut self, known: Option<&Imported>, file: &Account) {
        let current = self.next.status;
        let there = known.map(|known| known.status != self.read.status);
        let here = known.is_none_or(|known| known.status != current);
        match Changed::of(there, here, current == file.status) {
            Changed::Nowhere => {}
            Changed::There => {
                // As `accounts disable` does: tokens from before stay refused.
                if file.status == Status::Disabled {
                    self.next.token_version = self.next.token_version.saturating_add(1);
                    self.next.sessions = Sessions::default();
                }
                self.next.status = file.status;
                self.update.carried.push("active");
            }
            Changed::Both => {
                if let Some(known) = known {
                    self.read.status = known.status;
                }
                self.update.left_alone.push("whether it is active, which was changed here since");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use shared::names::email::Email;
    use shared::password::hash::PasswordHash;

    use super::*;
    use crate::commands::import::tests::{HASH, read_one};

    /// The account of a line with this hash, email and `is_active`.
    fn line(hash: &str, email: &str, active: &str) -> Account {
        read_one(format!("id,username,hash,email,is_active\n7,alice,{hash},{email},{active}\n"))
            .unwrap()
            .import
            .account
    }

    fn other_hash() -> String {
        HASH.replace("$ChVh", "$DhVh")
    }

    fn renewed(account: &Account) -> Account {
        Account {
            password_hash: PasswordHash::from_stored("$argon2id$v=19$renewed".to_owned()),
            ..account.clone()
        }
    }

    fn moved(account: &Account) -> Account {
        Account { email: Some(Email::parse("here@example.com").unwrap()), ..account.clone() }
    }

    #[test]
    fn what_has_changed_there_is_carried_over_once() {
        let found = line(HASH, "a@example.com", "t");
        assert_eq!(plan(&found, &line(HASH, "a@example.com", "t")), (found.clone(), Update::default()));
        let file = line(&other_hash(), "b@example.com", "f");
        let (next, update) = plan(&found, &file);
        assert_eq!(update.carried, ["password", "email", "active"]);
        assert!(update.left_alone.is_empty());
        assert_eq!(
            (&next.password_hash, &next.email, next.status),
            (&file.password_hash, &file.email, file.status)
        );
        assert_eq!((next.token_version, &next.imported), (2, &file.imported));
        assert_eq!(plan(&next, &file), (next.clone(), Update::default()));
        let (back, update) = plan(&next, &line(&other_hash(), "b@example.com", "t"));
        assert_eq!((back.status, back.token_version, update.carried), (Status::Active, 2, vec!["active"]));
    }

    #[test]
    fn what_has_changed_here_alone_stays_and_is_not_told() {
        let found = line(HASH, "a@example.com", "t");
        let here = Account { status: Status::Disabled, ..moved(&renewed(&found)) };
        let (next, update) = plan(&here, &line(HASH, "a@example.com", "t"));
        assert_eq!((next, update), (here, Update::default()));
    }

    #[test]
    fn what_has_changed_on_both_sides_stays_and_is_told_each_time() {
        let found = line(HASH, "a@example.com", "t");
        let here = moved(&renewed(&found));
        let file = line(&other_hash(), "b@example.com", "f");
        let (next, update) = plan(&here, &file);
        assert_eq!(update.carried, ["active"]);
        assert_eq!(update.left_alone.len(), 2);
        assert_eq!((&next.password_hash, &next.email), (&here.password_hash, &here.email));
        let (again, update) = plan(&next, &file);
        assert_eq!((again, update.carried.len(), update.left_alone.len()), (next, 0, 2));
    }

    /// An earlier import had no old ids.
    #[test]
    fn an_account_gets_the_external_id_that_it_lacks() {
        let file = line(HASH, "a@example.com", "t");
        let found = Account { external_id: None, ..file.clone() };
        let (next, update) = plan(&found, &file);
        assert_eq!((&next, update.carried), (&file, vec!["external_id"]));
        assert_eq!(plan(&next, &file), (file.clone(), Update::default()));
    }

    /// An account that an older version has imported.
    #[test]
    fn without_a_known_state_only_hashes_that_were_not_made_here_are_replaced() {
        let found = Account { imported: None, ..line(HASH, "a@example.com", "t") };
        let same = line(HASH, "a@example.com", "t");
        assert_eq!(plan(&found, &same), (same.clone(), Update::default()));
        let (next, update) = plan(&found, &line(&other_hash(), "b@example.com", "t"));
        assert_eq!((update.carried, update.left_alone.len()), (vec!["password"], 1));
        assert_eq!((&next.email, next.imported), (&found.email, None));
        let (next, update) = plan(&renewed(&found), &line(&other_hash(), "a@example.com", "t"));
        assert_eq!((next, update.left_alone.len()), (renewed(&found), 1));
    }

    /// An import may store another hash than the file has.
    #[test]
    fn a_hash_that_the_import_has_made_of_the_one_in_the_file_is_not_taken_for_renewed() {
        let wrapped = |hash: &str, text: &str| {
            let account = line(hash, "", "t");
            let account = Account { password_hash: PasswordHash::from_stored(text.to_owned()), ..account };
            Account { imported: Some(Imported::of(hash, &account)), ..account }
        };
        let found = wrapped(HASH, "wrapped with one salt");
        assert_eq!(plan(&found, &wrapped(HASH, "wrapped with another")), (found.clone(), Update::default()));
        let (next, update) = plan(&found, &wrapped(&other_hash(), "wrapped anew"));
        assert_eq!((next.password_hash.as_str(), update.carried), ("wrapped anew", vec!["password"]));
    }
}
