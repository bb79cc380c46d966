//! The tests that every store passes.

use super::{InFile, Place, export, pruning, reading};

/// Names each test once: as a test with a file, and in a list for other stores.
macro_rules! cases {
    ($($module:ident: $($case:ident)*;)*) => {
        /// The tests, with their names.
        #[cfg_attr(not(feature = "postgres"), allow(dead_code, reason = "only other stores need the list"))]
        pub(super) const CASES: &[(&str, fn(&dyn Place))] =
            &[$($((stringify!($case), $module::$case)),*),*];

        mod in_a_file {
            $($(
                #[test]
                fn $case() {
                    super::$module::$case(&super::InFile::new());
                }
            )*)*
        }
    };
}

cases! {
    reading:
        sightings_of_one_message_are_counted
        a_peer_has_its_latest_status
        messages_are_found_by_words
        messages_are_found_by_peer_kind_and_time
        the_best_match_comes_first
        answers_are_limited
        a_life_has_the_newest_sightings_in_order
        a_message_is_named_by_the_start_of_its_hash
        unseen_messages_come_oldest_first_and_in_pages
        hostile_texts_come_back_as_they_were
        an_archive_is_still_there_after_it_was_closed
        readers_see_what_a_writer_writes_and_write_nothing
        uncounted_sightings_are_counted_and_leave_no_message;
    pruning:
        what_is_older_than_keep_goes_and_newer_stays
        marked_messages_stay
        steps_are_small_and_readers_go_on
        counts_survive_their_sightings
        a_large_archive_loses_its_oldest_sightings_first
        removed_messages_are_found_no_more_and_can_come_again
        without_a_retention_nothing_goes;
    export:
        an_export_has_each_message_with_its_sightings
        an_export_can_end_early
        an_export_has_one_harmless_json_line_for_each_part;
}
