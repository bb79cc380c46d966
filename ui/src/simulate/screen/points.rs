//! The course of a simulation in a bounded number of points.

use super::snapshot::Point;

/// Maximum number of points. Above it every second point is dropped.
const MOST: usize = 512;

/// Points ordered by time.
#[derive(Debug, Default)]
pub(crate) struct Points {
    points: Vec<Point>,
    /// Minimum distance of two points in virtual seconds.
    apart: f64,
}

impl Points {
    pub(crate) fn note(&mut self, point: Point) {
        // The last point always stays, so that the plots end at the current time.
        if let [.., before, last] = self.points[..]
            && last.at < before.at + self.apart
        {
            self.points.pop();
        }
        if self.points.last().is_some_and(|last| last.at >= point.at) {
            self.points.pop();
        }
        self.points.push(point);
        if self.points.len() > MOST {
            let mut number = 0;
            self.points.retain(|_| {
                number += 1;
                number % 2 == 1
            });
            self.apart = point.at / (MOST / 2) as f64;
        }
    }

    pub(crate) fn all(&self) -> &[Point] {
        &self.points
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn points_are_bounded_and_span_the_whole_run() {
        let mut points = Points::default();
        for number in 0..100_000_u32 {
            points.note(Point { at: f64::from(number), visited: 0.0, known: 0.0, deliveries: number.into() });
            assert!(points.all().len() <= MOST);
            assert_eq!(points.all().last().unwrap().deliveries, u64::from(number));
        }
        let all = points.all();
        assert!(all.is_sorted_by(|one, other| one.at < other.at) && all[0].deliveries == 0);
        assert!(all.len() > MOST / 4, "{}", all.len());
        let gaps = all.windows(2).map(|pair| pair[1].at - pair[0].at);
        assert!(gaps.fold(0.0, f64::max) < 100_000.0 / 100.0);
    }
}
