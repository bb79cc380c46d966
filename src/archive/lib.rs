//! An archive of the messages that a node saw: when each was first and last here, how often, and who sent it.
