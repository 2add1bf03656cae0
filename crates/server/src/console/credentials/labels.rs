//! What a new passkey is called until its owner renames it.
//!
//! The authenticator's model id (AAGUID) names the password manager or platform. It proves nothing, since "none"
//! attestation lets anybody write any id; it is good for a name only.

/// Where a passkey lives, as the browser tells it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Attachment {
    ThisDevice,
    Roaming,
    Unknown,
}

/// Models that people are likely to have, from the community's list of passkey providers.
const MODELS: [(u128, &str); 17] = [
    (0xbada5566_a7aa_401f_bd96_45619a55120d, "1Password"),
    (0xfbfc3007_154e_4ecc_8c0b_6e020557d7bd, "iCloud Keychain"),
    (0xdd4ec289_e01d_41c9_bb89_70fa845d4bf2, "iCloud Keychain"),
    (0xea9b8d66_4d01_1d21_3ce4_b6b48cb575d4, "Google Password Manager"),
    (0xadce0002_35bc_c60a_648b_0b25f1f05503, "Chrome on Mac"),
    (0x08987058_cadc_4b81_b6e1_30de50dcbe96, "Windows Hello"),
    (0x9ddd1817_af5a_4672_a2b9_3e3dd95000a9, "Windows Hello"),
    (0x6028b017_b1d4_4c02_b4b3_afcdafc96bb2, "Windows Hello"),
    (0xd548826e_79b4_db40_a3d8_11116f7e8349, "Bitwarden"),
    (0x531126d6_e717_415c_9320_3d9aa6981239, "Dashlane"),
    (0x50726f74_6f6e_5061_7373_50726f746f6e, "Proton Pass"),
    (0x0ea242b4_43c4_4a1b_8b17_dd6d0b6baec6, "Keeper"),
    (0xb84e4048_15dc_4dd0_8640_f4f60813c8af, "NordPass"),
    (0xf3809540_7f14_49c1_a8b3_8f813b225541, "Enpass"),
    (0xfdb141b2_5d84_443e_8a35_4698c205a502, "KeePassXC"),
    (0x53414d53_554e_4700_0000_000000000000, "Samsung Pass"),
    (0xb78a0a55_6ef8_d246_a042_ba0f6d55050c, "LastPass"),
];

/// A name for a passkey by its model, or else by where it lives.
pub(super) fn guess_label(model_id: &[u8], attachment: Attachment) -> &'static str {
    let model = <[u8; 16]>::try_from(model_id).map(u128::from_be_bytes).unwrap_or_default();
    if let Some((_, label)) = MODELS.iter().find(|(known, _)| *known == model) {
        return label;
    }
    match attachment {
        Attachment::ThisDevice => "This device",
        Attachment::Roaming => "Security key or phone",
        Attachment::Unknown => "Passkey",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_models_have_their_name() {
        let model_id = 0xbada5566_a7aa_401f_bd96_45619a55120d_u128.to_be_bytes();
        assert_eq!(guess_label(&model_id, Attachment::ThisDevice), "1Password");
    }

    #[test]
    fn unknown_models_are_named_by_place() {
        assert_eq!(guess_label(&[0; 16], Attachment::ThisDevice), "This device");
        assert_eq!(guess_label(&[1; 16], Attachment::Roaming), "Security key or phone");
        assert_eq!(guess_label(&[], Attachment::Unknown), "Passkey");
    }
}
