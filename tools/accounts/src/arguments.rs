//! The command line. The doc comments here are the text of `--help`.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use crate::keys::rotation::Algorithm;

const HELP_AFTER_COMMANDS: &str = "\
Exit codes:
  0  done
  1  failed, or the question was answered with no
  2  wrong arguments
  3  no such account
  4  some lines were refused, the file had none, some hashes cannot be verified, or some accounts cannot be read

Environment:
  ACCOUNT_STORE                        dynamodb://TABLE or sqlite://PATH, as for the functions
  JWT_SECRET_ARN                       the secret in Secrets Manager, for keys
  AWS_REGION, AWS_ACCESS_KEY_ID, …     for dynamodb:// and Secrets Manager
  AWS_ENDPOINT_URL_DYNAMODB, AWS_ENDPOINT_URL_SECRETS_MANAGER
                                       the endpoints, if they are not those of AWS
  PASSWORD_MIN_LENGTH, ARGON2_MEMORY_KIB, ARGON2_ITERATIONS
                                       the values of the functions, for set-password, check-hash and
                                       the hashes that import wraps
  SESSION_IDLE_DAYS, SESSION_MAX_DAYS  the values of the functions, for sessions, show and keys

A NAME is a username, in any spelling that logs in.";

const HELP_AFTER_IMPORT: &str = "\
The file is CSV (comma, semicolon, tab or bar), JSON Lines, or a JSON array; in UTF-8, or in UTF-16 with a byte order
mark. These columns or members are read. Case, spaces and signs in a name make no difference:

  username         the name to log in with; without one, the email
  hash             the password hash. An empty one, or Django's `!…`, makes an account without a password
  email            may be empty
  email_verified   true or false, or the time of it
  id               a UUID, which the account keeps; or any other id of the old system, which makes the UUID
  external_id      the id of the old system, beside a UUID
  disabled         true or false; is_active means the opposite
  created          2026-11-22T15:30:00Z, UTC if it has no offset, or seconds or milliseconds since 1970
  token_version    a number; 0 if it is missing

Other names of them are known, such as password, encrypted_password, passwordHash, email_confirmed_at, date_joined.
So are the exports of Django (auth_user, dumpdata), Firebase, Auth0, Supabase, Cognito and Keycloak:
docs/accounts.md lists them.

Each account is added whole or not at all, and none is overwritten. After an interruption, run the
same command again: it goes on where it stopped. Ids of deleted accounts are refused.

An account that is already there is recognised by its id. In a file without ids it is recognised by
username and hash together. After its owner has logged in, its hash is a new one, and a second import
of such a file refuses the line as taken.";

const HELP_AFTER_KEYS: &str = "\
The keys are in the secret that JWT_SECRET_ARN names, or in the database file of a laptop. The public
keys are written to ACCOUNT_STORE as well, for a validate with SIGNING_KEYS=public.";

/// Manages the accounts of serverless-auth.
#[derive(Debug, Parser)]
#[command(name = "accounts", version, after_help = HELP_AFTER_COMMANDS, disable_help_subcommand = true)]
pub(crate) struct Arguments {
    /// Print JSON, one object a line.
    #[arg(long, global = true)]
    pub(crate) json: bool,
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Add accounts from a file, with their password hashes.
    #[command(after_help = HELP_AFTER_IMPORT)]
    Import(ImportArguments),
    /// Show an account, its sessions, its failed logins and its lock-out.
    Show {
        /// The username.
        name: String,
    },
    /// Disable an account: its password and its tokens are refused, and its sessions end.
    Disable {
        /// The username.
        name: String,
    },
    /// Enable a disabled account: its password is accepted again. Tokens issued before stay refused.
    Enable {
        /// The username.
        name: String,
    },
    /// Remove the failed logins of a name, and so its lock-out.
    Unlock {
        /// The username.
        name: String,
    },
    /// List the live sessions of an account, the one used last first.
    Sessions {
        /// The username.
        name: String,
    },
    /// End all tokens and sessions of an account, or one session.
    Revoke {
        /// The username.
        name: String,
        /// End this session alone. `sessions` lists the ids.
        #[arg(long, value_name = "ID")]
        session: Option<String>,
    },
    /// Set a new password, read from standard input. Ends all tokens, the sessions and the lock-out.
    ///
    /// The password is one line. It must meet the rules of registration: long enough, not common, not the username,
    /// not the email.
    SetPassword {
        /// The username.
        name: String,
    },
    /// Delete an account for good. Asks first.
    Delete {
        /// The username.
        name: String,
        /// Do not ask.
        #[arg(long)]
        yes: bool,
    },
    /// Show the keys that sign and verify tokens, or change them. Never prints a key.
    ///
    /// Without a command: each key with its role, since when it has it, and until when it is needed.
    #[command(after_help = HELP_AFTER_KEYS)]
    Keys {
        #[command(subcommand)]
        command: Option<KeysCommand>,
    },
    /// Complete what earlier versions have left out of the table, so that accounts are found by their emails.
    ///
    /// Once, after the update to the first version that sends mail. Again does no harm.
    Repair,
    /// Write all accounts as JSON Lines, in a form that import reads. Those that wait for the confirmation of their email are
    /// left out.
    Export(ExportArguments),
    /// Identify password hashes and say whether login can verify them. Never prints a hash.
    ///
    /// Without a NAME it reads hashes from standard input, one a line.
    CheckHash {
        /// The username of the account that has the hash.
        name: Option<String>,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum KeysCommand {
    /// Sign with a new key at once. The key before still verifies.
    ///
    /// For a service that nobody uses yet. Others change by `rotate --alg`, which announces the new key first.
    Init {
        /// The algorithm of the new key.
        #[arg(long)]
        alg: Algorithm,
    },
    /// Go one step in replacing the key that signs: publish a new key, or let the published one sign.
    ///
    /// Says when to run it again. Runs at other times do no harm.
    Rotate {
        /// The algorithm of the new key; without it, that of the key that signs.
        #[arg(long)]
        alg: Option<Algorithm>,
    },
    /// Remove a key that has leaked: ends every token and session that it signed. Asks first.
    Revoke {
        /// The id of the key. It may begin with a dash.
        #[arg(allow_hyphen_values = true)]
        kid: String,
        /// Do not ask.
        #[arg(long)]
        yes: bool,
    },
}

// A doc comment here would replace the one of the command.
#[derive(Args, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of the command line")]
pub(crate) struct ImportArguments {
    /// The file, or - for standard input.
    pub(crate) file: PathBuf,
    /// List the refused lines in FILE, with the reasons. Mended there, it can be imported itself. It holds their hashes, and
    /// replaces an older list.
    #[arg(long, value_name = "FILE")]
    pub(crate) refused: Option<PathBuf>,
    /// Only check the lines, by themselves and against each other. Asks no store, and so does not notice names that are taken.
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Wrap MD5, SHA-1, SSHA and MD5-crypt hashes in Argon2id. Without it they are refused: none is stored as it is.
    ///
    /// Takes as long as a login for each of them. Give these lines an id: their hashes are new in each import, so that a second
    /// import does not recognise them by username and hash.
    #[arg(long)]
    pub(crate) wrap_weak_hashes: bool,
    /// The hashes may be of passwords without the spaces around them, as in Django REST framework.
    ///
    /// Until an account has a new hash, a login tries its password once more without the spaces.
    #[arg(long)]
    pub(crate) trimmed_passwords: bool,
    /// Leave out columns that mean nothing here. Otherwise they are an error.
    #[arg(long)]
    pub(crate) ignore_unknown: bool,
    /// Keep names that new accounts cannot have, such as those with spaces. Their owners log in with them.
    #[arg(long)]
    pub(crate) keep_names: bool,
    /// Carry over to accounts that are there what has changed in the file since the last import: password, email, active. What
    /// has changed here is left alone. With --dry-run, tell what would be.
    #[arg(long)]
    pub(crate) update: bool,
    /// Write the old and the new id of each account to FILE, as CSV.
    #[arg(long, value_name = "FILE")]
    pub(crate) map: Option<PathBuf>,
    /// The parameters of Firebase's hashes: a file with the text `hash_config { … }` of its console.
    #[arg(long, value_name = "FILE")]
    pub(crate) hash_config: Option<PathBuf>,
    /// Number of requests to DynamoDB at once.
    #[arg(long, value_name = "N", default_value_t = 16, value_parser = clap::value_parser!(u16).range(1..=256))]
    pub(crate) parallel: u16,
}

#[derive(Args, Debug)]
pub(crate) struct ExportArguments {
    /// Include the password hashes. Without them the export cannot be imported.
    #[arg(long)]
    pub(crate) with_hashes: bool,
    /// Write to a new file that only its owner may read, instead of standard output.
    #[arg(long, short, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_arguments_do_not_contradict_each_other() {
        Arguments::command().debug_assert();
    }
}
