//! How the numbers of a picture are to be read as colours (ITU-T H.273), as its stream says.

/// The numbers of H.273's tables. 2 is unspecified in each.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct ColourSpace {
    /// `ColourPrimaries`.
    pub primaries: u8,
    /// `TransferCharacteristics`.
    pub transfer: u8,
    /// `MatrixCoefficients`.
    pub matrix: u8,
    /// Whether luma has all levels from 0 to 255, and not those from 16 to 235.
    pub full_range: bool,
}

impl ColourSpace {
    /// Nothing is said.
    pub const UNSAID: Self = Self { primaries: 2, transfer: 2, matrix: 2, full_range: false };

    /// BT.709 with levels from 16 to 235.
    pub const BT709: Self = Self { primaries: 1, transfer: 1, matrix: 1, full_range: false };
}
