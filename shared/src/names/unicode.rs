//! Normalisation and case folding, in one place: they decide which spellings are the same text.
//!
//! Normalisation and case folding of assigned characters never change between Unicode versions
//! (<https://www.unicode.org/policies/stability_policy.html>), so a key once stored stays findable.

use icu_casemap::CaseMapper;
use icu_normalizer::{ComposingNormalizer, DecomposingNormalizer};
use icu_properties::props::{DefaultIgnorableCodePoint, GeneralCategory, GeneralCategoryGroup};
use icu_properties::{CodePointMapData, CodePointSetData};

/// The key under which all spellings of `text` meet: NFKC with full case folding.
///
/// This is compatibility caseless matching of the Unicode Standard (section 3.13, D146): case, width,
/// ligatures and composition make no difference, so `Alice`, `ａｌｉｃｅ` and `ALICE` share one key.
#[must_use]
pub fn caseless_key(text: &str) -> String {
    let fold = CaseMapper::new();
    let folded = fold.fold_string(&DecomposingNormalizer::new_nfd().normalize(text)).into_owned();
    let compatible = DecomposingNormalizer::new_nfkd().normalize(&folded).into_owned();
    ComposingNormalizer::new_nfkc().normalize(&fold.fold_string(&compatible)).into_owned()
}

/// The composed form of `text` (NFC): what looks the same and means the same is the same.
#[must_use]
pub fn nfc(text: &str) -> String {
    ComposingNormalizer::new_nfc().normalize(text).into_owned()
}

/// The composed form of `text` without compatibility characters (NFKC).
#[must_use]
pub fn nfkc(text: &str) -> String {
    ComposingNormalizer::new_nfkc().normalize(text).into_owned()
}

/// Python's `\w`, and so Django's username grammar: a letter or a number of any script, or `_`. Combining marks are
/// neither.
#[must_use]
pub fn is_word(c: char) -> bool {
    use GeneralCategory as Category;
    c == '_'
        || matches!(
            CodePointMapData::<Category>::new().get(c),
            Category::UppercaseLetter
                | Category::LowercaseLetter
                | Category::TitlecaseLetter
                | Category::ModifierLetter
                | Category::OtherLetter
                | Category::DecimalNumber
                | Category::LetterNumber
                | Category::OtherNumber
        )
}

/// Combining marks: vowel signs, viramas and accents. Many scripts write no word without them.
#[must_use]
pub fn is_mark(c: char) -> bool {
    GeneralCategoryGroup::Mark.contains(CodePointMapData::<GeneralCategory>::new().get(c))
}

/// Invisible characters: two texts that differ in them look alike.
#[must_use]
pub fn is_ignorable(c: char) -> bool {
    CodePointSetData::new::<DefaultIgnorableCodePoint>().contains(c)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn twins_share_a_key() {
        for (a, b) in [
            ("alice", "Alice"),
            ("alice", "ＡＬＩＣＥ"),
            ("fin", "ﬁn"),
            ("k", "\u{212A}"),
            ("strasse", "Straße"),
            ("ΣΟΦΟΣ", "σοφος"),
            ("σοφοσ", "σοφος"),
            ("José", "Jose\u{301}"),
            ("İ", "i\u{307}"),
            // Capitals in compatibility form; an iota that folds to a letter, before and after the accent.
            ("ℌ", "h"),
            ("α\u{345}\u{301}", "α\u{301}\u{345}"),
        ] {
            assert_eq!(caseless_key(a), caseless_key(b), "{a} and {b}");
        }
    }

    #[test]
    fn different_names_have_different_keys() {
        for (a, b) in [("alice", "alicе"), ("i", "ı"), ("jose", "josé"), ("o", "0"), ("a.b", "ab")] {
            assert_ne!(caseless_key(a), caseless_key(b), "{a} and {b}");
        }
    }

    #[test]
    fn nfc_composes_and_nothing_else() {
        assert_eq!(nfc("e\u{301}"), "é");
        assert_eq!(nfc("ﬁ Ａ "), "ﬁ Ａ ");
    }

    #[test]
    fn nfkc_composes_and_does_away_with_compatibility_characters() {
        assert_eq!(nfkc("e\u{301} ﬁ Ａ "), "é fi A ");
    }

    #[test]
    fn word_characters_are_those_of_python() {
        for c in ['a', 'Z', 'ǅ', 'ʰ', '5', '_', 'é', 'я', '名', '٣', '²', 'Ⅷ', '½', 'ª'] {
            assert!(is_word(c), "{c:?}");
        }
        for c in [' ', '\n', '\0', '-', '.', '@', '+', '\u{301}', 'Ⓐ', '€', '\u{200B}', '\u{202E}'] {
            assert!(!is_word(c), "{c:?}");
        }
    }

    #[test]
    fn marks_are_those_that_stand_with_a_letter() {
        for c in ['\u{301}', '\u{94D}', '\u{93F}', '\u{20DD}'] {
            assert!(is_mark(c), "{c:?}");
        }
        for c in ['a', '5', '^', '´', '\u{200D}'] {
            assert!(!is_mark(c), "{c:?}");
        }
    }

    #[test]
    fn invisible_characters_are_ignorable_even_where_they_count_as_letters() {
        for c in ['\u{200B}', '\u{AD}', '\u{E0001}', '\u{3164}', '\u{115F}'] {
            assert!(is_ignorable(c), "{c:?}");
        }
        assert!(!is_ignorable('a'));
    }

    proptest! {
        #[test]
        fn a_key_is_its_own_key(text in ".*") {
            let key = caseless_key(&text);
            prop_assert_eq!(caseless_key(&key), key);
        }

        #[test]
        fn simple_case_makes_no_difference_in_ascii(text in "[ -~]*") {
            prop_assert_eq!(caseless_key(&text.to_uppercase()), caseless_key(&text.to_lowercase()));
        }
    }
}
