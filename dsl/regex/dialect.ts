// Where a pattern leaves the dialect RE2 ∩ JavaScript, and slips that are valid but never meant.
// What the parser would misread (`\p`, named groups, inline flags) is found in the source, the rest in the tree.
import type { Disjunction, Set as CharacterSet, Term } from '@chevrotain/regexp-to-ast'
import type { PatternProblem } from './analyse.ts'

/** RE2 takes no larger repeat, and no nested repeats whose product is larger. */
export const MAX_REPEAT = 1000

const SOURCE_RULES: readonly { readonly form: RegExp; readonly problem: (found: string) => PatternProblem }[] = [
  {
    form: /^\(\?<?[=!]/,
    problem: (found) => ({
      message: `look-around \`${found}…)\` is not in the dialect`,
      help: 'Use `near` for context, `check` for a test of the match, or `group` to take a part of it.',
    }),
  },
  {
    form: /^\(\?P?<(?![=!])\w*/,
    problem: (found) => ({
      message: `named group \`${found}>\` is not in the dialect`,
      help: 'Use a plain group `( … )` and name it by its number: `group 1`.',
    }),
  },
  {
    form: /^\(\?[a-zA-Z-]+[:)]?/,
    problem: (found) => ({ message: `inline flags \`${found}\` are not in the dialect`, help: 'Write both cases: `[Kk]ey`.' }),
  },
  {
    form: /^\\[1-9]\d?/,
    problem: (found) => ({
      message: `back-reference \`${found}\` is not in the dialect`,
      help: 'Match both parts with bounded classes and compare them in a `check`.',
    }),
  },
  {
    form: /^\\k</,
    problem: (found) => ({
      message: `back-reference \`${found}…>\` is not in the dialect`,
      help: 'Match both parts with bounded classes and compare them in a `check`.',
    }),
  },
  {
    form: /^\\[pP](?:\{[^}]*\}?)?/,
    problem: (found) => ({
      message: `unicode class \`${found}\` is not in the dialect`,
      help: 'Write the range of characters: `[A-Za-zÀ-ɏ]`.',
    }),
  },
  {
    form: /^\\[uUcC0](?:\{[^}]*\}|[0-9A-Fa-f]{0,4})/,
    problem: (found) => ({ message: `escape \`${found}\` is not in the dialect`, help: 'Write the character itself.' }),
  },
  {
    form: /^\\[AzZQEG]/,
    problem: (found) => ({ message: `\`${found}\` means nothing in JavaScript`, help: 'Use `^` and `$` for the ends of the text.' }),
  },
  {
    form: /^\[\[:\^?\w+:\]/,
    problem: (found) => ({ message: `class \`${found}\` is not in the dialect`, help: 'Write the characters: `[0-9A-Za-z]`.' }),
  },
  {
    form: /^[*+?}]\+/,
    problem: (found) => ({
      message: `possessive repeat \`${found}\` is not in the dialect`,
      help: 'Use a bounded repeat such as `{1,64}`.',
    }),
  },
]

/** Problems that show in the text of the pattern. */
export function findProblemsInSource(source: string): readonly PatternProblem[] {
  const problems = new Map<string, PatternProblem>()
  for (let i = 0; i < source.length; i++) {
    const rest = source.slice(i, i + 40)
    for (const { form, problem } of SOURCE_RULES) {
      const found = form.exec(rest)?.[0]
      if (found === undefined) continue
      const one = problem(found)
      problems.set(one.message, one)
    }
    if (source[i] === '\\') i++
  }
  return [...problems.values()]
}

/** Problems that show in the tree. `minLength` is the pattern's shortest match. */
export function findProblemsInTree(tree: Disjunction, source: string, minLength: number): readonly PatternProblem[] {
  const problems: PatternProblem[] = []
  if (minLength === 0)
    problems.push({
      message: 'the pattern matches the empty text',
      help: 'Make at least one part required: `+` or `{1,n}` in place of `*`, `?` or `{0,n}`.',
    })
  visit(tree, 1, (term, repeat) => {
    if (repeat > MAX_REPEAT)
      problems.push({
        message: `repeats multiply to ${repeat}, more than ${MAX_REPEAT}`,
        help: 'Use smaller bounds; a long body is written as nested optional parts: `(?:x{500}(?:x{500})?)?x{1,500}`.',
      })
    if (term.type === 'Set') problems.push(...classProblems(term as CharacterSet, source))
  })
  return problems
}

function visit(tree: Disjunction, outer: number, see: (term: Term, repeat: number) => void): void {
  for (const { value: terms } of tree.value) {
    for (const term of terms) {
      const quantifier = 'quantifier' in term ? term.quantifier : undefined
      const times = quantifier
        ? Math.max(1, Number.isFinite(quantifier.atMost) && quantifier.atMost !== null ? quantifier.atMost : quantifier.atLeast)
        : 1
      see(term, outer * times)
      if (term.type === 'Group') visit(term.value as Disjunction, outer * times, see)
    }
  }
}

function classProblems({ loc, complement, value }: CharacterSet, source: string): readonly PatternProblem[] {
  // The tree was read from `/source/` with slashes escaped; without one, offsets differ by the first slash only.
  const written = source.includes('/') ? null : source.slice(loc.begin - 1, loc.end - 1)
  const problems: PatternProblem[] = []
  const characters = value.filter((item) => typeof item === 'number').map((code) => String.fromCharCode(code))
  const isWord =
    complement &&
    value.length >= 4 &&
    characters.length === value.length &&
    characters.every((one) => /[a-zA-Z]/.test(one)) &&
    written?.startsWith('[^')
  if (isWord)
    problems.push({
      message: `\`${written}\` excludes these letters, not the word`,
      help: 'A class is a set of characters; put the word in `near`, or exclude it in a `check`.',
    })
  if (value.some((item) => typeof item !== 'number' && item.from <= 90 && item.from >= 65 && item.to >= 97 && item.to <= 122)) {
    problems.push({ message: `\`${written ?? 'A-z'}\` also matches \`[\\]^_\` and the backquote`, help: 'Write `A-Za-z`.' })
  }
  if (written !== null && /^\[\^?[^|]+\|[^|\]]+\]$/.test(written) && /[a-z]{2}/i.test(written)) {
    problems.push({
      message: `\`${written}\` is a set of characters, and \`|\` is one of them`,
      help: 'Alternatives stand in parentheses: `(?:one|two)`.',
    })
  }
  return problems
}
