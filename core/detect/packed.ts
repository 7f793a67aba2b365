// Candidates as plain numbers, for the way between threads: start (its complement where it continues another), partner and place of shared
// ends, number of ends, ends.
import type { Candidate } from './candidate.ts'
import type { EncodedRun } from './encoded.ts'
import type { Walked } from './walk.ts'

/** 16 MB; a megabyte of card numbers stays far below. */
const MAX_NUMBERS = 4_000_000
const HEAD = 4

export interface PackedWalk {
  readonly candidates: Int32Array
  readonly decoded: readonly (EncodedRun & { readonly walk: PackedWalk })[]
}

/** Null when there is more than can be judged. */
export function packWalk({ candidates, decoded }: Walked): PackedWalk | null {
  const packed = packCandidates(candidates)
  if (!packed) return null
  const runs: (EncodedRun & { walk: PackedWalk })[] = []
  for (const { walked, ...run } of decoded) {
    const walk = packWalk(walked)
    if (!walk) return null
    runs.push({ ...run, walk })
  }
  return { candidates: packed, decoded: runs }
}

export function unpackWalk({ candidates, decoded }: PackedWalk): Walked {
  return { candidates: unpackCandidates(candidates), decoded: decoded.map(({ walk, ...run }) => ({ ...run, walked: unpackWalk(walk) })) }
}

/** Packs candidates by ascending start; null when they are more than can be judged. */
export function packCandidates(found: readonly Candidate[]): Int32Array | null {
  const all = withPartners(found)
  const size = all.reduce((sum, { ends }) => sum + HEAD + ends.length, 0)
  if (size > MAX_NUMBERS) return null
  const indices = new Map(all.map((candidate, index) => [candidate, index]))
  const packed = new Int32Array(size)
  let at = 0
  for (const { start, ends, shares, continues } of all) {
    packed.set([continues ? ~start : start, shares ? indices.get(shares.with)! : -1, shares?.from ?? 0, ends.length], at)
    packed.set(ends, at + HEAD)
    at += HEAD + ends.length
  }
  return packed
}

/** The same candidates again. */
export function unpackCandidates(packed: Int32Array): readonly Candidate[] {
  const all: Candidate[] = []
  const partners: (readonly [index: number, from: number])[] = []
  for (let at = 0; at < packed.length;) {
    const from = at + HEAD
    const end = from + packed[at + 3]!
    const start = packed[at]!
    const ends = Array.from(packed.subarray(from, end))
    all.push(start < 0 ? { start: ~start, ends, shares: null, continues: true } : { start, ends, shares: null })
    partners.push([packed[at + 1]!, packed[at + 2]!])
    at = end
  }
  partners.forEach(([index, from], i) => {
    if (index >= 0) all[i]!.shares = { with: all[index]!, from }
  })
  return all
}

/** Partners that found no end themselves are in no list yet. */
function withPartners(found: readonly Candidate[]): readonly Candidate[] {
  const all = new Set(found)
  for (const { shares } of all) if (shares) all.add(shares.with)
  return all.size === found.length ? found : [...all].sort((a, b) => a.start - b.start)
}
