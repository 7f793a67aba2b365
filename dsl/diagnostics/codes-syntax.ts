// P0xx: what is wrong with the text itself, before anything is known about its meaning.
import type { CodeEntry } from './code-entry.ts'

export const SYNTAX_CODES: readonly CodeEntry[] = [
  {
    code: 'P001',
    title: 'unknown sign',
    explanation: 'The sign has no meaning in the language. Remove it, or put it into a text in double quotes.',
  },
  {
    code: 'P002',
    title: 'text never closed',
    explanation: 'A text begins with `"` and must end with `"` on the same line. A text of several lines stands in `"""…"""`.',
  },
  {
    code: 'P003',
    title: 'unknown escape',
    explanation:
      'In a text a backslash begins an escape: `\\"`, `\\\\`, `\\n`, `\\r`, `\\t`, `\\u00e9`, `\\u{1f600}`. A backslash itself is written twice.',
  },
  {
    code: 'P004',
    title: 'malformed number or unit',
    explanation:
      'Numbers are `1_000`, `200k`, `1.5M`; durations `500ms`, `10s`, `15m`, `12h`, `30d`, `2w`; shares `25%`. More than 15 digits would be rounded.',
  },
  {
    code: 'P005',
    title: 'not a day of the calendar',
    explanation: 'A date is written year-month-day and must exist, such as `2027-03-31`.',
  },
  {
    code: 'P006',
    title: 'malformed regex',
    explanation: 'A regex stands between slashes on one line, is not empty, and writes a slash within as `\\/`.',
  },
  {
    code: 'P007',
    title: 'nested too deep',
    explanation:
      'Brackets and chained operators nest to a bound, so that no file can exhaust the compiler. The declaration that goes beyond it is not read.',
  },
  {
    code: 'P008',
    title: 'too many errors',
    explanation: 'After the first hundred errors of a file the rest is not reported. Mend these first, or check that it is a policy file.',
  },
  {
    code: 'P010',
    title: 'something else was expected',
    explanation:
      'The grammar allows only certain words here; the message names them. Read the line from its first word: that word says what must follow.',
  },
  {
    code: 'P011',
    title: 'not a declaration',
    explanation: 'At the top of a file stand `module import list const param attribute default detector policy exception overlay test`.',
  },
  {
    code: 'P012',
    title: 'missing bracket',
    explanation: 'A `{`, `(` or `[` was opened and is not closed before the next clause or declaration begins.',
  },
  {
    code: 'P013',
    title: 'missing operand',
    explanation: 'A verb, a preposition and a comma are followed by a name or a literal. Only `allow` stands alone.',
  },
  {
    code: 'P014',
    title: 'incomplete condition',
    explanation: 'A condition compares or tests a value, such as `tenant.plan == "free"`; here a part of it is missing.',
  },
  {
    code: 'P015',
    title: '`and` and `or` mixed',
    explanation: 'Readers disagree about which of the two binds first, so the language asks for parentheses: `a and (b or c)`.',
  },
  {
    code: 'P016',
    title: 'not a phase',
    explanation:
      'A policy is judged `on request`, `on target`, `on response` or `on stream`; `on error` says what happens when it can not be judged.',
  },
  { code: 'P017', title: 'not a verdict', explanation: 'A default is either `allow` or `deny`.' },
  {
    code: 'P018',
    title: 'reserved word as a name',
    explanation: 'The words of the grammar can not be names. Behind a dot any word may stand.',
  },
  { code: 'P020', title: '`=` in a condition', explanation: '`=` gives a value a name; `==` compares.' },
  { code: 'P021', title: 'signs for `and`, `or`, `not`', explanation: 'The language writes them as words.' },
  {
    code: 'P022',
    title: '`then`',
    explanation: 'No word stands between the condition and the effect: the verb begins the next clause by itself.',
  },
  { code: 'P023', title: 'semicolon', explanation: 'Nothing separates clauses: each begins with its own first word.' },
  { code: 'P024', title: 'trailing comma', explanation: 'A comma is followed by the next item.' },
  {
    code: 'P025',
    title: 'unit written as a word',
    explanation: 'A unit follows its number without a space, as one or two letters: `30d`, `15m`, `25%`.',
  },
  {
    code: 'P026',
    title: 'another word for a word of the grammar',
    explanation: 'The language has one word for each thing, such as `in`, `has`, `contains`, `when`; the message names it.',
  },
  {
    code: 'P027',
    title: 'missing preposition',
    explanation: 'What follows the first operands of a verb is introduced by a preposition, such as `with status 422`.',
  },
  { code: 'P028', title: 'missing comma', explanation: 'The items of a list are separated by commas.' },
  { code: 'P029', title: 'text in other quotes', explanation: 'A text stands in double quotes: `"…"`.' },
  {
    code: 'P030',
    title: 'comment of another language',
    explanation: 'A comment begins with `#` and ends with its line; `##` documents the declaration below it.',
  },
  { code: 'P031', title: 'comparison with nothing', explanation: 'There is no null. Write `x is missing` or `x exists`.' },
  {
    code: 'P032',
    title: 'misspelt word of the grammar',
    explanation: 'The word is nearly one that may stand here. Words of the grammar are lower case.',
  },
  { code: 'P033', title: 'word in a list', explanation: 'A list in brackets holds literals; a text needs its quotes.' },
  {
    code: 'P034',
    title: 'comparison of another language',
    explanation: 'Comparisons are `==`, `!=`, `<`, `<=`, `>`, `>=`, and `like` for a pattern with `*`.',
  },
  {
    code: 'P035',
    title: 'stray word',
    explanation:
      'The operands before the word are complete, and it is no verb of a loaded plugin, so it begins no clause. A preposition, a comma, a dot or an operator is missing before it; the rest of its line was not read.',
  },
  { code: 'P036', title: 'word that stands twice', explanation: 'The word or sign can not follow itself. Remove one of the two.' },
  {
    code: 'P037',
    title: 'missing first word',
    explanation:
      'Each declaration and each clause begins with its own word, such as `policy`, `test` or `on`; what follows tells which one is missing.',
  },
  {
    code: 'P038',
    title: 'neighbours exchanged',
    explanation: 'Two neighbouring words or signs make sense only in the other order.',
  },
  { code: 'P039', title: 'missing dot', explanation: 'The parts of a name are joined by dots, such as `acme.guard`.' },
]
