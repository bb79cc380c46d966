//! The assignment of nodes to the cells of the map.

/// The cells of the map and their size.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Grid {
    /// Side of a cell in nodes: each cell holds `side` × `side` nodes.
    pub(crate) side: u32,
    pub(crate) columns: u32,
    pub(crate) rows: u32,
    /// Columns and rows of the terminal per cell.
    pub(crate) size: (u16, u16),
}

impl Grid {
    /// The largest grid for this number of nodes per row and of rows that fits into `room` (terminal columns and rows).
    /// A cell is twice as wide as high, which looks square; cells of one column are used if only they give each node
    /// its own cell.
    pub(crate) fn fitting(nodes: (u32, u32), room: (u16, u16)) -> Self {
        let (width, height) = (nodes.0.max(1), nodes.1.max(1));
        let (columns, rows) = (u32::from(room.0), u32::from(room.1));
        if columns < 2 || rows < 1 {
            return Self::default();
        }
        let times = (columns / (2 * width)).min(rows / height) as u16;
        if times >= 1 {
            return Self { side: 1, columns: width, rows: height, size: (2 * times, times) };
        }
        if width <= columns && height <= rows {
            return Self { side: 1, columns: width, rows: height, size: (1, 1) };
        }
        let side = width.div_ceil(columns / 2).max(height.div_ceil(rows));
        Self { side, columns: width.div_ceil(side), rows: height.div_ceil(side), size: (2, 1) }
    }

    /// Number of cells.
    pub(crate) fn cells(self) -> usize {
        (self.columns * self.rows) as usize
    }

    /// Index of the cell that contains the node in this column and row.
    pub(crate) fn cell(self, column: u32, row: u32) -> usize {
        let side = self.side.max(1);
        (row / side) as usize * self.columns as usize + (column / side) as usize
    }

    /// Sampling step: every n-th node of every n-th row of a cell is read, so that at most `most` of all `nodes` are
    /// read, and at least one per cell.
    pub(crate) fn every(self, nodes: u32, most: u32) -> u32 {
        let every = f64::from(nodes.div_ceil(most.max(1))).sqrt().ceil() as u32;
        every.clamp(1, self.side.max(1))
    }

    /// Whether the node in this column and row is sampled.
    pub(crate) fn stands_for_others(self, column: u32, row: u32, every: u32) -> bool {
        let side = self.side.max(1);
        (column % side).is_multiple_of(every) && (row % side).is_multiple_of(every)
    }

    /// Width in terminal columns.
    pub(crate) fn width(self) -> u16 {
        self.columns as u16 * self.size.0
    }

    /// Height in terminal rows.
    pub(crate) fn height(self) -> u16 {
        self.rows as u16 * self.size.1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fitting(nodes: (u32, u32), room: (u16, u16)) -> (u32, (u16, u16), (u16, u16)) {
        let grid = Grid::fitting(nodes, room);
        (grid.side, grid.size, (grid.width(), grid.height()))
    }

    #[test]
    fn cells_are_as_large_as_possible_with_as_few_nodes_as_possible() {
        for (nodes, room, fits) in [
            ((20, 20), (54, 20), (1, (2, 1), (40, 20))),
            ((20, 20), (174, 56), (1, (4, 2), (80, 40))),
            ((20, 5), (25, 5), (1, (1, 1), (20, 5))),
            ((20, 20), (30, 6), (4, (2, 1), (10, 5))),
            ((1000, 1000), (54, 20), (50, (2, 1), (40, 20))),
            ((2000, 1), (60, 20), (67, (2, 1), (60, 1))),
            ((20, 20), (1, 20), (0, (0, 0), (0, 0))),
            ((20, 20), (20, 0), (0, (0, 0), (0, 0))),
        ] {
            assert_eq!(fitting(nodes, room), fits, "{nodes:?} in {room:?}");
        }
    }

    #[test]
    fn every_node_has_a_cell() {
        for nodes in 1..90 {
            for room in [(2, 1), (3, 2), (7, 5), (40, 20)] {
                let grid = Grid::fitting((nodes, nodes), room);
                assert!(grid.width() <= room.0 && grid.height() <= room.1, "{nodes} {room:?}");
                assert!(grid.cell(nodes - 1, nodes - 1) < grid.cells(), "{nodes} {room:?}");
            }
        }
    }
}
