//! How strong a new password has to be: long enough, and not among what is guessed first.
//!
//! There are no rules about digits or symbols, and every character of Unicode is fine (OWASP ASVS 5.0, 6.2; NIST SP
//! 800-63B). Guessability is what `zxcvbn` estimates, which knows common passwords, names, words and keyboards, and is
//! told what others know about the person. The texts here are for people.

use std::cmp::Reverse;

use zxcvbn::{Score, feedback::Feedback, zxcvbn};

use super::passwords::{PASSWORD_CHARACTERS_MAX, Password};

/// At least this many characters, where several spaces in a row count as one.
pub(crate) const PASSWORD_CHARACTERS_MIN: usize = 12;
/// More than 10⁸ guesses, which is out of reach for whoever guesses at a sign-in page.
const SCORE_MIN: Score = Score::Three;
/// Shorter parts of names are found by chance in good passwords.
const PART_CHARACTERS_MIN: usize = 3;
/// A password with known parts needs at least this many characters besides.
const REST_CHARACTERS_MIN: usize = 6;
/// No name has more parts; the estimate's time grows with them.
const PARTS_MAX: usize = 32;

/// What others know about whoever chooses a password.
#[derive(Debug, Clone, Copy)]
pub(crate) struct About<'a> {
    pub(crate) name: &'a str,
    pub(crate) email: &'a str,
    pub(crate) account_name: &'a str,
}

/// One thing that is wrong with a new password. Its text is a sentence for people.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Problem {
    /// Too few characters.
    #[error("This password is too short: use at least {PASSWORD_CHARACTERS_MIN} characters, this has {0}.")]
    TooShort(usize),
    /// Too many characters.
    #[error("This password is too long: use at most {PASSWORD_CHARACTERS_MAX} characters, this has {0}.")]
    TooLong(usize),
    /// It is made of what others know about the person.
    #[error("This password is easy to guess for those who know your name, email or account.")]
    Personal,
    /// It is guessed soon.
    #[error("{0}")]
    Guessable(String),
}

/// What is wrong with a new password; nothing, if it is good.
pub(crate) fn find_problems(password: &Password, about: &About<'_>) -> Vec<Problem> {
    let text = password.as_str();
    let characters = text.chars().count();
    if characters > PASSWORD_CHARACTERS_MAX {
        return vec![Problem::TooLong(characters)];
    }
    let mut problems = Vec::new();
    let counted = count_with_single_spaces(text);
    if counted < PASSWORD_CHARACTERS_MIN {
        problems.push(Problem::TooShort(counted));
    }
    problems.extend(guessable(text, about));
    problems
}

/// Why a password is guessed soon. Personal is what would be good if the person were somebody else, or has little else
/// in it.
fn guessable(text: &str, about: &About<'_>) -> Option<Problem> {
    let known = known_parts(about);
    let known: Vec<&str> = known.iter().map(String::as_str).collect();
    if has_little_else(text, &known) {
        return Some(Problem::Personal);
    }
    let estimate = zxcvbn(text, &known);
    if estimate.score() >= SCORE_MIN {
        return None;
    }
    if zxcvbn(text, &[]).score() >= SCORE_MIN {
        return Some(Problem::Personal);
    }
    let feedback = estimate.feedback();
    let warning = feedback.and_then(Feedback::warning).map(|warning| warning.to_string());
    let mut sentences = vec![warning.unwrap_or_else(|| "This password is easy to guess.".to_owned())];
    sentences.extend(feedback.into_iter().flat_map(Feedback::suggestions).map(ToString::to_string));
    Some(Problem::Guessable(sentences.join(" ")))
}

/// The words of a person's name, email and account, in lower case as `zxcvbn` compares them, and our own name.
fn known_parts(about: &About<'_>) -> Vec<String> {
    let texts = [about.email, about.name, about.account_name, "daybook"];
    let whole = texts.iter().map(|text| text.to_lowercase());
    let words =
        texts.iter().flat_map(|text| text.split(|letter: char| !letter.is_alphanumeric())).map(str::to_lowercase);
    let mut parts: Vec<String> = Vec::new();
    for part in whole.chain(words) {
        if part.chars().count() >= PART_CHARACTERS_MIN && parts.len() < PARTS_MAX && !parts.contains(&part) {
            parts.push(part);
        }
    }
    parts
}

/// Whether a password has known parts and few characters besides; `zxcvbn` finds the order of the parts hard to guess.
fn has_little_else(text: &str, known: &[&str]) -> bool {
    let lower = text.to_lowercase();
    let mut longest_first = known.to_vec();
    longest_first.sort_by_key(|part| Reverse(part.len()));
    let rest = longest_first.iter().fold(lower.clone(), |rest, part| rest.replace(part, ""));
    rest.len() < lower.len() && rest.chars().filter(|letter| *letter != ' ').count() < REST_CHARACTERS_MIN
}

fn count_with_single_spaces(text: &str) -> usize {
    let mut after_space = false;
    let counts = |letter: char| {
        let repeated = after_space && letter == ' ';
        after_space = letter == ' ';
        !repeated
    };
    text.chars().map(counts).filter(|counts| *counts).count()
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use proptest::prelude::*;

    use super::*;

    const WENDY: About<'_> = About {
        name: "Wendy Appleseed",
        email: "wendy.appleseed@agilebits.example",
        account_name: "AgileBits Coffee Roasters",
    };

    fn problems(typed: &str) -> Vec<Problem> {
        find_problems(&Password::new(typed), &WENDY)
    }

    #[test]
    fn good_passwords_have_no_problems() {
        let long = "zebra quilt ".repeat(10) + "harbour";
        for typed in [
            "correct horse battery staple",
            "vK7#qLm2!xRp",
            "🦊🌋🥨🛶🎷🧭🪁🐙🍄🚲🧦🔭",
            "наша кошка спит на батарее",
            "tulpenstrauß im märz 33 grad",
            "wendy sips cold harbour tea",
            &long,
        ] {
            assert_eq!(problems(typed), [], "{typed}");
        }
    }

    #[test]
    fn eleven_characters_are_too_short() {
        assert_eq!(problems("vK7#qLm2!xR"), [Problem::TooShort(11)]);
        assert_eq!(problems("vK7#      qLm2!x"), [Problem::TooShort(11)]);
        assert_eq!(problems("vK7# q Lm2!x"), []);
        let text = Problem::TooShort(11).to_string();
        assert_eq!(text, "This password is too short: use at least 12 characters, this has 11.");
    }

    #[test]
    fn length_counts_characters_as_people_do() {
        assert_eq!(problems("vK7#qLm2!xü"), [Problem::TooShort(11)]);
        assert_eq!(problems("vK7#qLm2!xu\u{308}"), [Problem::TooShort(11)]);
    }

    #[test]
    fn sixty_four_to_128_characters_are_fine() {
        let letters = "kqzvjxwpyfbghmucdlnrtsoiea0918273645";
        let text: String = letters.chars().cycle().step_by(7).take(128).collect();
        assert_eq!(problems(&text[..64]), []);
        assert_eq!(problems(&text), []);
        assert_eq!(problems(&format!("{text}!")), [Problem::TooLong(129)]);
    }

    #[test]
    fn common_passwords_are_guessable() {
        for typed in
            ["password1234", "qwertyuiop12", "aaaaaaaaaaaaaaaa", "123456789012", "iloveyou2024", "111111111111"]
        {
            assert!(matches!(problems(typed).as_slice(), [Problem::Guessable(_)]), "{typed}");
        }
        let text = problems("aaaaaaaaaaaaaaaa")[0].to_string();
        assert!(text.starts_with("Repeats like \"aaa\" are easy to guess. "), "{text}");
        assert_eq!(problems("password").len(), 2);
        assert_eq!(problems("").len(), 2);
    }

    #[test]
    fn what_others_know_is_personal() {
        for typed in
            ["AgileBitsCoffeeRoasters", "wendy.appleseed@agilebits.example", "DaybookAppleseed", "Wendy 2026! daybook"]
        {
            assert_eq!(problems(typed), [Problem::Personal], "{typed}");
        }
    }

    #[test]
    fn estimate_takes_little_time() {
        let start = Instant::now();
        problems(&"wendy P4ssw0rd qwerty 1999 ".repeat(5)[..128]);
        assert!(start.elapsed() < Duration::from_secs(2), "{:?}", start.elapsed());
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn every_text_has_an_answer(typed in "\\PC{0,140}", name in "\\PC{0,20}") {
            let about = About { name: &name, ..WENDY };
            let _ = find_problems(&Password::new(&typed), &about);
        }
    }
}
