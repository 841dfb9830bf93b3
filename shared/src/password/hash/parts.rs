//! The parts of stored hashes: fields, numbers, encodings, and the comparison at the end.

use std::fmt::Write;

use base64::alphabet::{self, Alphabet};
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};
use base64::engine::{DecodePaddingMode, Engine};
use secrecy::zeroize::Zeroizing;
use subtle::ConstantTimeEq;

/// Shortest derived key in bytes: a shorter one can be hit by guessing.
const LEAST_KEY: usize = 16;

/// The longest: what scrypt and PBKDF2 are asked for is at most the output of SHA-512.
const MOST_KEY: usize = 64;

/// Some write `=` at the end and some do not. It adds nothing, so both are read.
const ANY_PADDING: GeneralPurposeConfig =
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);

const STANDARD: GeneralPurpose = GeneralPurpose::new(&alphabet::STANDARD, ANY_PADDING);

const URL_SAFE: GeneralPurpose = GeneralPurpose::new(&alphabet::URL_SAFE, ANY_PADDING);

/// The last character of bcrypt's salt has four bits to spare, which some writers have filled.
const BCRYPT: GeneralPurpose =
    GeneralPurpose::new(&alphabet::BCRYPT, ANY_PADDING.with_decode_allow_trailing_bits(true));

/// passlib's: the standard one with `.` for `+`.
const ADAPTED: Option<Alphabet> =
    match Alphabet::new("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789./") {
        Ok(alphabet) => Some(alphabet),
        Err(_) => None,
    };

/// The fields between `$`, if there are exactly so many.
pub(super) fn fields<const N: usize>(text: &str) -> Option<[&str; N]> {
    text.split('$').collect::<Vec<_>>().try_into().ok()
}

/// The numbers in `a=1,b=2`, if they have these names in this order.
pub(super) fn parameters<const N: usize>(text: &str, names: [&str; N]) -> Option<[u32; N]> {
    let mut given = text.split(',');
    let numbers: Option<Vec<_>> = names
        .into_iter()
        .map(|name| given.next()?.strip_prefix(name)?.strip_prefix('=').and_then(number))
        .collect();
    if given.next().is_some() { None } else { numbers?.try_into().ok() }
}

/// A positive number in decimal digits, as every writer spells it.
pub(super) fn number(text: &str) -> Option<u32> {
    let spelt = text.bytes().all(|byte| byte.is_ascii_digit()) && !text.starts_with('0');
    if spelt { text.parse().ok() } else { None }
}

pub(super) fn base64(text: &str) -> Option<Vec<u8>> {
    STANDARD.decode(text).ok()
}

pub(super) fn base64_of_either_alphabet(text: &str) -> Option<Vec<u8>> {
    base64(text).or_else(|| URL_SAFE.decode(text).ok())
}

pub(super) fn base64_of_passlib(text: &str) -> Option<Vec<u8>> {
    GeneralPurpose::new(&ADAPTED?, ANY_PADDING).decode(text).ok()
}

pub(super) fn base64_of_bcrypt(text: &str) -> Option<Vec<u8>> {
    BCRYPT.decode(text).ok()
}

/// The base64 of `crypt(3)`, whose groups begin with the lowest bits.
pub(super) fn base64_of_crypt(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len());
    for group in text.as_bytes().chunks(4) {
        let mut bits = 0;
        for (digit, place) in group.iter().zip([0, 6, 12, 18]) {
            bits |= u32::from(digit_of_crypt(*digit)?) << place;
        }
        let [low, middle, high, _] = bits.to_le_bytes();
        let (whole, rest) = match group.len() {
            4 => ([low, middle, high].to_vec(), 0),
            3 => ([low, middle].to_vec(), high),
            2 => ([low].to_vec(), middle),
            _ => return None,
        };
        bytes.extend((rest == 0).then_some(whole)?);
    }
    Some(bytes)
}

/// The number of a character of `./0-9A-Za-z`.
pub(super) fn digit_of_crypt(character: u8) -> Option<u8> {
    match character {
        b'.'..=b'9' => Some(character - b'.'),
        b'A'..=b'Z' => Some(character - b'A' + 12),
        b'a'..=b'z' => Some(character - b'a' + 38),
        _ => None,
    }
}

/// Bytes in base64, with `=` at the end.
pub(super) fn to_base64(bytes: &[u8]) -> Zeroizing<String> {
    STANDARD.encode(bytes).into()
}

/// Bytes in hexadecimal digits.
pub(super) fn to_hex(bytes: &[u8]) -> Zeroizing<String> {
    let mut text = Zeroizing::new(String::with_capacity(2 * bytes.len()));
    for byte in bytes {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}

pub(super) fn hex(text: &str) -> Option<Vec<u8>> {
    let digit = |byte: &u8| char::from(*byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    let byte = |[high, low]: &[u8; 2]| Some(digit(high)? << 4 | digit(low)?);
    if rest.is_empty() { pairs.iter().map(byte).collect() } else { None }
}

/// The bytes in the order of these indices.
pub(super) fn reordered(bytes: &[u8], order: &[u8]) -> Vec<u8> {
    order.iter().filter_map(|index| bytes.get(usize::from(*index)).copied()).collect()
}

/// A salt, which there must be.
pub(super) fn salt(bytes: Vec<u8>) -> Option<Vec<u8>> {
    (!bytes.is_empty()).then_some(bytes)
}

/// A derived key of a plausible length.
pub(super) fn key(bytes: Vec<u8>) -> Option<Vec<u8>> {
    (LEAST_KEY..=MOST_KEY).contains(&bytes.len()).then_some(bytes)
}

/// Compares two keys in constant time.
pub(super) fn same(one: &[u8], other: &[u8]) -> bool {
    one.ct_eq(other).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_has_one_spelling() {
        assert_eq!(number("1500000"), Some(1_500_000));
        assert_eq!(number("4294967295"), Some(u32::MAX));
        for text in ["", "0", "01", "-1", "+1", " 1", "1 ", "1.0", "1e6", "0x10", "١", "4294967296"] {
            assert_eq!(number(text), None, "{text}");
        }
    }

    #[test]
    fn parameters_have_their_names_and_order() {
        assert_eq!(parameters("ln=14,r=8,p=1", ["ln", "r", "p"]), Some([14, 8, 1]));
        for text in
            ["", "ln=14", "ln=14,r=8", "r=8,ln=14,p=1", "ln=14,r=8,p=1,q=1", "ln=14,r=8,p=", "ln14,r8,p1"]
        {
            assert_eq!(parameters(text, ["ln", "r", "p"]), None, "{text}");
        }
    }

    #[test]
    fn encodings_have_their_alphabets() {
        let bytes = vec![0xFB, 0xEF, 0xFF, 0];
        assert_eq!(base64("++//AA=="), Some(bytes.clone()));
        assert_eq!(base64("++//AA"), Some(bytes.clone()));
        assert_eq!(base64_of_either_alphabet("--__AA"), Some(bytes.clone()));
        assert_eq!(base64_of_passlib("..//AA"), Some(bytes.clone()));
        assert_eq!(base64_of_bcrypt("8899.."), Some(bytes.clone()));
        assert_eq!(base64_of_bcrypt("8899./"), Some(bytes.clone()), "bits to spare");
        assert_eq!(base64_of_crypt("vzyz.."), Some(bytes.clone()));
        assert_eq!(base64_of_crypt("vzC"), Some(vec![0xFB, 0xEF]));
        for text in [".", "vzyz.", "vzyz.z", "vzz", "é", "$..."] {
            assert_eq!(base64_of_crypt(text), None, "{text}");
        }
        assert_eq!((to_base64(&bytes).as_str(), to_hex(&bytes).as_str()), ("++//AA==", "fbefff00"));
        assert_eq!(hex("fbEFff00"), Some(bytes));
        assert_eq!(
            (base64("--__AA"), base64("++//AB"), base64("+"), base64("++ //AA")),
            (None, None, None, None)
        );
        assert_eq!((hex("f"), hex("+f"), hex("fg"), hex("é")), (None, None, None, None));
    }

    #[test]
    fn every_byte_of_a_key_counts() {
        let key: [u8; 20] = std::array::from_fn(|index| u8::try_from(index).unwrap());
        assert!(same(&key, &key));
        for index in 0..key.len() {
            let mut other = key;
            other[index] ^= 1;
            assert!(!same(&key, &other) && !same(&key, &key[..index]) && !same(&key[..index], &key));
        }
    }

    #[test]
    fn keys_are_neither_short_nor_long_and_salts_are_not_empty() {
        assert_eq!(
            [0, 15, 16, 64, 65].map(|length| key(vec![0; length]).is_some()),
            [false, false, true, true, false]
        );
        assert_eq!((salt(vec![]), salt(vec![0])), (None, Some(vec![0])));
    }
}
