//! The ratios of a run as one picture that needs nothing beside it.

use std::fmt::Write as _;

use super::report::Table;

const LEFT: f64 = 260.0;
const SCALE: f64 = 420.0;
const ROW: usize = 22;

/// Every table as bars: the median ratio to the first side, and a line from the least to the most
/// over the rounds.
pub fn svg(heading: &str, tables: &[Table]) -> String {
    let rows: usize = tables.iter().map(|table| table.sides.len() + 2).sum();
    let height = (rows + 2) * ROW;
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 900 {height}\" \
         font-family=\"sans-serif\" font-size=\"12\">\n\
         <rect width=\"900\" height=\"{height}\" fill=\"#fff\"/>\n\
         <text x=\"10\" y=\"18\" font-size=\"14\">{}</text>\n",
        escaped(heading)
    );
    let mut y = 2 * ROW;
    for table in tables {
        line(&mut out, 10.0, y, &table.name, " font-weight=\"bold\"");
        y += ROW;
        let ratios: Vec<_> = table.ratios().collect();
        let most = ratios.iter().map(|(_, ratio)| ratio.most());
        // A side that is many times as fast must not make the others invisible.
        let full = most.fold(1.0, f64::max).min(3.0);
        for (side, ratio) in &ratios {
            let at = |ratio: f64| LEFT + ratio.min(full) / full * SCALE;
            let (least, median, most) = (ratio.least(), ratio.median(), ratio.most());
            line(&mut out, 10.0, y, &side.name, "");
            if median.is_finite() {
                writeln!(
                    out,
                    "<rect x=\"{LEFT}\" y=\"{}\" width=\"{:.1}\" height=\"14\" fill=\"#4a7ab5\"/>\
                     <path d=\"M{:.1} {mid}H{:.1}\" stroke=\"#222\" stroke-width=\"2\"/>",
                    y - 11,
                    at(median) - LEFT,
                    at(least),
                    at(most),
                    mid = y - 4,
                )
                .expect("a string takes every write");
            }
            let told = format!(
                "{median:.3} ({least:.3}..{most:.3}), {:.0}/s",
                side.rate.median()
            );
            line(&mut out, LEFT + SCALE + 10.0, y, &told, "");
            y += ROW;
        }
        y += ROW;
    }
    out.push_str("</svg>\n");
    out
}

fn line(out: &mut String, x: f64, y: usize, text: &str, style: &str) {
    writeln!(
        out,
        "<text x=\"{x}\" y=\"{y}\"{style}>{}</text>",
        escaped(text)
    )
    .expect("a string takes every write");
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;")
}
