//! Callback "agora".
