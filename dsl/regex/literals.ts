// Literals of which at least one occurs in every match, so that a cheap search can rule a text out. Lower case throughout:
// whoever searches lowers the text as well.
import type { Disjunction, Set as CharacterSet, Term } from '@chevrotain/regexp-to-ast'

/** `exact`: everything the piece can match, if that is a short list. `required`: one of these occurs in every match of the piece. */
interface Known {
  readonly exact: readonly string[] | null
  readonly required: readonly string[] | null
}

const MAX_EXACT = 32
const MAX_SET = 4
/** A shorter literal occurs in nearly every text and rules nothing out. */
const MIN_USEFUL = 3
const EMPTY: Known = { exact: [''], required: null }
const UNKNOWN: Known = { exact: null, required: null }

export function findLiterals(tree: Disjunction): readonly string[] {
  const { exact, required } = eitherOf(tree)
  return [...(best(exact, required) ?? [])].sort()
}

function eitherOf({ value: alternatives }: Disjunction): Known {
  const known = alternatives.map(({ value }) => inSequence(value))
  const exact = known.every((one) => one.exact !== null) ? unique(known.flatMap((one) => one.exact!)) : null
  const required = known.map((one) => best(one.exact, one.required))
  return {
    exact: exact && exact.length <= MAX_EXACT ? exact : null,
    required: required.every((one) => one !== null) ? unique(required.flat()) : null,
  }
}

function inSequence(terms: readonly Term[]): Known {
  let run: readonly string[] = ['']
  let required: readonly string[] | null = null
  let isExact = true
  for (const term of terms) {
    const known = knownOf(term)
    const longer: readonly string[] | null = known.exact && join(run, known.exact)
    if (longer) {
      run = longer
      continue
    }
    required = best(run, best(known.exact, best(known.required, required)))
    run = ['']
    isExact = false
  }
  return { exact: isExact ? run : null, required: best(run, required) }
}

function knownOf(term: Term): Known {
  const once = knownOnce(term)
  const quantifier = 'quantifier' in term ? term.quantifier : undefined
  if (!quantifier) return once
  if (quantifier.atLeast === 0)
    return quantifier.atMost === 1 && once.exact ? { exact: unique(['', ...once.exact]), required: null } : UNKNOWN
  if (quantifier.atLeast === 1 && quantifier.atMost === 1) return once
  return { exact: null, required: best(once.exact, once.required) }
}

function knownOnce(term: Term): Known {
  switch (term.type) {
    case 'Character':
      return { exact: [String.fromCharCode((term as { value: number }).value).toLowerCase()], required: null }
    case 'Set':
      return { exact: charactersOf(term as CharacterSet), required: null }
    case 'Group':
      return eitherOf(term.value as Disjunction)
    case 'GroupBackReference':
      return UNKNOWN
    default:
      return EMPTY
  }
}

function charactersOf({ complement, value }: CharacterSet): readonly string[] | null {
  if (complement || value.length === 0 || value.length > MAX_SET) return null
  const characters = value.map((item) => (typeof item === 'number' ? String.fromCharCode(item).toLowerCase() : null))
  return characters.every((one) => one !== null) ? unique(characters) : null
}

function join(left: readonly string[], right: readonly string[]): readonly string[] | null {
  return left.length * right.length > MAX_EXACT ? null : unique(left.flatMap((a) => right.map((b) => a + b)))
}

/** The more telling of two lists: the one whose shortest literal is longer. */
function best(a: readonly string[] | null, b: readonly string[] | null): readonly string[] | null {
  const lengthOf = (list: readonly string[] | null): number =>
    list === null || list.length === 0 ? 0 : Math.min(...list.map(({ length }) => length))
  const [left, right] = [lengthOf(a), lengthOf(b)]
  if (Math.max(left, right) < MIN_USEFUL) return null
  return left >= right ? a : b
}

function unique(list: readonly string[]): readonly string[] {
  return [...new Set(list)]
}
