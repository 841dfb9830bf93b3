//! A dry run: what an import into an empty store would do with each line.

use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasher, RandomState};

use shared::store::{Import, ImportOutcome};

/// The lines so far, as digests of eight bytes, so that a file of a million lines takes tens of megabytes.
#[derive(Default)]
pub(super) struct DryRun {
    hasher: RandomState,
    /// The name of each account, with what a second line of the same account is recognised by.
    accounts: HashMap<u64, u64>,
    emails: HashSet<u64>,
    ids: HashSet<u64>,
}

impl DryRun {
    /// The outcomes of the next lines, in their order.
    pub(super) fn import<'a>(&mut self, imports: impl Iterator<Item = &'a Import>) -> Vec<ImportOutcome> {
        imports.map(|import| self.import_one(import)).collect()
    }

    fn import_one(&mut self, Import { account, has_id }: &Import) -> ImportOutcome {
        let digest = |text: &str| self.hasher.hash_one(text);
        let name = digest(account.username.key().as_str());
        let id = digest(&account.id.to_string());
        let email = account.email.as_ref().map(|email| digest(email.key().as_str()));
        let identity = if *has_id { id } else { digest(account.password_hash.as_str()) };
        match self.accounts.get(&name) {
            Some(found) if *found == identity => return ImportOutcome::Present,
            Some(_) => return ImportOutcome::UsernameTaken,
            None => {}
        }
        if email.is_some_and(|email| self.emails.contains(&email)) {
            return ImportOutcome::EmailTaken;
        }
        if *has_id && !self.ids.insert(id) {
            return ImportOutcome::IdTaken;
        }
        self.emails.extend(email);
        self.accounts.insert(name, identity);
        ImportOutcome::Added
    }
}
