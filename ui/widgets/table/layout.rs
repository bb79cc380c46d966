//! Widths of the columns of a table.
//!
//! Every column has a *base*, the least width that it is shown with, and a *full* width, in which none of its cells is
//! cut. Columns of priority 0 are always there. Another one appears where it fits beside the bases of those before it.
//! What is left is dealt out to the columns that are cut, one column of the screen after the other, so that no cell is
//! cut while another place of the row is free.
//!
//! A column that appears takes its columns from the texts beside it. The next one appears only where those texts have
//! grown to what they had before, so that a row of a wider screen shows more than one of a narrow screen. (It cannot take
//! nothing: it needs several columns at once, and one column less, no place was free beside a text that is cut.)

/// The columns between two columns of a table.
pub const GAP: usize = 1;
/// Width of a text in a table that is too narrow for the bases.
const MIN_TEXT: usize = 4;

/// What a column needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Demand {
    /// 0: always shown. The highest number gives way first.
    pub priority: u8,
    /// The least width that it is shown with.
    pub base: usize,
    /// The width that it can have before columns of a lower priority are complete. At least `base`.
    pub target: usize,
    /// The width in which no cell of the screen is cut. At least `target`.
    pub full: usize,
    /// As `target`, but with what was on the screen before. It decides which columns are shown, so that none comes and
    /// goes while a list is scrolled.
    pub lasting_target: usize,
    /// The width in which its title is not cut; 0 without a header.
    pub title: usize,
    /// What it is, for a table that is too narrow for the bases.
    pub class: Class,
    /// Whether it takes what is left.
    pub is_flexible: bool,
}

/// What gives way in a table that is too narrow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Class {
    /// A name or a text: gets narrower.
    Text,
    /// A status: becomes a letter.
    Status,
    /// A number: is there or not.
    Number,
}

/// The width of each column; `None` if it is not shown.
pub fn widths(columns: &[Demand], room: usize) -> Vec<Option<usize>> {
    let always: Vec<usize> = (0..columns.len()).filter(|index| columns[*index].priority == 0).collect();
    let base = |index: &usize| columns[*index].base;
    let taken = total(always.iter().map(base));
    let mut widths = vec![None; columns.len()];
    if taken > room {
        narrow(columns, always, room, &mut widths);
        return widths;
    }
    for index in shown(columns, always, taken, room) {
        widths[index] = Some(columns[index].base);
    }
    let left = room - total(widths.iter().flatten().copied());
    let left = deal(columns, &mut widths, left, |column| column.target);
    let left = deal(columns, &mut widths, left, |column| column.full);
    let left = deal(columns, &mut widths, left, |column| column.title);
    let flexible = (0..columns.len()).find(|index| columns[*index].is_flexible && widths[*index].is_some());
    if let Some(width) = flexible.and_then(|index| widths[index].as_mut()) {
        *width += left;
    }
    widths
}

/// Width of these columns with the gaps between them.
fn total(widths: impl Iterator<Item = usize>) -> usize {
    widths.map(|width| width + GAP).sum::<usize>().saturating_sub(GAP)
}

/// The columns that are shown, if those that always are take `taken` columns.
fn shown(columns: &[Demand], always: Vec<usize>, mut taken: usize, room: usize) -> Vec<usize> {
    let mut others: Vec<usize> = (0..columns.len()).filter(|index| columns[*index].priority > 0).collect();
    others.sort_by_key(|index| columns[*index].priority);
    let growth = |index: usize| columns[index].lasting_target.saturating_sub(columns[index].base);
    // How far the shown columns can grow, and how far they have to before the next one appears.
    let mut growable: usize = always.iter().map(|index| growth(*index)).sum();
    let mut regained = 0;
    let texts: usize =
        always.iter().filter(|index| growth(**index) > 0).map(|index| columns[*index].base).sum();
    let mut shown = always;
    for index in others {
        let width = columns[index].base + if shown.is_empty() { 0 } else { GAP };
        // The less important a column is, the more of the texts that are always shown has to be visible beside it.
        let comfortable = texts * usize::from(columns[index].priority.saturating_sub(2)) / 2;
        let grown = growable.min(regained.max(comfortable));
        if taken + width + grown > room {
            break;
        }
        taken += width;
        growable += growth(index);
        regained = grown + width.saturating_sub(1) + growth(index);
        shown.push(index);
    }
    shown
}

/// Deals columns out, one each in turn, to the shown columns that are narrower than their limit. Those of a higher
/// priority come first in each turn. Returns what is left.
fn deal(
    columns: &[Demand],
    widths: &mut [Option<usize>],
    mut left: usize,
    limit: impl Fn(&Demand) -> usize,
) -> usize {
    let mut order: Vec<usize> = (0..columns.len()).filter(|index| widths[*index].is_some()).collect();
    order.sort_by_key(|index| columns[*index].priority);
    loop {
        order.retain(|index| widths[*index].is_some_and(|width| width < limit(&columns[*index])));
        if order.is_empty() || left == 0 {
            return left;
        }
        for index in order.iter().take(left) {
            widths[*index] = widths[*index].map(|width| width + 1);
        }
        left -= order.len().min(left);
    }
}

/// The widths where not even the bases of the columns that are always shown fit: texts are cut, of a status the letter
/// remains, and numbers are left out if that is not enough.
fn narrow(columns: &[Demand], mut always: Vec<usize>, room: usize, widths: &mut [Option<usize>]) {
    always.sort_by_key(|index| columns[*index].class);
    let mut taken = 0;
    for index in always {
        let column = &columns[index];
        let least = match column.class {
            Class::Text => column.base.min(MIN_TEXT),
            Class::Status => column.base.min(1),
            Class::Number => column.base,
        };
        let gap = if taken == 0 { 0 } else { GAP };
        let width = least.min(if taken == 0 { room } else { least });
        if taken + gap + width > room || width == 0 {
            continue;
        }
        widths[index] = Some(width);
        taken += gap + width;
    }
    let is_text = |column: &Demand| column.class == Class::Text;
    let left = room.saturating_sub(taken);
    let left = deal(columns, widths, left, |column| if is_text(column) { column.base } else { 0 });
    deal(columns, widths, left, |column| if is_text(column) { column.full } else { 0 });
}

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, prelude::*};

    use super::*;

    fn any_column() -> impl Strategy<Value = Demand> {
        let widths = (0..4_u8, 1..30_usize, 0..30_usize, 0..200_usize, 0..3_u8);
        widths.prop_map(|(priority, base, target, full, class)| {
            let class = [Class::Text, Class::Status, Class::Number][usize::from(class)];
            let is_cut = class != Class::Number;
            let target = if is_cut { base + target } else { base };
            Demand {
                priority,
                base,
                target,
                lasting_target: target,
                full: if is_cut { target + full } else { base },
                title: 0,
                class,
                is_flexible: class == Class::Text && full % 2 == 0,
            }
        })
    }

    fn is_complete(columns: &[Demand], widths: &[Option<usize>]) -> bool {
        let always = columns.iter().zip(widths).filter(|(column, _)| column.priority == 0);
        always.into_iter().all(|(column, width)| width.is_some_and(|width| width >= column.base))
    }

    proptest! {
        #[test]
        fn the_columns_fit_and_none_is_cut_beside_free_columns(
            columns in vec(any_column(), 1..8),
            room in 1..250_usize,
        ) {
            let widths = widths(&columns, room);
            let shown: Vec<usize> = widths.iter().flatten().copied().collect();
            let taken = total(shown.iter().copied());
            prop_assert!(taken <= room, "{widths:?}");
            let is_cut = |(column, width): (&Demand, &Option<usize>)| width.is_some_and(|width| width < column.full);
            let is_free = |(column, width): (&Demand, &Option<usize>)| width.is_some_and(|width| width > column.full);
            let has_free = taken < room || columns.iter().zip(&widths).any(is_free);
            // Of a status in a table that is too narrow there is only the letter.
            let can_grow = is_complete(&columns, &widths) || columns.iter().all(|column| column.class == Class::Text);
            prop_assert!(!can_grow || !has_free || !columns.iter().zip(&widths).any(is_cut), "{widths:?}");
        }

        #[test]
        fn a_wider_table_never_shows_less(columns in vec(any_column(), 1..8)) {
            let mut before: Vec<Option<usize>> = vec![None; columns.len()];
            // The greatest widths before the last column appeared.
            let mut regained: Vec<usize> = vec![0; columns.len()];
            for room in 1..250 {
                let now = widths(&columns, room);
                let appeared = before.iter().zip(&now).any(|(before, now)| before.is_none() && now.is_some());
                let was_complete = is_complete(&columns, &before);
                if was_complete {
                    for (before, now) in before.iter().zip(&now) {
                        prop_assert!(before.is_none() || now.is_some(), "{room}: {before:?} {now:?}");
                    }
                }
                for (index, (width, old)) in now.iter().zip(&before).enumerate() {
                    let (Some(width), Some(old)) = (*width, *old) else { continue };
                    let is_same = !appeared && was_complete == is_complete(&columns, &now);
                    prop_assert!(!is_same || width >= old, "{room}: column {index} from {old} to {width}");
                    prop_assert!(!is_same || width <= old + 1 || columns[index].is_flexible, "{room}: {index}");
                    // When a column appears, the others have what they had before the last one did.
                    if appeared && was_complete {
                        prop_assert!(old >= regained[index], "{room}: column {index} has {old} of {regained:?}");
                        regained[index] = old.min(columns[index].target);
                    }
                }
                before = now;
            }
        }

        #[test]
        fn columns_appear_in_the_order_of_their_priority(
            columns in vec(any_column(), 1..8),
            room in 1..250_usize,
        ) {
            let widths = widths(&columns, room);
            let missing = columns.iter().zip(&widths).filter(|(_, width)| width.is_none());
            let first_missing = missing.map(|(column, _)| column.priority).min().unwrap_or(u8::MAX);
            for (column, width) in columns.iter().zip(&widths) {
                prop_assert!(width.is_none() || column.priority <= first_missing);
            }
        }
    }

    fn number(priority: u8, base: usize) -> Demand {
        let (target, full) = (base, base);
        let class = Class::Number;
        Demand { priority, base, target, full, lasting_target: base, title: 0, class, is_flexible: false }
    }

    #[test]
    fn columns_appear_while_the_name_grows() {
        let status = Demand { class: Class::Status, ..number(0, 9) };
        let name = |full: usize| {
            let class = Class::Text;
            let base = full.min(12);
            Demand { base, target: full, full, lasting_target: full, class, is_flexible: true, ..status }
        };
        let row = |room: usize, full: usize| {
            widths(&[status, name(full), number(1, 5), number(2, 6), number(3, 4)], room)
        };
        assert_eq!(row(18, 30), [Some(1), Some(16), None, None, None]);
        assert_eq!(row(22, 30), [Some(9), Some(12), None, None, None]);
        assert_eq!(row(27, 30), [Some(9), Some(17), None, None, None]);
        assert_eq!(row(28, 30), [Some(9), Some(12), Some(5), None, None]);
        assert_eq!(row(39, 30), [Some(9), Some(23), Some(5), None, None]);
        assert_eq!(row(40, 30), [Some(9), Some(17), Some(5), Some(6), None]);
        assert_eq!(row(60, 30), [Some(9), Some(32), Some(5), Some(6), Some(4)]);
        assert_eq!(
            row(41, 10),
            [Some(9), Some(13), Some(5), Some(6), Some(4)],
            "a short name takes what is left"
        );
    }
}
