//! The live view on a terminal: rates, latencies and errors as they come, on standard error's
//! terminal, so that standard output stays clean.

use std::io::{self, IsTerminal as _, Stderr};
use std::time::Duration;

use dancu_load::measure::{Interval, Latency, Watch};
use dancu_load::run::LoadPlan;
use ratatui::Terminal;
use ratatui::backend::CrosstermBackend;
use ratatui::crossterm::event::{self, Event, KeyCode, KeyModifiers};
use ratatui::crossterm::execute;
use ratatui::crossterm::terminal::{
    EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode,
};
use ratatui::layout::{Constraint, Layout};
use ratatui::style::{Color, Modifier, Style};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, Gauge, Paragraph, Row, Sparkline, Table};

use super::shown::time;
use crate::edge::now;
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
    while !ended() {
        let intervals = watch.intervals(0);
        let passed = now().duration_since(began);
        screen
            .0
            .draw(|frame| draw(frame, plan, watch, &intervals, passed, lang))?;
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
    intervals: &[Interval],
    passed: Duration,
    lang: Lang,
) {
    let rows = Layout::vertical([
        Constraint::Length(1),
        Constraint::Length(3),
        Constraint::Length(6),
        Constraint::Min(3),
        Constraint::Min(3),
        Constraint::Length(1),
    ]);
    let [title, done, table, rates, tails, foot] = rows.areas(frame.area());
    let soft = Style::new().fg(Color::DarkGray);
    frame.render_widget(
        Line::from(vec![
            Span::styled("dancu load ", Style::new().add_modifier(Modifier::BOLD)),
            Span::styled(
                format!("{}  {} × {}", plan.server, plan.connections, plan.in_flight),
                soft,
            ),
        ]),
        title,
    );
    let (share, of) = progress(plan, intervals, passed, lang);
    let state = if watch.is_stopped() {
        lang.of("đang dừng", "stopping")
    } else {
        lang.of("đang chạy", "running")
    };
    frame.render_widget(
        Gauge::default()
            .block(Block::bordered())
            .gauge_style(Style::new().fg(Color::Blue))
            .ratio(share)
            .label(format!("{state}  {of}")),
        done,
    );
    // The last interval still grows; the one before is whole.
    let whole = &intervals[..intervals.len().saturating_sub(1)];
    frame.render_widget(figures(whole, lang), table);
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
fn progress(
    plan: &LoadPlan,
    intervals: &[Interval],
    passed: Duration,
    lang: Lang,
) -> (f64, String) {
    let passed = passed.as_secs_f64();
    if let Some(goal) = plan.goal {
        let items: u64 = intervals.iter().map(|i| i.all().items).sum();
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

/// The last second, the last ten, and all of them.
fn figures(whole: &[Interval], lang: Lang) -> Table<'static> {
    let numbers = lang.numbers();
    let row = |name: &str, intervals: &[Interval]| {
        let mut sum = Interval::new(0);
        for interval in intervals {
            sum.add(interval);
        }
        let all = sum.all();
        let seconds = intervals.len().max(1) as u64;
        let quantile = |latency: &Latency, q: f64| time(Some(latency.quantile(q)));
        let style = if all.failed + all.missed + sum.wrong > 0 {
            Style::new().fg(Color::Red)
        } else {
            Style::new()
        };
        Row::new([
            name.to_owned(),
            numbers.whole(all.sent / seconds),
            numbers.whole(all.answered / seconds),
            numbers.whole(all.failed),
            numbers.whole(all.missed),
            quantile(&sum.corrected, 0.5),
            quantile(&sum.corrected, 0.99),
            quantile(&sum.corrected, 1.0),
            quantile(&sum.service, 0.99),
        ])
        .style(style)
    };
    let last = |n: usize| &whole[whole.len().saturating_sub(n)..];
    let rows = [
        row("1 s", last(1)),
        row("10 s", last(10)),
        row(lang.of("tất cả", "all"), whole),
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
    // All of it fits into eighty columns.
    let widths = [6, 7, 9, 6, 6, 9, 9, 9, 9].map(Constraint::Length);
    Table::new(rows, widths)
        .header(Row::new(heading.map(str::to_owned)).style(Style::new().fg(Color::DarkGray)))
        .block(Block::bordered())
}
