//! Passwords: argon2id as PHC strings, with OWASP's parameters, two computations at a time.
//!
//! ```text
//!  verify ──> place (2 run, 32 wait, the rest is told "busy") ──> blocking thread ──> argon2id, 19 MiB each
//! ```
//!
//! A password is hashed whole in Unicode normalization form C, so that the same keys on another system give the same
//! password; nothing is cut off or folded. An unknown person costs what a known one costs. How strong a password has
//! to be is for `strength`; keeping the hash is for others.

use std::{error::Error, fmt, hint::black_box, sync::Arc};

use argon2::{
    ARGON2ID_IDENT, Algorithm, Argon2, Params, PasswordHash, PasswordHasher, PasswordVerifier, Version, password_hash,
};
use daybook_events::{Kind, Kinded};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    task::{JoinError, spawn_blocking},
};
use unicode_normalization::UnicodeNormalization;

use super::strength::{About, Problem, find_problems};

/// At most this many characters, so that hashing is never a means to keep the hub busy.
pub(crate) const PASSWORD_CHARACTERS_MAX: usize = 128;
/// Larger than any 128 characters of any script; longer input is no password of anybody.
const PASSWORD_BYTES_MAX: usize = 4 * 1024;

/// OWASP's first choice of memory for argon2id with two passes and one lane.
const MEMORY_KIB: u32 = 19 * 1024;
const PASSES: u32 = 2;
const LANES: u32 = 1;

const RUNNING_MAX: usize = 2;
const WAITING_MAX: usize = 32;

/// A password as somebody typed it, in normalization form C. It is never printed.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Password(String);

/// What a verification found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Not the password.
    Wrong,
    /// The password.
    Right,
    /// The password, and its hash was made with other parameters: hash it anew.
    RightButOld,
}

/// What did not work with a password's hash.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PasswordError {
    /// Too many people sign in at this moment.
    #[error("too many passwords are being verified at this moment, try again in a few seconds")]
    Busy,
    /// The computation failed.
    #[error("hash a password")]
    Hash(#[source] password_hash::Error),
    /// The stored hash is damaged.
    #[error("read a password's stored hash")]
    Stored(#[source] Box<dyn Error + Send + Sync>),
    /// The thread that computed it has ended.
    #[error("wait for a password's hash")]
    Thread(#[source] JoinError),
}

/// Hashes and verifies passwords away from the threads that serve requests.
#[derive(Debug, Clone)]
pub(crate) struct Hasher {
    /// Places to run or to wait in.
    places: Arc<Semaphore>,
    /// Places to run in.
    running: Arc<Semaphore>,
}

impl Password {
    /// What somebody typed.
    pub(crate) fn new(typed: &str) -> Self {
        Self(typed.nfc().collect())
    }

    /// As text, to look at its strength.
    pub(super) fn as_str(&self) -> &str {
        &self.0
    }

    fn is_too_long(&self) -> bool {
        self.0.len() > PASSWORD_BYTES_MAX
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("[secret]")
    }
}

impl Default for Hasher {
    fn default() -> Self {
        Self {
            places: Arc::new(Semaphore::new(RUNNING_MAX + WAITING_MAX)),
            running: Arc::new(Semaphore::new(RUNNING_MAX)),
        }
    }
}

impl Hasher {
    /// The hash of a new password. Its strength is looked at before.
    ///
    /// # Errors
    ///
    /// `Unavailable`: busy; `Internal`.
    pub(crate) async fn hash(&self, password: Password) -> Result<String, PasswordError> {
        self.run(move || hash(&password)).await
    }

    /// The hash of a new password, or what is wrong with it. Both take their turn: strength costs as much as a hash.
    ///
    /// # Errors
    ///
    /// `Unavailable`: busy; `Internal`.
    pub(crate) async fn hash_new(
        &self,
        password: Password,
        about: [String; 3],
    ) -> Result<Result<String, Vec<Problem>>, PasswordError> {
        self.run(move || {
            let [name, email, account_name] = &about;
            let problems = find_problems(&password, &About { name, email, account_name });
            if problems.is_empty() { hash(&password).map(Ok) } else { Ok(Err(problems)) }
        })
        .await
    }

    /// Whether a password is that of the stored hash. Without one, for unknown people and those with passkeys only, it
    /// takes the same time and is wrong.
    ///
    /// # Errors
    ///
    /// `Unavailable`: busy; `Internal`.
    pub(crate) async fn verify(&self, password: Password, stored: Option<String>) -> Result<Verdict, PasswordError> {
        self.run(move || match stored {
            Some(stored) => verify(&password, &stored),
            None => verify_nobody(&password).map(|()| Verdict::Wrong),
        })
        .await
    }

    /// Runs a computation when its turn comes. The place goes with it, so that a caller who leaves does not make room
    /// for a third.
    async fn run<T: Send + 'static>(
        &self,
        compute: impl FnOnce() -> Result<T, PasswordError> + Send + 'static,
    ) -> Result<T, PasswordError> {
        let place = Arc::clone(&self.places).try_acquire_owned().map_err(|_| PasswordError::Busy)?;
        let turn = Arc::clone(&self.running).acquire_owned().await.map_err(|_| PasswordError::Busy)?;
        let held: (OwnedSemaphorePermit, OwnedSemaphorePermit) = (place, turn);
        let computed = spawn_blocking(move || {
            let result = compute();
            drop(held);
            result
        });
        computed.await.map_err(PasswordError::Thread)?
    }
}

impl Kinded for PasswordError {
    fn kind(&self) -> Kind {
        match self {
            Self::Busy => Kind::Unavailable,
            Self::Hash(_) | Self::Stored(_) | Self::Thread(_) => Kind::Internal,
        }
    }
}

/// Hashes a password with a new salt, as a PHC string. It keeps one core busy for some 20 ms.
pub(crate) fn hash(password: &Password) -> Result<String, PasswordError> {
    let hash = argon2id()?.hash_password(password.0.as_bytes()).map_err(PasswordError::Hash)?;
    Ok(hash.to_string())
}

/// Compares a password with a stored hash, in time that does not depend on either.
pub(crate) fn verify(password: &Password, stored: &str) -> Result<Verdict, PasswordError> {
    let stored = PasswordHash::new(stored).map_err(|error| PasswordError::Stored(error.into()))?;
    if stored.salt.is_none() || stored.hash.is_none() {
        return Err(PasswordError::Stored("it has no salt or no hash".into()));
    }
    if password.is_too_long() {
        return verify_nobody(password).map(|()| Verdict::Wrong);
    }
    match argon2id()?.verify_password(password.0.as_bytes(), &stored) {
        Ok(()) if is_current(&stored) => Ok(Verdict::Right),
        Ok(()) => Ok(Verdict::RightButOld),
        Err(password_hash::Error::PasswordInvalid) => Ok(Verdict::Wrong),
        Err(error) => Err(PasswordError::Hash(error)),
    }
}

/// Does the work of [`verify`] for somebody who has no password.
pub(crate) fn verify_nobody(password: &Password) -> Result<(), PasswordError> {
    let end = password.0.floor_char_boundary(PASSWORD_BYTES_MAX);
    let hash = argon2id()?.hash_password_with_salt(&password.0.as_bytes()[..end], &[0; 16]);
    black_box(hash).map(|_| ()).map_err(PasswordError::Hash)
}

fn argon2id() -> Result<Argon2<'static>, PasswordError> {
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, parameters()?))
}

fn parameters() -> Result<Params, PasswordError> {
    Params::new(MEMORY_KIB, PASSES, LANES, None).map_err(|error| PasswordError::Hash(error.into()))
}

fn is_current(stored: &PasswordHash) -> bool {
    let cost = |params: &Params| (params.m_cost(), params.t_cost(), params.p_cost());
    stored.algorithm == ARGON2ID_IDENT
        && stored.version == Some(Version::V0x13.into())
        && Params::try_from(stored).is_ok_and(|params| cost(&params) == (MEMORY_KIB, PASSES, LANES))
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::*;

    fn password(typed: &str) -> Password {
        Password::new(typed)
    }

    #[test]
    fn hash_is_a_phc_string_with_owasp_parameters() {
        let first = hash(&password("correct horse battery staple")).unwrap();
        let second = hash(&password("correct horse battery staple")).unwrap();
        assert!(first.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{first}");
        assert_ne!(first, second);
        assert_eq!(verify(&password("correct horse battery staple"), &first).unwrap(), Verdict::Right);
        assert_eq!(verify(&password("correct horse battery stapler"), &first).unwrap(), Verdict::Wrong);
        assert_eq!(verify(&password("Correct horse battery staple"), &first).unwrap(), Verdict::Wrong);
        assert_eq!(verify(&password(""), &first).unwrap(), Verdict::Wrong);
    }

    #[test]
    fn composed_and_decomposed_letters_are_the_same_password() {
        let stored = hash(&password("pässwörter für alle")).unwrap();
        let decomposed = "pa\u{308}sswo\u{308}rter fu\u{308}r alle";
        assert_eq!(verify(&password(decomposed), &stored).unwrap(), Verdict::Right);
        assert_eq!(verify(&password("passworter fur alle"), &stored).unwrap(), Verdict::Wrong);
    }

    #[test]
    fn nothing_is_cut_off_or_folded() {
        let long = "🔑".repeat(PASSWORD_CHARACTERS_MAX);
        let stored = hash(&password(&long)).unwrap();
        assert_eq!(verify(&password(&long), &stored).unwrap(), Verdict::Right);
        assert_eq!(verify(&password(&long[4..]), &stored).unwrap(), Verdict::Wrong);
        assert_eq!(verify(&password(&format!("{long} ")), &stored).unwrap(), Verdict::Wrong);
        assert_eq!(verify(&password(&"é".repeat(1_000_000)), &stored).unwrap(), Verdict::Wrong);
        let spaced = hash(&password("two  spaces\0and a null")).unwrap();
        assert_eq!(verify(&password("two spaces\0and a null"), &spaced).unwrap(), Verdict::Wrong);
        assert_eq!(verify(&password("two  spaces"), &spaced).unwrap(), Verdict::Wrong);
    }

    #[test]
    fn hash_of_other_parameters_is_old() {
        let text = password("correct horse battery staple");
        let weaker = Argon2::new(Algorithm::Argon2id, Version::V0x13, Params::new(8, 1, 1, None).unwrap());
        let other = Argon2::new(Algorithm::Argon2i, Version::V0x13, parameters().unwrap());
        for argon2 in [weaker, other] {
            let stored = argon2.hash_password(text.0.as_bytes()).unwrap().to_string();
            assert_eq!(verify(&text, &stored).unwrap(), Verdict::RightButOld);
            assert_eq!(verify(&password("something else"), &stored).unwrap(), Verdict::Wrong);
        }
    }

    #[test]
    fn damaged_hash_is_our_fault() {
        for stored in ["", "plain", "$2b$12$abcdefghijklmnopqrstuv", "$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHQ"] {
            assert_eq!(verify(&password("anything"), stored).unwrap_err().kind(), Kind::Internal, "{stored}");
        }
    }

    #[test]
    fn nobody_costs_as_much_as_somebody() {
        let stored = hash(&password("correct horse battery staple")).unwrap();
        let time = |work: &dyn Fn()| {
            let start = Instant::now();
            work();
            start.elapsed()
        };
        let (mut somebody, mut nobody) = (Duration::MAX, Duration::MAX);
        for _ in 0..10 {
            somebody = somebody.min(time(&|| {
                verify(&password("a guess"), &stored).unwrap();
            }));
            nobody = nobody.min(time(&|| verify_nobody(&password("a guess")).unwrap()));
        }
        assert!(nobody > somebody / 3 && nobody < somebody * 3, "{nobody:?} and {somebody:?}");
    }

    #[test]
    fn password_is_not_printed() {
        assert_eq!(format!("{:?}", password("correct horse battery staple")), "[secret]");
    }

    #[tokio::test]
    async fn hasher_hashes_and_verifies() {
        let hasher = Hasher::default();
        let stored = hasher.hash(password("correct horse battery staple")).await.unwrap();
        let right = hasher.verify(password("correct horse battery staple"), Some(stored)).await.unwrap();
        assert_eq!(right, Verdict::Right);
        assert_eq!(hasher.verify(password("a guess"), None).await.unwrap(), Verdict::Wrong);
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn two_run_and_the_rest_waits_or_is_told_busy() {
        let hasher = Hasher::default();
        let (open, gate) = std::sync::mpsc::channel::<()>();
        let gate = Arc::new(std::sync::Mutex::new(gate));
        let calls: Vec<_> = (0..RUNNING_MAX + WAITING_MAX)
            .map(|_| {
                let (hasher, gate) = (hasher.clone(), Arc::clone(&gate));
                tokio::spawn(async move { hasher.run(move || Ok(gate.lock().unwrap().recv().is_ok())).await })
            })
            .collect();
        while hasher.places.available_permits() > 0 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        let busy = hasher.hash(password("one too many")).await.unwrap_err();
        assert_eq!(busy.kind(), Kind::Unavailable);
        assert_eq!(hasher.running.available_permits(), 0);
        for _ in &calls {
            open.send(()).unwrap();
        }
        for call in calls {
            assert!(call.await.unwrap().unwrap());
        }
        assert_eq!(hasher.places.available_permits(), RUNNING_MAX + WAITING_MAX);
    }

    #[tokio::test]
    async fn leaving_callers_do_not_make_room() {
        let hasher = Hasher::default();
        let (open, gate) = std::sync::mpsc::channel::<()>();
        let call = tokio::spawn({
            let hasher = hasher.clone();
            async move { hasher.run(move || Ok(gate.recv().is_ok())).await }
        });
        while hasher.running.available_permits() == RUNNING_MAX {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        call.abort();
        assert!(call.await.unwrap_err().is_cancelled());
        assert_eq!(hasher.running.available_permits(), RUNNING_MAX - 1);
        open.send(()).unwrap();
        while hasher.running.available_permits() < RUNNING_MAX {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }
}
