//! The live view on a terminal: rates, latencies and errors as they come, on standard error's
//! terminal, so that standard output stays clean.

use std::io::{self, IsTerminal as _, Stderr};
use std::time::Duration;

use dancu_load::measure::{Interval, Latency, Watch};
use dancu_load::pace::Pace;
use dancu_load::run::LoadPlan;
use ratatui::Terminal;
use ratatui::backend::CrosstermBackend;
use ratatui::crossterm::event::{self, Event, KeyCode, KeyModifiers};
use ratatui::crossterm::execute;
use ratatui::crossterm::terminal::{
    EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode,
    is_raw_mode_enabled,
};
use ratatui::layout::{Constraint, Layout};
use ratatui::style::{Color, Modifier, Style};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, Gauge, Paragraph, Row, Sparkline, Table};

use super::seen::Seen;
use super::shown::time;
use crate::edge::now;
use crate::output::Numbers;
use crate::words::Lang;

/// Whether there is a terminal to draw on and to be told from when to stop.
pub(super) fn possible() -> bool {
    io::stderr().is_terminal() && io::stdin().is_terminal()
}

/// The screen, given back however the view ends.
struct Screen(Terminal<CrosstermBackend<Stderr>>);

impl Screen {
    fn take() -> io::Result<Self> {
        enable_raw_mode()?;
        execute!(io::stderr(), EnterAlternateScreen)?;
        Terminal::new(CrosstermBackend::new(io::stderr())).map(Self)
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        give_back();
    }
}

/// Gives the screen back, where it was taken.
pub(crate) fn give_back() {
    if is_raw_mode_enabled().unwrap_or(false) {
        let _ = disable_raw_mode();
        let _ = execute!(io::stderr(), LeaveAlternateScreen);
    }
}

/// Draws four times a second until `ended`. `q`, Escape or Control-C ask the run to stop.
pub(super) fn show(
    plan: &LoadPlan,
    watch: &Watch,
    ended: impl Fn() -> bool,
    lang: Lang,
) -> io::Result<()> {
    let mut screen = Screen::take()?;
    let began = now();
    let mut seen = Seen::nothing();
    while !ended() {
        seen.look(|from| watch.intervals(from));
        let passed = now().duration_since(began);
        screen
            .0
            .draw(|frame| draw(frame, plan, watch, &seen, passed, lang))?;
        if event::poll(Duration::from_millis(250))?
            && let Event::Key(key) = event::read()?
        {
            let control = key.modifiers.contains(KeyModifiers::CONTROL);
            match key.code {
                KeyCode::Char('q') | KeyCode::Esc => watch.stop(),
                KeyCode::Char('c') if control => watch.stop(),
                _ => {}
            }
        }
    }
    Ok(())
}

fn draw(
    frame: &mut ratatui::Frame<'_>,
    plan: &LoadPlan,
    watch: &Watch,
    seen: &Seen,
    passed: Duration,
    lang: Lang,
) {
    let room = frame.area();
    let rows = Layout::vertical(heights(room.height).map(Constraint::Length));
    let [title, done, table, rates, tails, foot] = rows.areas(room);
    // Where there is no room for borders there are none.
    let framed = |area: ratatui::layout::Rect, lines: u16| {
        if area.height > lines {
            Block::bordered()
        } else {
            Block::new()
        }
    };
    let course = match &plan.pace {
        Pace::Open { schedule, .. } => schedule.words(),
        Pace::Calendar { .. } | Pace::Closed { .. } => String::new(),
    };
    let soft = Style::new().fg(Color::DarkGray);
    frame.render_widget(
        Line::from(vec![
            Span::styled("dancu load ", Style::new().add_modifier(Modifier::BOLD)),
            Span::styled(
                format!(
                    "{}  {} × {}  {course}",
                    plan.server, plan.connections, plan.in_flight
                ),
                soft,
            ),
        ]),
        title,
    );
    let (share, of) = progress(plan, seen, passed, lang);
    let state = if watch.is_stopped() {
        lang.of("đang dừng", "stopping")
    } else {
        lang.of("đang chạy", "running")
    };
    frame.render_widget(
        Gauge::default()
            .block(framed(done, 1))
            .gauge_style(Style::new().fg(Color::Blue))
            .ratio(share)
            .label(format!("{state}  {of}")),
        done,
    );
    // The last interval still grows; the one before is whole.
    let whole = &seen.recent[..seen.recent.len().saturating_sub(1)];
    let frame_of_table = framed(table, LINES);
    let inner = frame_of_table.inner(table).width;
    let figures = figures(seen, whole, inner, lang).block(frame_of_table);
    frame.render_widget(figures, table);
    let most = lang.of("cao nhất", "highest");
    let write = |n: u64| lang.numbers().whole(n);
    let spark = |title: &str,
                 data: Vec<u64>,
                 write: &dyn Fn(u64) -> String,
                 colour,
                 area: ratatui::layout::Rect| {
        let room = area.width.saturating_sub(2) as usize;
        let shown = &data[data.len().saturating_sub(room)..];
        let highest = write(shown.iter().copied().max().unwrap_or(0));
        Sparkline::default()
            .block(Block::bordered().title(format!("{title} ({most} {highest})")))
            .data(shown.to_vec())
            .style(Style::new().fg(colour))
    };
    let answered = whole.iter().map(|i| i.all().answered).collect();
    let name = lang.of("trả lời mỗi giây", "answered a second");
    frame.render_widget(spark(name, answered, &write, Color::Green, rates), rates);
    let tail = whole.iter().map(|i| i.corrected.quantile(0.99)).collect();
    let name = lang.of("p99, từ lúc đến hạn", "p99, from when due");
    let write = |micros| time(Some(micros));
    frame.render_widget(spark(name, tail, &write, Color::Yellow, tails), tails);
    let wrong = watch.wrong();
    let style = if wrong > 0 {
        Style::new().fg(Color::Red).add_modifier(Modifier::BOLD)
    } else {
        soft
    };
    frame.render_widget(
        Paragraph::new(Line::from(vec![
            Span::styled(
                format!("{} {wrong}", lang.of("trả lời sai", "wrong replies")),
                style,
            ),
            Span::styled(format!("   q {}", lang.of("dừng", "stops")), soft),
        ])),
        foot,
    );
}

/// How much of the run is over, as a share and in words.
fn progress(plan: &LoadPlan, seen: &Seen, passed: Duration, lang: Lang) -> (f64, String) {
    let passed = passed.as_secs_f64();
    if let Some(goal) = plan.goal {
        let recent: u64 = seen.recent.iter().map(|i| i.all().items).sum();
        let items = seen.past.all().items + recent;
        let numbers = lang.numbers();
        let of = format!(
            "{} / {} {}  {passed:.0} s",
            numbers.whole(items),
            numbers.whole(goal),
            lang.of("mục", "items"),
        );
        return ((items as f64 / goal.max(1) as f64).clamp(0.0, 1.0), of);
    }
    let seconds = plan.pace.duration().as_secs_f64();
    let share = (passed / seconds).clamp(0.0, 1.0);
    (share, format!("{passed:.0} / {seconds:.0} s"))
}

/// Lines of the figures: a heading and three rows.
const LINES: u16 = 4;

/// How high title, progress, figures, rates, latencies and the last line are in so many lines: what tells
/// least goes first.
fn heights(lines: u16) -> [u16; 6] {
    match lines {
        17.. => {
            let plots = lines - 11;
            [1, 3, LINES + 2, plots.div_ceil(2), plots / 2, 1]
        }
        14.. => [1, 3, LINES + 2, lines - 11, 0, 1],
        11.. => [1, 3, LINES + 2, 0, 0, 1],
        7.. => [1, 1, LINES, 0, 0, 1],
        // Nothing is told in no lines.
        0 => [0; 6],
        _ => [0, 0, (lines - 1).min(LINES), 0, 0, 1],
    }
}

/// How wide the columns of the figures are; all of them fit into eighty.
const WIDTHS: [u16; 9] = [6, 7, 9, 6, 6, 9, 9, 9, 9];
/// In what order columns go where there is no room for all of them.
const FIRST_TO_GO: [usize; 6] = [8, 7, 5, 1, 4, 3];

/// The columns that fit.
fn columns(width: u16) -> Vec<usize> {
    let mut kept: Vec<usize> = (0..WIDTHS.len()).collect();
    for gone in FIRST_TO_GO {
        let wide = |kept: &[usize]| kept.iter().map(|at| WIDTHS[*at] + 1).sum::<u16>() - 1;
        if wide(&kept) <= width {
            break;
        }
        kept.retain(|at| *at != gone);
    }
    kept
}

/// A count in so many characters: a number that is cut off would be another number.
fn fitting(count: u64, room: u16, numbers: Numbers) -> String {
    let whole = numbers.whole(count);
    if whole.chars().count() <= usize::from(room) {
        return whole;
    }
    match count {
        0..1_000_000 => format!("{}k", count / 1_000),
        1_000_000..1_000_000_000 => format!("{}M", count / 1_000_000),
        _ => format!("{}G", count / 1_000_000_000),
    }
}

/// The last second, the last ten, and all of them.
fn figures(seen: &Seen, whole: &[Interval], width: u16, lang: Lang) -> Table<'static> {
    let numbers = lang.numbers();
    let kept = columns(width);
    let row = |name: &str, past: Option<&Seen>, intervals: &[Interval]| {
        let mut sum = past.map_or_else(|| Interval::new(0), |seen| seen.past.clone());
        for interval in intervals {
            sum.add(interval);
        }
        let all = sum.all();
        let seconds = past.map_or(0, |seen| seen.seconds) + intervals.len() as u64;
        let seconds = seconds.max(1);
        // Of seconds without an answer nothing is known.
        let quantile = |latency: &Latency, q: f64| match latency.known(q) {
            None => "-".to_owned(),
            micros => time(micros),
        };
        let style = if all.failed + all.missed + sum.wrong > 0 {
            Style::new().fg(Color::Red)
        } else {
            Style::new()
        };
        let count = |count, at: usize| fitting(count, WIDTHS[at], numbers);
        let cells = [
            name.to_owned(),
            count(all.sent / seconds, 1),
            count(all.answered / seconds, 2),
            count(all.failed, 3),
            count(all.missed, 4),
            quantile(&sum.corrected, 0.5),
            quantile(&sum.corrected, 0.99),
            quantile(&sum.corrected, 1.0),
            quantile(&sum.service, 0.99),
        ];
        Row::new(kept.iter().map(|at| cells[*at].clone())).style(style)
    };
    let last = |n: usize| &whole[whole.len().saturating_sub(n)..];
    let rows = [
        row("1 s", None, last(1)),
        row("10 s", None, last(10)),
        row(lang.of("tất cả", "all"), Some(seen), whole),
    ];
    let heading = [
        "",
        lang.of("gửi/s", "sent/s"),
        lang.of("trả lời/s", "answers/s"),
        lang.of("lỗi", "failed"),
        lang.of("lỡ", "missed"),
        "p50",
        "p99",
        "max",
        lang.of("p99 xử lý", "svc p99"),
    ];
    let widths = kept.iter().map(|at| Constraint::Length(WIDTHS[*at]));
    let heading = kept.iter().map(|at| heading[*at]);
    Table::new(rows, widths).header(Row::new(heading).style(Style::new().fg(Color::DarkGray)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use ratatui::backend::TestBackend;
    use ratatui::buffer::Buffer;

    /// The view in a terminal of this size.
    fn screen(width: u16, height: u16, failed: u64) -> Buffer {
        let nobody = dancu_domain::NationId([0; 16]);
        let server = std::net::SocketAddr::from(([127, 0, 0, 1], 50_051));
        let nation = dancu_population::Nation::new(1, 640);
        let plan = LoadPlan::new("view".to_owned(), server, nation, nobody);
        let mut interval = Interval::new(0);
        interval.verbs[0].sent = 7_654;
        interval.verbs[0].answered = 4_321;
        interval.verbs[0].failed = failed;
        let seen = Seen {
            recent: vec![interval.clone(), Interval::new(1)],
            ..Seen::nothing()
        };
        let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
        let passed = Duration::from_secs(2);
        let watch = Watch::default();
        terminal
            .draw(|frame| draw(frame, &plan, &watch, &seen, passed, Lang::En))
            .unwrap();
        terminal.backend().buffer().clone()
    }

    fn text(buffer: &Buffer) -> String {
        let cells = buffer.content().iter();
        cells.map(ratatui::buffer::Cell::symbol).collect()
    }

    #[test]
    fn the_figures_stay_in_terminals_in_which_hardly_anything_fits() {
        for (width, height) in [(80, 24), (80, 16), (60, 13), (40, 10), (36, 7), (36, 5)] {
            let shown = text(&screen(width, height, 3));
            for word in [
                "4,321",
                "all",
                "p99",
                "failed",
                "wrong replies 0",
                "q stops",
            ] {
                assert!(shown.contains(word), "{width} × {height}: {word}: {shown}");
            }
        }
        // No size breaks it.
        for width in 1..40 {
            for height in 1..30 {
                screen(width, height, 3);
            }
        }
    }

    #[test]
    fn a_count_that_is_too_long_is_not_cut_off_into_another_one() {
        for (failed, told) in [
            (99_999, "99,999 "),
            (123_456, " 123k "),
            (12_345_678, " 12M "),
        ] {
            let shown = text(&screen(80, 24, failed));
            assert!(shown.contains(told), "{told}: {shown}");
            assert!(
                !shown.contains("123,45 ") && !shown.contains("12,345 "),
                "{shown}"
            );
        }
    }
}
