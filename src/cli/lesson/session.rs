//! Questions of a lesson by lines: each is printed with its choices, and its answer noted at once.

use std::cell::{RefCell, RefMut};
use std::rc::Rc;

use super::answers::{AnswerLog, Round};
use super::prompt::{Prompt, Reply};
use super::texts;
use crate::cli::talk;
use concsim_model::scenario::Plan;

/// A lesson that goes on.
pub(super) struct Session<'p> {
    plan: &'p Plan,
    log: Rc<RefCell<AnswerLog>>,
    prompt: Prompt,
}

impl<'p> Session<'p> {
    pub(super) fn new(plan: &'p Plan, log: Rc<RefCell<AnswerLog>>) -> Self {
        Self {
            plan,
            log,
            prompt: Prompt::new(),
        }
    }

    /// Returns the answers so far.
    pub(super) fn log(&self) -> RefMut<'_, AnswerLog> {
        self.log.borrow_mut()
    }

    /// Asks for predictions of a variant, before it is played.
    pub(super) fn ask_before(&mut self, variant: usize) -> anyhow::Result<()> {
        let name = &self.plan.variants[variant].name;
        for question in 0..self.plan.questions.len() {
            if self.plan.questions[question].before == *name {
                self.ask(question, Round::Before)?;
            }
        }
        Ok(())
    }

    /// Asks every question.
    pub(super) fn ask_all(&mut self, round: Round) -> anyhow::Result<()> {
        for question in 0..self.plan.questions.len() {
            self.ask(question, round)?;
        }
        Ok(())
    }

    fn ask(&mut self, question: usize, round: Round) -> anyhow::Result<()> {
        let choices = self.plan.questions[question].choices.len();
        talk::print(&texts::question(self.plan, question, round))?;
        loop {
            match self.prompt.read(choices)? {
                Reply::Choice(choice, why) => {
                    return self.log().add(question, choice, why.as_deref(), round);
                }
                Reply::Skip => return Ok(()),
                Reply::Unknown => {
                    talk::print(&format!("An answer is a number from 1 to {choices}.\n"))?;
                }
            }
        }
    }
}
