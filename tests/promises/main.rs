//! What Capstan promises, one file per promise.

mod the_house_stays_true;
