//! Signing in: PLAIN (RFC 4616) and SCRAM (RFC 5802, RFC 7677), as the tokens that go to and fro.

use std::{fmt, num::NonZeroU32};

use data_encoding::BASE64;
use ring::{digest, hmac, pbkdf2};

/// More rounds than any broker demands are an attack on our processor.
const ROUNDS_MAX: u32 = 1_000_000;
const ROUNDS_MIN: u32 = 4096;

/// How to sign in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mechanism {
    Plain,
    ScramSha256,
    ScramSha512,
}

impl Mechanism {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Plain => "PLAIN",
            Self::ScramSha256 => "SCRAM-SHA-256",
            Self::ScramSha512 => "SCRAM-SHA-512",
        }
    }
}

/// Who signs in.
#[derive(Clone)]
pub(super) struct Credentials {
    pub(super) mechanism: Mechanism,
    username: String,
    password: String,
}

impl fmt::Debug for Credentials {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Credentials([secret])")
    }
}

impl Credentials {
    pub(super) fn new(mechanism: Mechanism, username: &str, password: &str) -> Self {
        Self { mechanism, username: username.to_owned(), password: password.to_owned() }
    }

    /// The only token of PLAIN.
    pub(super) fn plain_token(&self) -> Vec<u8> {
        format!("\0{}\0{}", self.username, self.password).into_bytes()
    }
}

/// A conversation by SCRAM, after its first token.
#[derive(Debug)]
pub(super) struct Scram {
    credentials: Credentials,
    nonce: String,
    first_bare: String,
}

/// What the broker must say at the end to be the one that knows the password.
#[derive(Debug)]
pub(super) struct ServerProof {
    key: hmac::Key,
    signed: String,
}

impl Scram {
    /// A conversation with a nonce that was never used.
    pub(super) fn new(credentials: Credentials, nonce: String) -> Self {
        let name = credentials.username.replace('=', "=3D").replace(',', "=2C");
        let first_bare = format!("n={name},r={nonce}");
        Self { credentials, nonce, first_bare }
    }

    pub(super) fn first_token(&self) -> Vec<u8> {
        format!("n,,{}", self.first_bare).into_bytes()
    }

    /// The second token, from the broker's first. It takes milliseconds of processor time.
    ///
    /// # Errors
    ///
    /// The broker's token is not by the rules; the text says in what.
    pub(super) fn final_token(&self, server_first: &[u8]) -> Result<(Vec<u8>, ServerProof), &'static str> {
        let server_first = std::str::from_utf8(server_first).map_err(|_| "its SCRAM challenge is no text")?;
        let field = |name| server_first.split(',').find_map(|field| field.strip_prefix(name));
        let nonce = field("r=").filter(|nonce| nonce.len() > self.nonce.len() && nonce.starts_with(&self.nonce));
        let nonce = nonce.ok_or("its SCRAM challenge is not for our nonce")?;
        let salt =
            field("s=").and_then(|salt| BASE64.decode(salt.as_bytes()).ok()).ok_or("its SCRAM salt is missing")?;
        let rounds = field("i=").and_then(|rounds| rounds.parse().ok());
        let rounds = rounds.filter(|rounds| (ROUNDS_MIN..=ROUNDS_MAX).contains(rounds)).and_then(NonZeroU32::new);
        let rounds = rounds.ok_or("its SCRAM rounds are not between 4096 and 1000000")?;

        let without_proof = format!("c=biws,r={nonce}");
        let signed = format!("{},{server_first},{without_proof}", self.first_bare);
        let (algorithm, digest, derivation) = self.algorithms();
        let mut salted = vec![0; digest.output_len()];
        pbkdf2::derive(derivation, rounds, &salt, self.credentials.password.as_bytes(), &mut salted);
        let salted = hmac::Key::new(algorithm, &salted);
        let client_key = hmac::sign(&salted, b"Client Key");
        let stored = hmac::Key::new(algorithm, digest::digest(digest, client_key.as_ref()).as_ref());
        let signature = hmac::sign(&stored, signed.as_bytes());
        let proof: Vec<u8> = client_key.as_ref().iter().zip(signature.as_ref()).map(|(a, b)| a ^ b).collect();
        let server_key = hmac::Key::new(algorithm, hmac::sign(&salted, b"Server Key").as_ref());
        let token = format!("{without_proof},p={}", BASE64.encode(&proof));
        Ok((token.into_bytes(), ServerProof { key: server_key, signed }))
    }

    fn algorithms(&self) -> (hmac::Algorithm, &'static digest::Algorithm, pbkdf2::Algorithm) {
        match self.credentials.mechanism {
            Mechanism::ScramSha512 => (hmac::HMAC_SHA512, &digest::SHA512, pbkdf2::PBKDF2_HMAC_SHA512),
            _ => (hmac::HMAC_SHA256, &digest::SHA256, pbkdf2::PBKDF2_HMAC_SHA256),
        }
    }
}

impl ServerProof {
    /// Whether the broker's last token proves that it knows the password too.
    pub(super) fn holds(&self, server_final: &[u8]) -> bool {
        let given = server_final.strip_prefix(b"v=").and_then(|text| {
            let text = text.split(|byte| *byte == b',').next()?;
            BASE64.decode(text).ok()
        });
        given.is_some_and(|given| hmac::verify(&self.key, self.signed.as_bytes(), &given).is_ok())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of RFC 7677.
    #[test]
    fn scram_is_as_the_standard_has_it() {
        let credentials = Credentials::new(Mechanism::ScramSha256, "user", "pencil");
        let scram = Scram::new(credentials, "rOprNGfwEbeRWgbNEkqO".to_owned());
        assert_eq!(scram.first_token(), b"n,,n=user,r=rOprNGfwEbeRWgbNEkqO");
        let challenge = b"r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096";
        let (token, proof) = scram.final_token(challenge).unwrap();
        assert_eq!(
            String::from_utf8(token).unwrap(),
            "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ="
        );
        assert!(proof.holds(b"v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="));
        assert!(!proof.holds(b"v=7rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="));
        assert!(!proof.holds(b"e=invalid-proof"));
    }

    #[test]
    fn challenges_against_the_rules_are_refused() {
        let scram = Scram::new(Credentials::new(Mechanism::ScramSha512, "a=b,c", "p"), "abc".to_owned());
        assert_eq!(scram.first_token(), b"n,,n=a=3Db=2Cc,r=abc");
        for challenge in [
            "r=abc,s=AAAA,i=4096",
            "r=xyzabc,s=AAAA,i=4096",
            "r=abcd,i=4096",
            "r=abcd,s=AAAA,i=4095",
            "r=abcd,s=AAAA,i=1000001",
            "",
        ] {
            assert!(scram.final_token(challenge.as_bytes()).is_err(), "{challenge}");
        }
        assert!(scram.final_token(b"r=abcd,s=AAAA,i=4096").is_ok());
    }

    #[test]
    fn secrets_are_not_printed() {
        let scram = Scram::new(Credentials::new(Mechanism::Plain, "u", "hush"), "n".to_owned());
        assert!(!format!("{scram:?}").contains("hush"));
    }
}
