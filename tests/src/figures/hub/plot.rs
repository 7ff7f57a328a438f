//! A plot as SVG: lines over a logarithmic axis.

use crate::figures::report::grouped;
use std::fmt::Write;

/// A plot of what something costs.
#[derive(Debug)]
pub(super) struct Plot {
    /// What stands on the axis from left to right.
    pub(super) beside: String,
    /// What stands on the axis from below.
    pub(super) unit: String,
    pub(super) lines: Vec<Line>,
}

/// One of its lines.
#[derive(Debug)]
pub(super) struct Line {
    pub(super) name: String,
    /// From left to right; what is on the left is above 0.
    pub(super) points: Vec<(f64, f64)>,
}

const SIZE: (f64, f64) = (640.0, 320.0);
/// Left, top, right, bottom.
const FRAME: (f64, f64, f64, f64) = (60.0, 40.0, 610.0, 260.0);
/// Told apart by people who see few colours, too.
const COLOURS: [&str; 3] = ["#0072b2", "#d55e00", "#009e73"];
const TEXT: &str = "font-family=\"sans-serif\" font-size=\"12\" fill=\"#444\"";

/// Where the values of a plot stand.
struct Scale {
    /// Powers of ten.
    across: (f64, f64),
    /// From 0.
    up: f64,
}

impl Plot {
    /// The plot's text.
    pub(super) fn svg(&self) -> String {
        let scale = Scale::of(&self.lines);
        let mut svg = String::new();
        let (width, height) = SIZE;
        push(&mut svg, format_args!("<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\">"));
        push(&mut svg, format_args!("<rect width=\"{width}\" height=\"{height}\" fill=\"#fff\"/>"));
        scale.axes(&mut svg);
        let (middle, below) = ((FRAME.0 + FRAME.2) / 2.0, FRAME.3 + 45.0);
        text(&mut svg, (middle, below), "middle", &self.beside);
        text(&mut svg, (FRAME.0 - 8.0, FRAME.1 - 15.0), "end", &self.unit);
        for (number, line) in self.lines.iter().enumerate() {
            let colour = COLOURS[number % COLOURS.len()];
            scale.line(&mut svg, line, colour);
            let (x, y) = (FRAME.0 + 30.0 + 200.0 * number as f64, FRAME.1 - 15.0);
            push(&mut svg, format_args!("<circle cx=\"{x}\" cy=\"{}\" r=\"4\" fill=\"{colour}\"/>", y - 4.0));
            text(&mut svg, (x + 10.0, y), "start", &line.name);
        }
        svg.push_str("</svg>\n");
        svg
    }
}

impl Scale {
    fn of(lines: &[Line]) -> Scale {
        let points = || lines.iter().flat_map(|line| &line.points);
        let least = points().map(|p| p.0.log10()).fold(f64::INFINITY, f64::min).floor();
        let most = points().map(|p| p.0.log10()).fold(f64::NEG_INFINITY, f64::max).ceil();
        let across = if least.is_finite() { (least, most.max(least + 1.0)) } else { (0.0, 1.0) };
        Scale { across, up: round_up(points().map(|p| p.1).fold(0.0, f64::max)) }
    }

    fn place(&self, (across, up): (f64, f64)) -> (f64, f64) {
        let part = (across.log10() - self.across.0) / (self.across.1 - self.across.0);
        (FRAME.0 + part * (FRAME.2 - FRAME.0), FRAME.3 - up / self.up * (FRAME.3 - FRAME.1))
    }

    fn axes(&self, svg: &mut String) {
        for step in 0..=4 {
            let value = self.up * f64::from(step) / 4.0;
            let y = self.place((1.0, value)).1;
            rule(svg, (FRAME.0, y), (FRAME.2, y));
            text(svg, (FRAME.0 - 8.0, y + 4.0), "end", &short(value));
        }
        for power in self.across.0 as i32..=self.across.1 as i32 {
            let value = 10f64.powi(power);
            let x = self.place((value, 0.0)).0;
            rule(svg, (x, FRAME.1), (x, FRAME.3));
            text(svg, (x, FRAME.3 + 20.0), "middle", &grouped(value));
        }
    }

    fn line(&self, svg: &mut String, line: &Line, colour: &str) {
        let places: Vec<_> = line.points.iter().map(|p| self.place(*p)).collect();
        let path: Vec<String> = places.iter().map(|(x, y)| format!("{x:.1},{y:.1}")).collect();
        let path = path.join(" ");
        push(svg, format_args!("<polyline points=\"{path}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"2\"/>"));
        for (x, y) in places {
            push(svg, format_args!("<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"4\" fill=\"{colour}\"/>"));
        }
    }
}

/// The next of 1, 2, 4, 8 with zeros: its quarters are short numbers.
fn round_up(most: f64) -> f64 {
    let power = 10f64.powf(most.max(1e-3).log10().floor());
    [1.0, 2.0, 4.0, 8.0].into_iter().map(|n| n * power).find(|n| *n >= most).unwrap_or(10.0 * power)
}

fn short(value: f64) -> String {
    let text = format!("{value:.3}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

fn rule(svg: &mut String, (x1, y1): (f64, f64), (x2, y2): (f64, f64)) {
    push(svg, format_args!("<path d=\"M{x1:.1} {y1:.1}L{x2:.1} {y2:.1}\" stroke=\"#ddd\"/>"));
}

/// Our own words: nothing in them needs escaping.
fn text(svg: &mut String, (x, y): (f64, f64), anchor: &str, words: &str) {
    push(svg, format_args!("<text x=\"{x:.1}\" y=\"{y:.1}\" {TEXT} text-anchor=\"{anchor}\">{words}</text>"));
}

fn push(svg: &mut String, line: std::fmt::Arguments<'_>) {
    // A String takes whatever is written to it.
    let _ = svg.write_fmt(line);
    svg.push('\n');
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A point that stands elsewhere than it was measured makes a plot worse than none.
    #[test]
    fn points_stand_where_the_axes_say() {
        let lines = vec![Line { name: "a".into(), points: vec![(10.0, 0.0), (100.0, 3.0), (1_000.0, 4.0)] }];
        let scale = Scale::of(&lines);
        let middle = (FRAME.0 + FRAME.2) / 2.0;
        assert_eq!(scale.place((10.0, 0.0)), (FRAME.0, FRAME.3));
        assert_eq!(scale.place((100.0, 2.0)), (middle, (FRAME.1 + FRAME.3) / 2.0));
        assert_eq!(scale.place((1_000.0, 4.0)), (FRAME.2, FRAME.1));
        let svg = Plot { beside: "records".into(), unit: "ms".into(), lines }.svg();
        assert_eq!(svg.matches("<circle").count(), 4, "three points and the legend's: {svg}");
        assert!(svg.contains(">1,000</text>") && svg.ends_with("</svg>\n"), "{svg}");
    }

    #[test]
    fn the_highest_value_is_within_the_frame() {
        for (most, up) in [(0.0, 0.001), (0.9, 1.0), (1.0, 1.0), (3.0, 4.0), (8.1, 10.0), (81.0, 100.0)] {
            assert!((round_up(most) - up).abs() < 1e-9, "{most}: {}", round_up(most));
        }
        assert_eq!((short(0.25), short(10.0), grouped(1e6)), ("0.25".into(), "10".into(), "1,000,000".into()));
    }
}
