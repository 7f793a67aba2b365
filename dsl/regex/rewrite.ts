// Two rewrites of a pattern: without its large bounds, which shows the backtracking that they only hide, and with a bound on every repeat,
// which is what a slow pattern is to become. Only quantifiers change; classes and escapes stay as they stand.

/** A bound from which a repeat is no longer cheap. */
const LARGE = 8
/** What an open repeat is bounded to: a word, a name, a number. */
const BOUND = 64

type Rewrite = (quantifier: string) => string

/** `x{1,64}` becomes `x+`, `x{3,500}` becomes `x{3,}`, `x{64}` becomes `x{8,}`. */
export function withoutBounds(source: string): string {
  return rewrite(source, (quantifier) => {
    const [, least, most = least] = /^\{(\d+)(?:,(\d+))?\}$/.exec(quantifier) ?? []
    if (least === undefined || Number(most) < LARGE) return quantifier
    return least === '0' ? '*' : least === '1' ? '+' : `{${Math.min(Number(least), LARGE)},}`
  })
}

/** `x+` becomes `x{1,64}`, `x*` becomes `x{0,64}`. */
export function withBounds(source: string): string {
  return rewrite(source, (quantifier) => {
    if (quantifier === '*' || quantifier === '+') return `{${quantifier === '*' ? 0 : 1},${BOUND}}`
    const least = /^\{(\d+),\}$/.exec(quantifier)?.[1]
    return least === undefined ? quantifier : `{${least},${Math.max(BOUND, 2 * Number(least))}}`
  })
}

/** Escapes, classes, the head of a group, quantifiers; anything else is a character. */
const PIECE = /\\[^]|\[(?:\\[^]|[^\]\\])*\]|\(\?:|\{\d+(?:,\d*)?\}|[*+]|[^]/g

function rewrite(source: string, change: Rewrite): string {
  return source.replace(PIECE, (piece) => (piece === '*' || piece === '+' || /^\{\d/.test(piece) ? change(piece) : piece))
}
