//! Request bodies: one JSON object. One response names every bad field.

use std::collections::BTreeMap;
use std::fmt;

use lambda_http::http::header::{CONTENT_ENCODING, CONTENT_TYPE, HeaderName};
use secrecy::{ExposeSecret, SecretString};
use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, Visitor};

use super::{ApiError, FieldCode, FieldError, FieldErrors, Request};

/// Longest body that is parsed, in bytes.
pub(super) const MAX_BYTES: usize = 16 * 1024;

/// The fields of a body, and the errors of those that were read so far.
///
/// Unknown fields are ignored. No field can be printed: one of them is a password.
#[derive(Debug, Default)]
pub struct BodyFields {
    fields: BTreeMap<String, Field>,
    errors: FieldErrors,
}

/// A field was refused; the [`BodyFields`] knows why.
#[derive(Clone, Copy, Debug)]
pub struct Invalid;

impl BodyFields {
    /// Reads a request's body.
    ///
    /// # Errors
    ///
    /// 413, 415, or 400 for a body that is not one JSON object without duplicate keys.
    pub fn read(request: &Request) -> Result<Self, ApiError> {
        let body = request.body();
        if body.len() > MAX_BYTES {
            return Err(ApiError::BodyTooLarge);
        }
        let content_type = only(request, &CONTENT_TYPE)?;
        if let Some(encoding) = only(request, &CONTENT_ENCODING)?
            && !encoding.eq_ignore_ascii_case("identity")
        {
            return Err(ApiError::UnsupportedMediaType);
        }
        let fields = match content_type {
            // An empty body without a type lacks its fields, not its type.
            None if body.is_empty() => BTreeMap::new(),
            Some(declared) if is_json(declared) && body.is_empty() => BTreeMap::new(),
            Some(declared) if is_json(declared) => {
                serde_json::from_slice::<Fields>(body).map_err(|_| ApiError::MalformedJson)?.0
            }
            _ => return Err(ApiError::UnsupportedMediaType),
        };
        Ok(Self { fields, errors: FieldErrors::new() })
    }

    /// `true` if the body has the field, whatever its value.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        self.fields.contains_key(name)
    }

    /// A required field.
    ///
    /// # Errors
    ///
    /// When it is missing, null, blank, not a string, or an error of `parse`. The error is kept for the response.
    pub fn required<T, E: FieldCode>(
        &mut self,
        name: &'static str,
        parse: impl FnOnce(&str) -> Result<T, E>,
    ) -> Result<T, Invalid> {
        let text = match self.fields.remove(name) {
            None => return Err(self.error(name, "required", "This field is required.")),
            Some(Field::Null) => return Err(self.error(name, "null", "This field may not be null.")),
            Some(Field::Flag(_) | Field::Other) => {
                return Err(self.error(name, "invalid", "Not a valid string."));
            }
            Some(Field::Text(text)) => text,
        };
        if text.expose_secret().trim().is_empty() {
            return Err(self.error(name, "blank", "This field may not be blank."));
        }
        self.parsed(name, &text, parse)
    }

    /// An optional field. `null` and the empty text are none, as browser forms send them.
    ///
    /// # Errors
    ///
    /// When it is blank, not a string, or an error of `parse`. The error is kept for the response.
    pub fn optional<T, E: FieldCode>(
        &mut self,
        name: &'static str,
        parse: impl FnOnce(&str) -> Result<T, E>,
    ) -> Result<Option<T>, Invalid> {
        match self.fields.remove(name) {
            None | Some(Field::Null) => Ok(None),
            Some(Field::Text(text)) if text.expose_secret().is_empty() => Ok(None),
            Some(Field::Text(text)) if text.expose_secret().trim().is_empty() => {
                Err(self.error(name, "blank", "This field may not be blank."))
            }
            Some(Field::Text(text)) => self.parsed(name, &text, parse).map(Some),
            Some(Field::Flag(_) | Field::Other) => Err(self.error(name, "invalid", "Not a valid string.")),
        }
    }

    /// An optional field that is `true` or `false`; `false` without it.
    ///
    /// # Errors
    ///
    /// When it is anything else. The error is kept for the response.
    pub fn flag(&mut self, name: &'static str) -> Result<bool, Invalid> {
        match self.fields.remove(name) {
            None | Some(Field::Null) => Ok(false),
            Some(Field::Flag(flag)) => Ok(flag),
            Some(Field::Text(_) | Field::Other) => {
                Err(self.error(name, "invalid", "Must be a valid boolean."))
            }
        }
    }

    /// A field that could only be checked after others.
    ///
    /// # Errors
    ///
    /// The error of the check, which is kept for the response.
    pub fn check<T, E: FieldCode>(
        &mut self,
        name: &'static str,
        checked: Result<T, E>,
    ) -> Result<T, Invalid> {
        checked.map_err(|error| self.error(name, error.code(), &error.to_string()))
    }

    fn parsed<T, E: FieldCode>(
        &mut self,
        name: &'static str,
        text: &SecretString,
        parse: impl FnOnce(&str) -> Result<T, E>,
    ) -> Result<T, Invalid> {
        self.check(name, parse(text.expose_secret()))
    }

    fn error(&mut self, field: &'static str, code: &'static str, message: &str) -> Invalid {
        self.errors.push(FieldError { field, code, message: message.to_owned() });
        Invalid
    }
}

impl From<BodyFields> for ApiError {
    /// The errors of all fields.
    fn from(form: BodyFields) -> Self {
        Self::Fields(form.errors)
    }
}

/// The value of a header that may appear once.
fn only<'a>(request: &'a Request, name: &HeaderName) -> Result<Option<&'a str>, ApiError> {
    let mut values = request.headers().get_all(name).iter();
    match (values.next(), values.next()) {
        (None, _) => Ok(None),
        (Some(value), None) => value.to_str().map(Some).map_err(|_| ApiError::UnsupportedMediaType),
        (Some(_), Some(_)) => Err(ApiError::UnsupportedMediaType),
    }
}

/// A `Content-Type` names JSON in any case and with any parameters (RFC 9110 section 8.3).
fn is_json(content_type: &str) -> bool {
    let essence = content_type.split(';').next().unwrap_or_default();
    essence.trim().eq_ignore_ascii_case("application/json")
}

/// A field's value: a string or a boolean, or the fact that it is none.
#[derive(Debug)]
enum Field {
    Flag(bool),
    Null,
    Other,
    Text(SecretString),
}

/// The members of an object, each name once.
struct Fields(BTreeMap<String, Field>);

impl<'de> Deserialize<'de> for Fields {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(FieldsVisitor)
    }
}

struct FieldsVisitor;

impl<'de> Visitor<'de> for FieldsVisitor {
    type Value = Fields;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Fields, A::Error> {
        let mut fields = BTreeMap::new();
        while let Some((name, value)) = map.next_entry::<String, Field>()? {
            if fields.insert(name, value).is_some() {
                return Err(A::Error::custom("duplicate key"));
            }
        }
        Ok(Fields(fields))
    }
}

impl<'de> Deserialize<'de> for Field {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(FieldVisitor)
    }
}

struct FieldVisitor;

impl<'de> Visitor<'de> for FieldVisitor {
    type Value = Field;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E>(self) -> Result<Field, E> {
        Ok(Field::Null)
    }

    fn visit_str<E>(self, text: &str) -> Result<Field, E> {
        Ok(Field::Text(text.into()))
    }

    fn visit_bool<E>(self, flag: bool) -> Result<Field, E> {
        Ok(Field::Flag(flag))
    }

    fn visit_i64<E>(self, _: i64) -> Result<Field, E> {
        Ok(Field::Other)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Field, E> {
        Ok(Field::Other)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Field, E> {
        Ok(Field::Other)
    }

    fn visit_seq<A: serde::de::SeqAccess<'de>>(self, mut seq: A) -> Result<Field, A::Error> {
        while seq.next_element::<Field>()?.is_some() {}
        Ok(Field::Other)
    }

    /// Duplicate keys are refused at any depth.
    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Field, A::Error> {
        FieldsVisitor.visit_map(map).map(|_| Field::Other)
    }
}
