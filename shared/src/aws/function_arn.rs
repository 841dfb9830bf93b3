//! The names of Lambda functions.

/// The ARN of a Lambda function, with or without a version or an alias.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct FunctionArn {
    text: String,
    region: String,
}

impl FunctionArn {
    /// Reads an ARN: <https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html> has its form. `None` for any other text.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split(':');
        let ["arn", partition, "lambda", region, account, "function", name] =
            [(); 7].map(|()| parts.next().unwrap_or_default())
        else {
            return None;
        };
        let qualifier = parts.next();
        let of = |allowed: &str, text: &str| {
            !text.is_empty()
                && text.chars().all(|sign| sign.is_ascii_alphanumeric() || allowed.contains(sign))
        };
        let is_account = account.len() == 12 && account.bytes().all(|byte| byte.is_ascii_digit());
        let is_arn = of("-", partition)
            && of("-", region)
            && is_account
            && of("-_", name)
            && name.len() <= 64
            && qualifier.is_none_or(|qualifier| of("-_$", qualifier))
            && parts.next().is_none();
        is_arn.then(|| Self { text: text.to_owned(), region: region.to_owned() })
    }

    /// The ARN as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The region of the function.
    #[must_use]
    pub fn region(&self) -> &str {
        &self.region
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_arn_has_one_form() {
        let good = "arn:aws-us-gov:lambda:us-gov-west-1:123456789012:function:former_Users-1";
        let arn = FunctionArn::parse(good).unwrap();
        assert_eq!((arn.as_str(), arn.region()), (good, "us-gov-west-1"));
        for qualifier in ["live", "7", "$LATEST"] {
            assert!(FunctionArn::parse(&format!("{good}:{qualifier}")).is_some(), "{qualifier}");
        }
        let other = [
            "",
            "former-users",
            "arn:aws:lambda:eu-west-1:123456789012:function:",
            "arn:aws:lambda::123456789012:function:x",
            "arn:aws:lambda:eu-west-1:12345678901:function:x",
            "arn:aws:lambda:eu-west-1:123456789012:layer:x",
            "arn:aws:lambda:eu-west-1:123456789012:function:x/y",
            "arn:aws:lambda:eu-west-1:123456789012:function:x:live:more",
            "arn:aws:lambda:eu-west-1:123456789012:function:x:",
            "arn:aws:sns:eu-west-1:123456789012:function:x",
            "arn:aws:lambda:eu-west-1/:123456789012:function:x",
        ];
        for text in other {
            assert_eq!(FunctionArn::parse(text), None, "{text}");
        }
    }
}
