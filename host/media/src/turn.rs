//! By how much a picture is turned: a phone that is held upright sends its sensor's wide picture and says in each
//! frame how it is held.

use serde::{Deserialize, Serialize};

use crate::frame::Size;

/// By how many quarters a picture is to be turned clockwise to stand upright.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Turn {
    /// It stands upright as it is.
    #[default]
    None,
    /// By 90 degrees.
    Quarter,
    /// By 180 degrees.
    Half,
    /// By 270 degrees.
    ThreeQuarters,
}

impl Turn {
    /// Of a number of quarters; four are none.
    #[must_use]
    pub const fn of_quarters(quarters: u8) -> Self {
        match quarters % 4 {
            0 => Self::None,
            1 => Self::Quarter,
            2 => Self::Half,
            _ => Self::ThreeQuarters,
        }
    }

    /// The number of quarters.
    #[must_use]
    pub const fn quarters(self) -> u8 {
        match self {
            Self::None => 0,
            Self::Quarter => 1,
            Self::Half => 2,
            Self::ThreeQuarters => 3,
        }
    }

    /// The turn that takes this one back, which is the same turn anticlockwise.
    #[must_use]
    pub const fn back(self) -> Self {
        Self::of_quarters(4 - self.quarters())
    }

    /// Its degrees.
    #[must_use]
    pub const fn degrees(self) -> u16 {
        self.quarters() as u16 * 90
    }

    /// The size of a picture that is turned so.
    #[must_use]
    pub const fn turned(self, size: Size) -> Size {
        match self {
            Self::None | Self::Half => size,
            Self::Quarter | Self::ThreeQuarters => Size { width: size.height, height: size.width },
        }
    }
}
