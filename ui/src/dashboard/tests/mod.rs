//! The dashboard without a terminal and without a node: keys go into [`update`], frames into a buffer.

mod ascii;
mod cost;
mod filters;
mod fixture;
mod fuzz;
mod holding;
mod hostile;
mod keys;
mod leaving;
mod looks;
mod marks;
mod menu;
mod peer_lists;
mod pictures;
mod readme_pictures;
mod rebound;
mod replaying;
mod screens;
mod searching;
mod sizes;
mod stations;
mod story;
mod strangers;
mod taking_along;
mod themes;
mod writing;
