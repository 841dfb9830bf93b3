//! What the tool can be asked for. The comments here are its help.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

const EXIT_CODES: &str = "\
Exit codes:
  0  done
  1  it failed, or somebody answered no
  2  it was called wrongly
  3  there is no such account
  4  some lines were refused, hashes not verifiable, or accounts not readable

Environment:
  ACCOUNT_STORE                        dynamodb://TABLE or sqlite://PATH, as for the functions
  AWS_REGION, AWS_ACCESS_KEY_ID, …     with dynamodb://
  AWS_ENDPOINT_URL_DYNAMODB            where DynamoDB is, if not at AWS
  PASSWORD_MIN_LENGTH, ARGON2_MEMORY_KIB, ARGON2_ITERATIONS
                                       what the functions have, for set-password and check-hash

A NAME is a username in any spelling that logs in.";

/// Keeps the accounts of serverless-auth.
#[derive(Debug, Parser)]
#[command(name = "accounts", version, after_help = EXIT_CODES, disable_help_subcommand = true)]
pub(crate) struct Arguments {
    /// Answer in JSON, one object a line.
    #[arg(long, global = true)]
    pub(crate) json: bool,
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Add accounts from a file, with the hashes they have.
    Import(ImportArguments),
    /// Show an account, and whether its name is locked.
    Show {
        /// The username.
        name: String,
    },
    /// Let nobody in with this account, by password or token.
    Disable {
        /// The username.
        name: String,
    },
    /// Let a disabled account in again.
    Enable {
        /// The username.
        name: String,
    },
    /// Forget the failed logins of a name, so that it is no longer locked.
    Unlock {
        /// The username.
        name: String,
    },
    /// End all tokens of an account.
    Revoke {
        /// The username.
        name: String,
    },
    /// Give an account a new password, read from standard input. Ends all its tokens, and its lock.
    ///
    /// The password is one line. It is held to the rules of a registration: length, no common password, not the
    /// username, not the email address.
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
    /// Write all accounts as JSON Lines, in a form that import reads.
    Export(Export),
    /// Say of hashes what they are, and whether a login can verify them. Never shows them.
    ///
    /// Without a NAME reads hashes from standard input, one a line.
    CheckHash {
        /// The username whose hash it is.
        name: Option<String>,
    },
}

/// Nothing is ever overwritten, and each account is added as a whole or not at all. An import that was interrupted is
/// taken up by running it again.
///
/// The file is CSV with a header, or JSON Lines. Columns or members, of which the first two are needed:
///
///   username           the name to log in with
///   hash, password     the password's hash; Django's `!…` is an account that nobody can log in to
///   email              its address
///   id                 a UUID, which stays the account's id
///   disabled           true or false; or `is_active`, which says the opposite
///   created            `date_joined` too: 2026-11-22T15:30:00Z, or seconds since 1970; without an offset, UTC
///   `token_version`    a number
///
/// An account that is there already is told by its id. Where the file has no ids, it is told by its name and hash; then
/// whoever has logged in since, and so has a new hash, is refused as taken when the file is imported again.
#[derive(Args, Debug)]
pub(crate) struct ImportArguments {
    /// The file, or - for standard input.
    pub(crate) file: PathBuf,
    /// Where to list the refused lines, by number and reason, as JSON Lines. An older list is replaced.
    #[arg(long, value_name = "FILE")]
    pub(crate) refused: Option<PathBuf>,
    /// Only check the lines. The store is not asked, so names that are taken are not noticed.
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// How many requests to DynamoDB are under way at once.
    #[arg(long, value_name = "N", default_value_t = 16, value_parser = clap::value_parser!(u16).range(1..=256))]
    pub(crate) parallel: u16,
}

/// What to export.
#[derive(Args, Debug)]
pub(crate) struct Export {
    /// With the password hashes, without which nobody can log in where the accounts are imported.
    #[arg(long)]
    pub(crate) with_hashes: bool,
    /// A new file to write to, which only its owner may read. Otherwise standard output.
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
