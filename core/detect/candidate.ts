// A place where a match may begin, with its ends. Candidates that became one share the ends from there on.

/** Where a match begins, and all its ends. */
export interface Candidate {
  readonly start: number
  /** Pairs of end (exclusive) and rule, in the order of the text. */
  readonly ends: number[]
  /** The earlier candidate that this one became one with, and how long its `ends` were then: those behind are ends of both. */
  shares: { readonly with: Candidate; readonly from: number } | null
  /** The rest of a match that was taken in pieces: it begins where the piece before it ends. */
  readonly continues?: true
}

/** Ends of one candidate that are judged, from the longest. No standard detector needs more than the first few. */
const MAX_ENDS = 1024

/** Pairs of end and rule, the longest first, shared ones included. */
export function endsOf(candidate: Candidate): readonly number[] {
  const all: number[] = []
  let length = candidate.ends.length
  for (let link = candidate.shares; link; link = link.with.shares) length += link.with.ends.length
  if (length > 0) gather(candidate, 0, all)
  return all
}

/** The same, the shortest first. */
export function ascendingEndsOf(candidate: Candidate): readonly number[] {
  if (candidate.shares === null && candidate.ends.length <= MAX_ENDS) return candidate.ends
  const ends = endsOf(candidate)
  return ends.map((_, i) => ends[ends.length - 2 - i + 2 * (i & 1)]!)
}

/** Those behind `from` of the candidate that it became one with come first: they are longer. */
function gather({ ends, shares }: Candidate, from: number, all: number[]): void {
  if (shares) gather(shares.with, shares.from, all)
  for (let i = ends.length - 2; i >= from && all.length < MAX_ENDS; i -= 2) all.push(ends[i]!, ends[i + 1]!)
}

/** Whether a match ends anywhere, shared ends included. */
export function hasEnds({ ends, shares }: Candidate): boolean {
  if (ends.length > 0) return true
  for (let link = shares; link; link = link.with.shares) if (link.with.ends.length > link.from) return true
  return false
}
