//! The default keys, one row per binding.

use super::KeyContext;

/// Row of the key table: keys, contexts and command.
#[derive(Debug)]
pub struct Row {
    /// Keys, separated by spaces. The first one is shown in hints.
    pub keys: &'static str,
    /// Contexts in which the keys work.
    pub places: &'static [KeyContext],
    /// Command line to run. `{peer}` and `{message}` are replaced by the selection, `{key}` by the pressed key.
    pub command: &'static str,
    /// Text of the hint. Empty if the command has no hint.
    pub hint: &'static str,
    /// Text of the help.
    pub does: &'static str,
}

macro_rules! rows {
    ($($keys:literal, $places:expr, $command:literal, $hint:literal, $does:literal;)*) => {
        &[$(Row { keys: $keys, places: $places, command: $command, hint: $hint, does: $does }),*]
    };
}

const LISTS: &[KeyContext] = &[KeyContext::Peers, KeyContext::Queue, KeyContext::Traffic, KeyContext::Column];
/// Contexts in which a peer can be selected: in its list, or as the peer of a row of the traffic.
const WITH_PEER: &[KeyContext] = &[KeyContext::Peers, KeyContext::Traffic, KeyContext::Column];
/// Contexts in which rows can be marked.
const MARKED: &[KeyContext] = &[KeyContext::Peers, KeyContext::Queue, KeyContext::Held];
/// Contexts in which marks can be removed, also those in which no row is marked.
const UNMARKED: &[KeyContext] =
    &[KeyContext::Peers, KeyContext::Queue, KeyContext::Traffic, KeyContext::Column, KeyContext::Held];
/// Contexts with a list that can be sorted.
const SORTED: &[KeyContext] = &[KeyContext::Peers, KeyContext::Queue, KeyContext::Held];
/// Contexts beside the traffic whose list can be filtered. That of the map are the peers.
const NARROWED: &[KeyContext] = &[KeyContext::Peers, KeyContext::Queue, KeyContext::Column];
const TRAFFIC: &[KeyContext] = &[KeyContext::Traffic];
/// Overlays whose list can be filtered. That of the map are the peers.
const OPEN_LISTS: &[KeyContext] = &[KeyContext::OpenPicture, KeyContext::Held];
/// Contexts in which an overlay can be opened, also over another one.
const ANY_VIEW: &[KeyContext] = &[
    KeyContext::Peers,
    KeyContext::Queue,
    KeyContext::Traffic,
    KeyContext::Column,
    KeyContext::Overlay,
    KeyContext::OpenPicture,
    KeyContext::Held,
];
const QUEUE: &[KeyContext] = &[KeyContext::Queue];
/// Contexts in which a message can be selected.
const QUEUE_AND_TRAFFIC: &[KeyContext] = &[KeyContext::Queue, KeyContext::Traffic];
const OVERLAY: &[KeyContext] = &[KeyContext::Overlay, KeyContext::OpenPicture, KeyContext::Held];
/// Overlays with text.
const TEXT: &[KeyContext] = &[KeyContext::Overlay];
/// Overlays that can be scrolled by pages.
const PAGED: &[KeyContext] = &[KeyContext::Overlay, KeyContext::Held];
const SEARCH: &[KeyContext] = &[KeyContext::Search];
const OPEN_MAP: &[KeyContext] = &[KeyContext::OpenPicture];
const MAPS: &[KeyContext] = &[KeyContext::Column, KeyContext::OpenPicture];
const HELD: &[KeyContext] = &[KeyContext::Held];
const MENU: &[KeyContext] = &[KeyContext::Palette];
const REPLAY: &[KeyContext] = &[KeyContext::Replay];
const INPUT: &[KeyContext] = &[KeyContext::Input];
const CHOICES: &[KeyContext] = &[KeyContext::Choices];
const RECALL: &[KeyContext] = &[KeyContext::HistorySearch];

/// All bindings, in the order of hints and help.
#[rustfmt::skip]
pub const ROWS: &[Row] = rows![
    "i", LISTS, ":say", "say", "write a message";
    ":", LISTS, ":prompt :", "cmd", "write a command";
    "? f1", LISTS, ":help", "keys", "show available commands";
    "q", LISTS, ":quit", "quit", "stop the node and leave";
    "ctrl-c", LISTS, ":interrupt", "", "ask whether to leave; a second time, leave";
    "/", TRAFFIC, ":prompt :filter ", "filter", "show only the traffic that matches a filter";
    "enter", LISTS, ":open", "open", "show the selected item in full";
    "tab", LISTS, ":next-pane", "pane", "go to the next list";
    "shift-tab", LISTS, ":previous-pane", "", "go to the previous list";
    "I", WITH_PEER, ":ignore {peer}", "ignore", "ignore the selected peer";
    "U", WITH_PEER, ":unignore {peer}", "unignore", "stop ignoring the selected peer";
    "u", LISTS, ":undo", "undo", "undo the last command that changed something, for ten seconds";
    "a", WITH_PEER, ":announce {peer}", "announce", "announce this node to the selected peer";
    "/", NARROWED, ":prompt :only ", "filter", "show only the rows of the list that match a filter; on the map: of the peers";
    "F", WITH_PEER, ":forget {peer}", "forget", "remove the selected peer, after you confirm with y";
    "x del", QUEUE, ":drop {message}", "drop", "remove the selected message from the queue";
    "h", QUEUE, ":hold {message}", "hold", "hold the selected message: it is not sent until it is released";
    "e", QUEUE, ":edit {message}", "edit", "edit the selected message; it is held while you edit";
    "E", QUEUE, ":edit-in-editor {message}", "", "edit the selected message in your own editor: $VISUAL, $EDITOR or vi";
    "H", LISTS, ":held", "held", "list the held messages";
    "b", QUEUE_AND_TRAFFIC, ":biography", "history", "show the history of the selected message";
    "O", LISTS, ":overhead", "", "list the messages that keep coming back";
    "W", LISTS, ":why", "", "show how the receiver of each message is chosen";
    "v", MARKED, ":mark", "", "mark the selected item, or remove its mark; keys act on all marked items";
    "V", UNMARKED, ":unmark", "unmark", "remove all marks";
    "up k", LISTS, ":up", "", "one up";
    "down j", LISTS, ":down", "", "one down";
    "pgup ctrl-b", LISTS, ":page-up", "", "one page up";
    "pgdn ctrl-f", LISTS, ":page-down", "", "one page down";
    "home g", LISTS, ":top", "", "go to the first";
    "end G", LISTS, ":bottom", "", "go to the last; in the traffic: follow new rows";
    "1 2 3 4 5 6 7 8 9", LISTS, ":station {key}", "", "show the traffic of the station with this number, or all traffic again";
    "0", LISTS, ":filter", "", "show all traffic";
    "esc", LISTS, ":close", "", "remove the filter of the list; if it has none, remove that of the traffic";
    "space", LISTS, ":hold-still", "still", "freeze the screen while the node keeps running, or unfreeze it";
    "s", SORTED, ":sort", "", "sort the list by the next column, or restore its order";
    "S", SORTED, ":sort reverse", "", "reverse the order of the list";
    "N", LISTS, ":net", "net", "show the next network";
    "z", LISTS, ":zoom", "zoom", "enlarge the list to the whole screen, or restore the other lists";
    "y", LISTS, ":copy", "", "copy the selected item";
    "Y", LISTS, ":copy all", "", "copy everything marked or, without marks, everything shown";
    "m", LISTS, ":mouse", "", "let the terminal select text with the mouse, or use the mouse here again";
    "t", LISTS, ":prompt :theme ", "", "choose a theme; each is previewed as you write its name";
    "ctrl-z", LISTS, ":suspend", "", "suspend the program until the shell continues it";
    "ctrl-l", LISTS, ":redraw", "", "redraw the screen";

    "r", HELD, ":release {message}", "release", "release the selected message: put it at the end of the queue";
    "e", HELD, ":edit {message}", "edit", "edit the selected held message";
    "E", HELD, ":edit-in-editor {message}", "editor", "edit the selected held message in your own editor";
    "x del", HELD, ":drop {message}", "drop", "remove the selected held message";
    "R", HELD, ":release all", "release all", "release all held messages";
    "f", HELD, ":prompt :hold ", "hold by filter", "hold all messages that match a filter, now and later";
    "F", HELD, ":unhold", "stop holding", "stop holding messages by the filter; messages already held stay held";
    "enter", OVERLAY, ":open", "", "in a list, open the selected item; elsewhere, close";
    "esc q ctrl-c", OVERLAY, ":close", "close", "close what is open; in a filtered list, first remove its filter";
    "? f1", OVERLAY, ":help", "keys", "show available commands";
    "/", OPEN_LISTS, ":prompt :only ", "filter", "show only the rows of the list that match a filter; on the map: of the peers";
    "/", TEXT, ":search", "search", "search the text that is shown; capital letters make the search case-sensitive";
    "n", TEXT, ":next-match", "next match", "go to the next match";
    "N", TEXT, ":previous-match", "", "go to the previous match";
    "tab right", TEXT, ":next-pane", "next", "go to the next chart";
    "shift-tab left", TEXT, ":previous-pane", "", "go to the previous chart";
    "up k", OVERLAY, ":up", "", "one line up";
    "down j", OVERLAY, ":down", "down", "one line down";
    "pgup ctrl-b", PAGED, ":page-up", "", "one page up";
    "pgdn space ctrl-f", PAGED, ":page-down", "page", "one page down";
    "home g", PAGED, ":top", "", "go to the start";
    "end G", PAGED, ":bottom", "", "go to the end";
    "pgup ctrl-b", OPEN_MAP, ":page-up", "", "on a picture: one page of its items up; on the map: go to the first tower";
    "pgdn ctrl-f", OPEN_MAP, ":page-down", "", "on a picture: one page of its items down; on the map: go to the last tower";
    "home g", OPEN_MAP, ":top", "", "on a picture: go to the first of its items";
    "end G", OPEN_MAP, ":bottom", "", "on a picture: go to the last of its items";
    "left", MAPS, ":go-left", "", "on the map: go to the next tower on the left";
    "right", MAPS, ":go-right", "", "on the map: go to the next tower on the right";
    "f", MAPS, ":filter peer=\"{peer}\"", "its traffic", "on the map: show only the traffic of the selected peer";
    "z", OPEN_MAP, ":close", "", "close the map";
    "space", OPEN_MAP, ":hold-still", "still", "freeze the screen, or unfreeze it";
    "I", OVERLAY, ":ignore {peer}", "ignore", "ignore the shown peer";
    "U", OVERLAY, ":unignore {peer}", "unignore", "stop ignoring the shown peer";
    "u", OVERLAY, ":undo", "undo", "undo the last command that changed something, for ten seconds";
    "a", OVERLAY, ":announce {peer}", "announce", "announce this node to the shown peer";
    "b", OVERLAY, ":biography", "", "show the history of the shown message";
    "y", OVERLAY, ":copy", "copy", "copy the shown text";
    "M", ANY_VIEW, ":map", "map", "show the peers on a map";
    "C", ANY_VIEW, ":charts", "", "show charts of the last minutes";
    "T", ANY_VIEW, ":tower", "", "watch messages pass through the clacks tower";
    "L", ANY_VIEW, ":limits", "", "show the limits: how much of each is used, and how often each was reached";
    "ctrl-z", OVERLAY, ":suspend", "", "suspend the program until the shell continues it";
    "ctrl-l", OVERLAY, ":redraw", "", "redraw the screen";

    "enter", SEARCH, ":send", "keep", "keep the position; n and N go to other matches";
    "esc", SEARCH, ":leave", "back", "cancel, and go back to where the search began";
    "down", SEARCH, ":next-match", "next", "go to the next match";
    "up", SEARCH, ":previous-match", "before", "go to the previous match";
    "ctrl-c ctrl-u", SEARCH, ":clear", "", "clear the searched text; cancel if it is already empty";
    "ctrl-z", SEARCH, ":suspend", "", "suspend the program until the shell continues it";
    "ctrl-l", SEARCH, ":redraw", "", "redraw the screen";

    "enter", MENU, ":choose", "do it", "run the selected command, or write it into the input if it takes an argument";
    "esc ? f1 ctrl-c", MENU, ":close", "close", "close the list";
    "up ctrl-p", MENU, ":up", "up", "one up";
    "down ctrl-n", MENU, ":down", "down", "one down";
    "pgup ctrl-b", MENU, ":page-up", "", "one page up";
    "pgdn ctrl-f", MENU, ":page-down", "page", "one page down";
    "home", MENU, ":top", "", "go to the first";
    "end", MENU, ":bottom", "", "go to the last";
    "ctrl-u", MENU, ":clear", "", "clear the text that narrows the list";
    "ctrl-z", MENU, ":suspend", "", "suspend the program until the shell continues it";
    "ctrl-l", MENU, ":redraw", "", "redraw the screen";

    "enter", INPUT, ":send", "send", "send the message or run the command";
    "esc", INPUT, ":leave", "back to the lists, the draft stays", "leave the input; the draft is kept";
    "tab", INPUT, ":complete", "complete", "complete the command or its argument; in a message, leave the input";
    "shift-tab", INPUT, ":complete-back", "", "complete, beginning with the last choice";
    "f1", INPUT, ":help", "", "show available commands";
    "ctrl-c", INPUT, ":clear", "clear", "clear the input; leave it if it is already empty";
    "up", INPUT, ":history-back", "history", "show the line sent before this one";
    "down", INPUT, ":history-on", "", "show the line sent after this one";
    "ctrl-r", INPUT, ":search-history", "", "search the lines sent before";
    "left", INPUT, ":left", "", "one character left";
    "right", INPUT, ":right", "", "one character right; at the end of the line, accept the suggestion";
    "ctrl-left alt-left alt-b", INPUT, ":word-left", "", "one word left";
    "ctrl-right alt-right alt-f", INPUT, ":word-right", "", "one word right";
    "home ctrl-a", INPUT, ":line-start", "", "go to the start";
    "end ctrl-e", INPUT, ":line-end", "", "go to the end; at the end of the line, accept the suggestion";
    "ctrl-w", INPUT, ":delete-word", "", "delete the word before the cursor";
    "ctrl-u", INPUT, ":delete-before", "", "delete everything before the cursor";
    "ctrl-k", INPUT, ":delete-behind", "", "delete everything after the cursor";
    "ctrl-y", INPUT, ":put-back", "", "insert the text deleted last";
    "ctrl-z", INPUT, ":suspend", "", "suspend the program until the shell continues it";
    "ctrl-l", INPUT, ":redraw", "", "redraw the screen";

    "tab down", CHOICES, ":complete", "next", "select the next choice";
    "shift-tab up", CHOICES, ":complete-back", "previous", "select the previous choice";
    "enter", CHOICES, ":take", "take", "accept the choice; typing on accepts it as well";
    "esc ctrl-g ctrl-c", CHOICES, ":take-back", "back", "cancel, and restore what was written";

    "ctrl-r up", RECALL, ":search-history", "older", "show an older matching line";
    "enter tab right end", RECALL, ":take", "take", "put the line into the input";
    "esc ctrl-g ctrl-c", RECALL, ":take-back", "back", "cancel, and restore what was written";
    "ctrl-z", RECALL, ":suspend", "", "suspend the program until the shell continues it";
    "ctrl-l", RECALL, ":redraw", "", "redraw the screen";

    "p", REPLAY, ":pause", "pause", "pause or continue";
    ".", REPLAY, ":step", "step", "play one event and pause";
    "+", REPLAY, ":speed +", "faster", "play twice as fast";
    "-", REPLAY, ":speed -", "", "play half as fast";
    "[", REPLAY, ":jump -10s", "back", "go back ten seconds";
    "]", REPLAY, ":jump +10s", "on", "go forward ten seconds";
    "{", REPLAY, ":jump -1m", "", "go back one minute";
    "}", REPLAY, ":jump +1m", "", "go forward one minute";
];
