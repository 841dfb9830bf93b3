//! New keys. They are never shown: they go from here into the secret.

use rsa::PrivateKey;
use rsa::pkcs8::{EncodePrivateKey, LineEnding};
use rsa::rand_core::UnwrapErr;
use secrecy::ExposeSecret;
use shared::token::Key;

use super::rotation::Algorithm;

/// Size of a new RSA key. NIST SP 800-57 part 1 allows it until 2030, and every verifier of AWS takes it. A signature by one of
/// 4096 bits costs seven times as much.
const RSA_BITS: usize = 2048;

/// Makes a key from the randomness of the operating system.
///
/// # Errors
///
/// When there is no randomness, or the key is not one that the functions can use.
pub fn generate(algorithm: Algorithm) -> Result<Key, Box<dyn std::error::Error + Send + Sync>> {
    let text = match algorithm {
        Algorithm::Hs256 => Key::generate()?.into(),
        Algorithm::Rs256 => {
            let key = PrivateKey::new(&mut UnwrapErr(getrandom::SysRng), RSA_BITS)?;
            let pem = key.to_pkcs8_pem(LineEnding::LF)?;
            secrecy::SecretString::from(pem.as_str())
        }
    };
    // By the reader of the functions: what they could not use is never kept.
    Ok(Key::parse(text.expose_secret())?)
}
