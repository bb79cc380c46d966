mod clacks;
mod contract;
mod drawing;
mod fixture;
mod properties;
