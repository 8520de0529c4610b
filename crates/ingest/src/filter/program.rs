//! Programs of the classic Berkeley packet filter, checked before anyone runs them.

use std::fmt;

use super::FilterError;

/// An instruction (McCanne, Jacobson 1993, section 3.2), as `struct sock_filter` of Linux has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Instruction {
    /// Operation with its addressing mode.
    pub code: u16,
    /// Instructions skipped if a test holds.
    pub jt: u8,
    /// Instructions skipped if it does not.
    pub jf: u8,
    /// Constant, offset or distance.
    pub k: u32,
}

impl Instruction {
    /// One that is no test.
    pub fn new(code: u16, k: u32) -> Self {
        Self { code, jt: 0, jf: 0, k }
    }
}

/// Operations that the compiler uses, by their codes in `linux/bpf_common.h`.
pub(super) mod code {
    pub(in super::super) const LOAD_WORD: u16 = 0x20;
    pub(in super::super) const LOAD_HALF: u16 = 0x28;
    pub(in super::super) const LOAD_BYTE: u16 = 0x30;
    pub(in super::super) const LOAD_HALF_X: u16 = 0x48;
    pub(in super::super) const LOAD_LENGTH: u16 = 0x80;
    pub(in super::super) const LOAD_X_HEADER: u16 = 0xb1;
    pub(in super::super) const AND: u16 = 0x54;
    pub(in super::super) const JUMP: u16 = 0x05;
    pub(in super::super) const JUMP_EQUAL: u16 = 0x15;
    pub(in super::super) const JUMP_GREATER: u16 = 0x25;
    pub(in super::super) const JUMP_AT_LEAST: u16 = 0x35;
    pub(in super::super) const JUMP_ANY_SET: u16 = 0x45;
    pub(in super::super) const RETURN: u16 = 0x06;
}

/// Words of scratch memory: `BPF_MEMWORDS`.
pub(super) const MEMORY: usize = 16;

/// Why instructions are no program.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ProgramError {
    /// None at all, or over the bound.
    #[error("a program has 1 to {bound} instructions, not {instructions}")]
    Length {
        /// How many there are.
        instructions: usize,
        /// How many there may be.
        bound: usize,
    },
    /// An unknown operation.
    #[error("instruction {at}: there is no operation {code:#06x}")]
    Code {
        /// Which one, from 0.
        at: usize,
        /// Its code.
        code: u16,
    },
    /// A jump leads out of the program.
    #[error("instruction {at}: the jump leads out of the program")]
    Jump {
        /// Which one, from 0.
        at: usize,
    },
    /// A constant that the operation does not take.
    #[error("instruction {at}: the operation does not take {k}")]
    Constant {
        /// Which one, from 0.
        at: usize,
        /// The constant.
        k: u32,
    },
    /// The program runs off its end.
    #[error("the last instruction returns nothing")]
    End,
}

/// A program that always ends: jumps go forward, stay inside, the last instruction returns.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Program {
    instructions: Vec<Instruction>,
}

impl Program {
    /// Most instructions that Linux takes: `BPF_MAXINSNS`.
    pub const BOUND: usize = 4096;

    /// Checks instructions as the kernel does before it takes them from a socket.
    pub fn new(instructions: Vec<Instruction>) -> Result<Self, ProgramError> {
        let length = instructions.len();
        if length == 0 || length > Self::BOUND {
            return Err(ProgramError::Length { instructions: length, bound: Self::BOUND });
        }
        for (at, instruction) in instructions.iter().enumerate() {
            check(at, instruction, length - at - 1)?;
        }
        match instructions.last() {
            Some(Instruction { code: 0x06 | 0x16, .. }) => Ok(Self { instructions }),
            _ => Err(ProgramError::End),
        }
    }

    /// What the compiler wrote; long ones are refused with a way out.
    pub(super) fn compiled(instructions: Vec<Instruction>) -> Result<Self, FilterError> {
        let length = instructions.len();
        Self::new(instructions)
            .map_err(|_| FilterError::Instructions { instructions: length, bound: Self::BOUND })
    }

    /// The instructions, the first one first.
    pub fn instructions(&self) -> &[Instruction] {
        &self.instructions
    }
}

/// Decimal numbers as `tcpdump -ddd` prints them: how many, then code, jt, jf, k of each.
impl fmt::Display for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.instructions.len())?;
        for Instruction { code, jt, jf, k } in &self.instructions {
            writeln!(f, "{code} {jt} {jf} {k}")?;
        }
        Ok(())
    }
}

/// `left` is how many instructions follow.
fn check(at: usize, instruction: &Instruction, left: usize) -> Result<(), ProgramError> {
    let Instruction { code, jt, jf, k } = *instruction;
    let within = |skipped: usize| skipped < left;
    let fine = match code {
        // Loads into A: constant; length; word, half, byte at k or at X + k.
        0x00 | 0x80 | 0x20 | 0x28 | 0x30 | 0x40 | 0x48 | 0x50 => true,
        // Loads into X: constant, length, length of the IPv4 header at k.
        0x01 | 0x81 | 0xb1 => true,
        // A and X from, to scratch memory.
        0x60 | 0x61 | 0x02 | 0x03 => {
            if k as usize >= MEMORY {
                return Err(ProgramError::Constant { at, k });
            }
            true
        }
        // A = A op k: add, subtract, multiply, or, and, negate, exclusive or.
        0x04 | 0x14 | 0x24 | 0x44 | 0x54 | 0x84 | 0xa4 => true,
        // Divide, remainder by k.
        0x34 | 0x94 => {
            if k == 0 {
                return Err(ProgramError::Constant { at, k });
            }
            true
        }
        // Shift by k.
        0x64 | 0x74 => {
            if k >= 32 {
                return Err(ProgramError::Constant { at, k });
            }
            true
        }
        // A = A op X, in the same order with the rest.
        0x0c | 0x1c | 0x2c | 0x4c | 0x5c | 0xac | 0x3c | 0x9c | 0x6c | 0x7c => true,
        0x05 => {
            if !within(k as usize) {
                return Err(ProgramError::Jump { at });
            }
            true
        }
        // A = k, > k, >= k, & k; then the same with X.
        0x15 | 0x25 | 0x35 | 0x45 | 0x1d | 0x2d | 0x3d | 0x4d => {
            if !within(usize::from(jt)) || !within(usize::from(jf)) {
                return Err(ProgramError::Jump { at });
            }
            true
        }
        // Return k, A; X = A, A = X.
        0x06 | 0x16 | 0x07 | 0x87 => true,
        _ => false,
    };
    if fine { Ok(()) } else { Err(ProgramError::Code { at, code }) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(instructions: &[(u16, u8, u8, u32)]) -> Option<ProgramError> {
        let all = instructions.iter().map(|&(code, jt, jf, k)| Instruction { code, jt, jf, k });
        Program::new(all.collect()).err()
    }

    #[test]
    fn programs_that_may_not_end_are_refused() {
        assert_eq!(refused(&[(0x06, 0, 0, 1)]), None);
        assert_eq!(refused(&[]), Some(ProgramError::Length { instructions: 0, bound: 4096 }));
        assert_eq!(refused(&[(0x20, 0, 0, 0)]), Some(ProgramError::End));
        assert_eq!(refused(&[(0x05, 0, 0, 0), (6, 0, 0, 0)]), None);
        let out = ProgramError::Jump { at: 0 };
        assert_eq!(refused(&[(0x05, 0, 0, 1), (6, 0, 0, 0)]), Some(out.clone()));
        assert_eq!(refused(&[(0x05, 0, 0, u32::MAX), (6, 0, 0, 0)]), Some(out.clone()));
        assert_eq!(refused(&[(0x15, 0, 1, 0), (6, 0, 0, 0)]), Some(out));
        assert_eq!(
            refused(&[(0x34, 0, 0, 0), (6, 0, 0, 0)]),
            Some(ProgramError::Constant { at: 0, k: 0 })
        );
        assert_eq!(
            refused(&[(0x60, 0, 0, 16), (6, 0, 0, 0)]),
            Some(ProgramError::Constant { at: 0, k: 16 })
        );
        assert_eq!(
            refused(&[(0xff, 0, 0, 0), (6, 0, 0, 0)]),
            Some(ProgramError::Code { at: 0, code: 0xff })
        );
    }
}
