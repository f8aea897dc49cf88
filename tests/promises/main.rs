//! What Capstan promises, one file per promise.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "tests: a panic is their way to say no, and they wait for real recordings"
)]

mod common;

mod a_bad_layout_never_ends_a_recording;
mod a_crash_costs_what_was_not_synced;
mod a_recording_is_also_an_mp4;
mod a_room_is_recorded;
mod a_thousand_uploads_arrive;
mod another_client_is_served;
mod browsers_are_recorded;
mod clients_do_what_they_say;
mod each_one_is_recorded_as_sent;
mod examples_do_what_they_say;
mod fresh_keys_bring_home_what_was_refused;
mod hls_as_transport_stream;
mod layout_changes_at_once;
mod layouts_can_be_looked_at;
mod other_libraries_publish;
mod plugins_are_tried_before_they_are_trusted;
mod plugins_cannot_hurt;
mod plugins_in_any_language;
mod publishers_come_and_go;
mod recordings_are_found_again;
mod recordings_play_in_a_browser;
mod recordings_reach_a_bucket;
mod screenshots_are_taken;
mod secrets_stay_inside;
mod sessions_tell_their_story;
mod speakers_and_screens_are_shown;
mod stop_tells_what_is_left;
mod storages_are_tested_by_command;
mod the_api_answers_as_agreed;
mod the_api_is_described;
mod the_contract_stands;
mod the_demo_holds_its_word;
mod the_house_stays_true;
mod uploads_reach_every_vendor;
mod what_is_owed_survives_a_restart;
