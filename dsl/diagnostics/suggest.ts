// Did-you-mean: the nearest of a set of words, if one is near enough to be what was meant.

/** A file may ask for thousands of names among thousands; the first of them are enough for advice. */
const MAX_CANDIDATES = 2000

/** The candidate with the fewest typing slips, or null. Short words need to be nearer: one slip up to five letters, then two, from ten on three. */
export function nearest(word: string, candidates: Iterable<string>, maxDistance = allowedDistance(word)): string | null {
  let best: string | null = null
  let bestDistance = maxDistance + 1
  const lower = word.toLowerCase()
  let looked = 0
  for (const candidate of candidates) {
    if (++looked > MAX_CANDIDATES) break
    if (candidate === word || Math.abs(candidate.length - word.length) >= bestDistance) continue
    const distance = editDistance(lower, candidate.toLowerCase(), bestDistance - 1)
    if (distance < bestDistance) [best, bestDistance] = [candidate, distance]
  }
  return best
}

/** `Did you mean \`x\`?`, or nothing to add. */
export function didYouMean(word: string, candidates: Iterable<string>): string | null {
  const found = nearest(word, candidates)
  return found === null ? null : `Did you mean \`${found}\`?`
}

function allowedDistance(word: string): number {
  if (word.length <= 5) return 1
  return word.length < 10 ? 2 : 3
}

/**
 * Damerau–Levenshtein distance (optimal string alignment): insert, delete, replace, swap two neighbours.
 * Stops beyond `bound` and answers `bound + 1`; words longer than 64 characters are never near.
 */
export function editDistance(left: string, right: string, bound: number): number {
  if (Math.abs(left.length - right.length) > bound || left.length > 64 || right.length > 64) return bound + 1
  let beforeLast: number[] = []
  let last = Array.from({ length: right.length + 1 }, (_, column) => column)
  for (let row = 1; row <= left.length; row++) {
    const current = nextRow(left, right, row, last, beforeLast)
    if (Math.min(...current) > bound) return bound + 1
    beforeLast = last
    last = current
  }
  return Math.min(last[right.length] ?? bound + 1, bound + 1)
}

function nextRow(left: string, right: string, row: number, last: readonly number[], beforeLast: readonly number[]): number[] {
  const current = [row]
  for (let column = 1; column <= right.length; column++) {
    const same = left[row - 1] === right[column - 1]
    const swapped = row > 1 && column > 1 && left[row - 1] === right[column - 2] && left[row - 2] === right[column - 1]
    current[column] = Math.min(
      (last[column] ?? 0) + 1,
      (current[column - 1] ?? 0) + 1,
      (last[column - 1] ?? 0) + (same ? 0 : 1),
      swapped ? (beforeLast[column - 2] ?? 0) + 1 : Number.POSITIVE_INFINITY,
    )
  }
  return current
}
