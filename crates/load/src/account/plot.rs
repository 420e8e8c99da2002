//! Plots as inline SVG: lines over an axis, logarithmic where it is told so.

use std::fmt::Write as _;

/// A line of a plot.
#[derive(Clone, Debug)]
pub(super) struct Line {
    pub(super) name: &'static str,
    /// A class of the page's style, which gives the colour.
    pub(super) class: &'static str,
    pub(super) points: Vec<(f64, f64)>,
}

/// An axis.
#[derive(Clone, Copy, Debug)]
pub(super) struct Axis {
    pub(super) title: &'static str,
    pub(super) logarithmic: bool,
    /// How a value is written.
    pub(super) write: fn(f64) -> String,
}

const WIDTH: f64 = 860.0;
const HEIGHT: f64 = 300.0;
const LEFT: f64 = 76.0;
const RIGHT: f64 = 34.0;
const TOP: f64 = 14.0;
const BOTTOM: f64 = 46.0;

/// Where values lie on an axis.
struct Scale {
    axis: Axis,
    from: f64,
    to: f64,
    start: f64,
    length: f64,
}

impl Scale {
    fn new(axis: Axis, values: impl Iterator<Item = f64>, start: f64, length: f64) -> Self {
        let (mut least, mut most) = (f64::INFINITY, f64::NEG_INFINITY);
        for value in values.filter(|v| v.is_finite() && (!axis.logarithmic || *v > 0.0)) {
            least = least.min(value);
            most = most.max(value);
        }
        if least > most {
            (least, most) = (1.0, 10.0);
        }
        let (from, to) = if axis.logarithmic {
            let to = 10_f64.powf(most.log10().ceil());
            let from = 10_f64.powf(least.log10().floor());
            (from, if to > from { to } else { from * 10.0 })
        } else {
            (0.0, if most > 0.0 { most * 1.05 } else { 1.0 })
        };
        Self {
            axis,
            from,
            to,
            start,
            length,
        }
    }

    fn place(&self, value: f64) -> f64 {
        let share = if self.axis.logarithmic {
            (value.max(self.from) / self.from).ln() / (self.to / self.from).ln()
        } else {
            (value - self.from) / (self.to - self.from)
        };
        self.start + self.length * share
    }

    fn ticks(&self) -> Vec<f64> {
        if self.axis.logarithmic {
            let decades = (self.to / self.from).log10().round() as i32;
            return (0..=decades).map(|n| self.from * 10_f64.powi(n)).collect();
        }
        let rough = self.to / 5.0;
        let decade = 10_f64.powf(rough.log10().floor());
        let step = [1.0, 2.0, 5.0, 10.0]
            .into_iter()
            .map(|n| n * decade)
            .find(|step| *step >= rough)
            .unwrap_or(rough);
        (0..=(self.to / step) as u32)
            .map(|n| f64::from(n) * step)
            .collect()
    }
}

/// A plot of lines; `id` names it for whoever reads the page with a program.
pub(super) fn plot(id: &str, x: Axis, y: Axis, lines: &[Line]) -> String {
    let all = || lines.iter().flat_map(|line| line.points.iter());
    let across = Scale::new(x, all().map(|p| p.0), LEFT, WIDTH - LEFT - RIGHT);
    let up = Scale::new(
        y,
        all().map(|p| p.1),
        HEIGHT - BOTTOM,
        -(HEIGHT - TOP - BOTTOM),
    );
    let mut svg = format!(
        "<svg id=\"{id}\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" aria-label=\"{}\">\n",
        y.title
    );
    let mut put = |text: String| {
        svg.push_str(&text);
        svg.push('\n');
    };
    for tick in up.ticks() {
        let at = up.place(tick);
        put(format!(
            "<line class=\"grid\" x1=\"{LEFT}\" x2=\"{}\" y1=\"{at:.1}\" y2=\"{at:.1}\"/>\
             <text x=\"{}\" y=\"{:.1}\" text-anchor=\"end\">{}</text>",
            WIDTH - RIGHT,
            LEFT - 8.0,
            at + 4.0,
            (y.write)(tick)
        ));
    }
    for tick in across.ticks() {
        let at = across.place(tick);
        put(format!(
            "<text x=\"{at:.1}\" y=\"{}\" text-anchor=\"middle\">{}</text>",
            HEIGHT - BOTTOM + 20.0,
            (x.write)(tick)
        ));
    }
    put(format!(
        "<text x=\"{}\" y=\"{}\" text-anchor=\"middle\">{}</text>",
        f64::midpoint(LEFT, WIDTH - RIGHT),
        HEIGHT - 6.0,
        x.title
    ));
    for line in lines {
        let is_drawn = |point: &(f64, f64)| {
            point.0.is_finite() && point.1.is_finite() && !(y.logarithmic && point.1 <= 0.0)
        };
        // A line does not go on over what is not known, and a point alone is a point.
        for stretch in line.points.split(|point| !is_drawn(point)) {
            let at: Vec<_> = stretch
                .iter()
                .map(|(a, b)| (across.place(*a), up.place(*b)))
                .collect();
            match at.as_slice() {
                [] => {}
                [(a, b)] => put(format!(
                    "<circle class=\"{}\" cx=\"{a:.1}\" cy=\"{b:.1}\" r=\"1.5\"><title>{}</title></circle>",
                    line.class, line.name
                )),
                many => {
                    let points = many.iter().map(|(a, b)| format!("{a:.1},{b:.1}"));
                    put(format!(
                        "<polyline class=\"{}\" points=\"{}\"><title>{}</title></polyline>",
                        line.class,
                        points.collect::<Vec<_>>().join(" "),
                        line.name
                    ));
                }
            }
        }
    }
    svg.push_str("</svg>\n<p class=\"legend\">");
    for line in lines {
        write!(
            svg,
            "<span><svg class=\"key\" viewBox=\"0 0 22 8\"><polyline class=\"{}\" \
             points=\"0,4 22,4\"/></svg>{}</span> ",
            line.class, line.name
        )
        .expect("a string takes every write");
    }
    svg.push_str("</p>\n");
    svg
}

/// A number in few characters: 1.5k, 20M.
pub(super) fn short(value: f64) -> String {
    let (value, unit) = match value {
        v if v >= 1e6 => (v / 1e6, "M"),
        v if v >= 1e3 => (v / 1e3, "k"),
        v => (v, ""),
    };
    let text = format!("{value:.2}");
    format!("{}{unit}", text.trim_end_matches('0').trim_end_matches('.'))
}

/// Microseconds with a unit that fits.
pub(super) fn time(micros: f64) -> String {
    let (value, unit) = match micros {
        v if v >= 1e6 => (v / 1e6, "s"),
        v if v >= 1e3 => (v / 1e3, "ms"),
        v => (v, "µs"),
    };
    let text = format!("{value:.2}");
    format!(
        "{} {unit}",
        text.trim_end_matches('0').trim_end_matches('.')
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(points: &[(f64, f64)]) -> (usize, usize) {
        let axis = |logarithmic| Axis {
            title: "",
            logarithmic,
            write: short,
        };
        let line = Line {
            name: "one",
            class: "l1",
            points: points.to_vec(),
        };
        let svg = plot("it", axis(false), axis(true), &[line]);
        let lines = svg.matches("<title>one</title></polyline>").count();
        (lines, svg.matches("<circle").count())
    }

    #[test]
    fn a_line_ends_where_nothing_is_known_and_a_second_alone_is_a_point() {
        assert_eq!(drawn(&[(0.0, 5.0), (1.0, 6.0), (2.0, 7.0)]), (1, 0));
        // Three seconds without an answer.
        let stall = [0.0, 0.0, 0.0];
        let seconds = [&[5.0, 6.0][..], &stall, &[900.0, 7.0]].concat();
        let points: Vec<_> = (0..).map(f64::from).zip(seconds).collect();
        assert_eq!(drawn(&points), (2, 0));
        assert_eq!(drawn(&[(0.0, 5.0)]), (0, 1));
        assert_eq!(drawn(&[(0.0, 5.0), (1.0, 0.0), (2.0, 5.0)]), (0, 2));
        assert_eq!(drawn(&[]), (0, 0));
    }
}
