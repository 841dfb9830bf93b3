//! Reading one variable: absent, or a value of a form.

use super::{ConfigError, wrong};

/// Looks variables up.
pub(super) struct Lookup<'a>(pub(super) &'a dyn Fn(&str) -> Option<String>);

impl Lookup<'_> {
    pub(super) fn get(&self, variable: &str) -> Option<String> {
        (self.0)(variable)
    }

    pub(super) fn endpoint(&self, variable: &'static str) -> Result<Option<String>, ConfigError> {
        let variables = [variable, "AWS_ENDPOINT_URL"];
        let set = variables.into_iter().find_map(|variable| Some((variable, self.get(variable)?)));
        let Some((variable, url)) = set else { return Ok(None) };
        let rest = ["http://", "https://"].into_iter().find_map(|scheme| url.strip_prefix(scheme));
        if rest.is_none_or(str::is_empty) {
            return Err(wrong(variable, "must be a URL that begins with http:// or https://"));
        }
        Ok(Some(url))
    }

    /// Letters, digits and a few signs, at most 255 of them:
    /// <https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_MetricDatum.html>.
    pub(super) fn namespace(&self, variable: &'static str) -> Result<Option<String>, ConfigError> {
        let Some(value) = self.get(variable) else { return Ok(None) };
        let allowed = |c: char| c.is_ascii_alphanumeric() || "._-/#:".contains(c);
        if value.is_empty() || value.len() > 255 || value.starts_with("AWS/") || !value.chars().all(allowed) {
            return Err(wrong(variable, "must be letters, digits and . _ - / # : and not begin with AWS/"));
        }
        Ok(Some(value))
    }

    pub(super) fn text(&self, variable: &'static str, default: &str) -> Result<String, ConfigError> {
        match self.get(variable) {
            None => Ok(default.to_owned()),
            Some(value) if value.trim().is_empty() => Err(wrong(variable, "must not be empty")),
            Some(value) => Ok(value),
        }
    }

    pub(super) fn number<N>(
        &self,
        variable: &'static str,
        default: N,
        range: std::ops::RangeInclusive<N>,
    ) -> Result<N, ConfigError>
    where
        N: std::str::FromStr + PartialOrd + std::fmt::Display,
    {
        let Some(value) = self.get(variable) else { return Ok(default) };
        let number = value.parse().ok().filter(|number| range.contains(number));
        let (least, most) = (range.start(), range.end());
        number.ok_or_else(|| wrong(variable, &format!("must be a whole number from {least} to {most}")))
    }
}
