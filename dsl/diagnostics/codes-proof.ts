// P22x, P23x, P3xx, P4xx and P5xx: what is proven or counted about policies that compile. All but P220 are warnings.
import type { CodeEntry } from './code-entry.ts'

export const PROOF_CODES: readonly CodeEntry[] = [
  {
    code: 'P220',
    title: 'pattern with runaway backtracking',
    explanation:
      'On the text shown, an engine that backtracks needs far more than linear time; the time is measured on V8. The gateway itself matches in linear time, so it is not in danger, but the pattern is unsafe wherever else it is used, and `policy check` refuses it. Bound the repeats, and let no two neighbouring parts match the same characters.',
  },
  {
    code: 'P221',
    title: 'unbounded pattern on a stream',
    explanation:
      'A candidate of a pattern without a longest match could hold back the rest of a streamed answer. Give every repeat an upper bound. One form needs none: a beginning, one class that repeats without an end (`[A-Za-z0-9+/]{24,}`), and a tail that may be missing, in a detector without `check`, `near`, `entropy` and `group`. Such a match is certain before it ends, and leaves a stream in pieces.',
  },
  {
    code: 'P230',
    title: 'detector that nothing uses',
    explanation:
      'No policy and no union names the detector. In a module that only declares, detectors are there for others and are not reported.',
  },
  { code: 'P231', title: 'list that nothing uses', explanation: 'No condition, no operand and no detector names the list.' },
  {
    code: 'P300',
    title: 'policy that can never fire',
    explanation: 'It is proven that no request makes the condition true: its parts exclude each other, or `unless` takes away all of it.',
  },
  {
    code: 'P301',
    title: 'branch that is never true',
    explanation: 'It is proven that this branch of an `or` can not be true together with the rest of the condition.',
  },
  {
    code: 'P310',
    title: 'policy that changes nothing',
    explanation:
      'It is proven that another policy fires wherever this one does, and does the same or more: the same refusal or one that is named first, the same or a stronger treatment of the same findings.',
  },
  {
    code: 'P311',
    title: '`allow` that is always denied',
    explanation: 'It is proven that wherever the policy allows, another one denies, and a denial always wins.',
  },
  {
    code: 'P320',
    title: 'two values for one parameter',
    explanation:
      'Two policies of one severity set the same parameter to different values, and it is not proven that they never fire together. The smaller id would win, which is hardly what was meant.',
  },
  {
    code: 'P321',
    title: 'no destination suits both',
    explanation:
      'Two policies route to models that have nothing in common, and it is not proven that they never fire together. Such a request is denied with `route.conflict`.',
  },
  {
    code: 'P330',
    title: 'hidden character',
    explanation:
      'The file holds a character that changes the direction of writing or that nobody sees, so it may mean something else than one reads. In a text, write it as an escape.',
  },
  {
    code: 'P331',
    title: 'letters of two scripts in one word',
    explanation: 'The word mixes Latin letters with letters of another script that look the same, so it does not equal the word one reads.',
  },
  {
    code: 'P400',
    title: 'no test fires the policy',
    explanation: 'Each policy has a test in which it fires, so that a change can not switch it off unnoticed.',
  },
  {
    code: 'P401',
    title: 'no test keeps the policy silent',
    explanation: 'Each policy has a test in which it stays silent, so that a change can not make it fire everywhere unnoticed.',
  },
  {
    code: 'P402',
    title: 'module without tests',
    explanation: 'The module has policies and no test at all. Write a firing and a silent test for each policy.',
  },
  {
    code: 'P501',
    title: 'critical policy that fails open',
    explanation: 'A policy of severity `critical` lets through what it could not judge. Deny instead, or lower the severity.',
  },
  {
    code: 'P510',
    title: 'exception has ended',
    explanation: 'The day of `until` has come: the exception does nothing any longer. Remove it, or agree on it anew.',
  },
  { code: 'P511', title: 'exception ends soon', explanation: 'The exception ends within thirty days. Whoever needs it should know.' },
  {
    code: 'P512',
    title: 'trial goes on for long',
    explanation: 'The policy has stood in `mode shadow` for more than thirty days, as its `since` says. A trial ends with a decision.',
  },
]
