//! The results, beside the required values.

/// The rows that are printed at the end.
#[derive(Default)]
pub(crate) struct Table {
    rows: Vec<[String; 4]>,
}

impl Table {
    pub(crate) fn row(&mut self, what: &str, figure: String, wanted: &str, is_met: bool) {
        println!("{what}: {figure} (wanted: {wanted})");
        let met = if is_met { "met" } else { "missed" };
        self.rows.push([what.to_owned(), figure, wanted.to_owned(), met.to_owned()]);
    }

    pub(crate) fn print(&self) {
        println!("\n| what | measured | at least | |\n|---|---|---|---|");
        for [what, figure, wanted, met] in &self.rows {
            println!("| {what} | {figure} | {wanted} | {met} |");
        }
    }
}

/// The median; NaN of an empty list.
pub(crate) fn median(figures: &[f64]) -> f64 {
    let mut figures = figures.to_vec();
    figures.sort_by(f64::total_cmp);
    figures.get(figures.len() / 2).copied().unwrap_or(f64::NAN)
}
