//! Lines and areas: the one kind of mark that SVG cannot place in percent. They are drawn in a box of 1,000 by the height
//! of the chart, which is stretched across; their strokes are not.

use super::axis::{NumberAxis, TimeAxis};
use crate::page::number::Place;
use insights_shared::time::Timestamp;
use maud::{Markup, Render, html};

/// Across the box.
const WIDTH: f64 = 1_000.0;

/// A path in the making.
#[derive(Debug)]
pub struct Path<'a> {
    time: &'a TimeAxis,
    number: &'a NumberAxis,
    height: f64,
    commands: String,
}

impl<'a> Path<'a> {
    /// An empty path on these axes.
    pub fn new(time: &'a TimeAxis, number: &'a NumberAxis, height: f64) -> Self {
        Self { time, number, height, commands: String::new() }
    }

    /// Begins anew at a point.
    pub fn start(&mut self, instant: Timestamp, number: f64) {
        self.command('M', &[self.across(instant), self.down(number)]);
    }

    /// A straight line to a point.
    pub fn line(&mut self, instant: Timestamp, number: f64) {
        self.command('L', &[self.across(instant), self.down(number)]);
    }

    /// A level line to an instant.
    pub fn level(&mut self, instant: Timestamp) {
        self.command('H', &[self.across(instant)]);
    }

    /// Straight up or down to a number.
    pub fn jump(&mut self, number: f64) {
        self.command('V', &[self.down(number)]);
    }

    /// What was drawn so far, in a box of its own; nothing if nothing was.
    pub fn draw(&self, class: &str) -> Markup {
        html! {
            @if !self.commands.is_empty() {
                svg.stretched width="100%" height=(self.height) viewBox={ "0 0 " (Place(WIDTH)) " " (Place(self.height)) }
                    preserveAspectRatio="none" {
                    path class=(class) d=(self.commands) {}
                }
            }
        }
    }

    fn across(&self, instant: Timestamp) -> f64 {
        WIDTH * self.time.at(instant) / 100.0
    }

    fn down(&self, number: f64) -> f64 {
        self.height - self.number.above(number, self.height)
    }

    fn command(&mut self, letter: char, numbers: &[f64]) {
        self.commands.push(letter);
        for (nth, number) in numbers.iter().enumerate() {
            if nth > 0 {
                self.commands.push(' ');
            }
            Place(*number).render_to(&mut self.commands);
        }
    }
}
