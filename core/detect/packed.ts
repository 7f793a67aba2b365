// What a walk found as plain numbers and one string, for the way between threads. Nothing is unpacked at once: each candidate and each run is
// made when its turn comes, so that a megabyte full of them does not stop the event loop.
import type { Candidate } from './candidate.ts'
import type { Encoding, RunWord } from './encoded-run.ts'
import type { DecodedRun, RunInOrder, Walked, WalkedInOrder } from './walk.ts'

/** 40 MB, outside of the heap: a megabyte of single digits, each of which may begin a card number, is below. */
const MAX_NUMBERS = 10_000_000
/** Of a candidate: start (its complement where it continues another), place of the partner or -1, place of shared ends, number of ends. */
export const HEAD = 4
/** Of a run: start, end, encoding, lead, flags, place and length of its text, number of its words, numbers of these and its walk. */
const RUN_HEAD = 9
const GOES_ON = 1
const IS_JOINED = 2
const ENCODINGS: readonly Encoding[] = ['base64', 'hex', 'url', 'escape']

export interface PackedWalk {
  /** How many numbers the candidates take, these, then the runs, each followed by its walk. */
  readonly numbers: Int32Array<ArrayBuffer>
  /** Decoded texts, one behind the other. */
  readonly text: string
}

/** Null when there is more than can be judged. */
export function packWalk(walked: Walked): PackedWalk | null {
  const packer = new Packer(sizeOf(walked))
  return packer.isTooLarge ? null : packer.pack(walked)
}

/** The same again, in order; may be read once or often. */
export function unpackWalk({ numbers, text }: PackedWalk): WalkedInOrder {
  return walkAt(numbers, text, 0, numbers.length)
}

function sizeOf({ candidates, decoded }: Walked): number {
  let size = 1
  for (const { ends } of withPartners(candidates)) size += HEAD + ends.length
  for (const { walked, words } of decoded) size += RUN_HEAD + 3 * (words?.length ?? 0) + sizeOf(walked)
  return size
}

class Packer {
  readonly isTooLarge: boolean
  readonly #numbers: Int32Array<ArrayBuffer>
  readonly #texts: string[] = []
  #at = 0
  #chars = 0

  constructor(size: number) {
    this.isTooLarge = size > MAX_NUMBERS
    this.#numbers = new Int32Array(this.isTooLarge ? 0 : size)
  }

  pack(walked: Walked): PackedWalk {
    this.#walk(walked)
    return { numbers: this.#numbers, text: this.#texts.join('') }
  }

  #walk({ candidates, decoded }: Walked): void {
    const head = this.#at++
    const places = new Map<Candidate, number>()
    const all = withPartners(candidates)
    for (const candidate of all) {
      places.set(candidate, this.#at)
      this.#at += HEAD + candidate.ends.length
    }
    this.#numbers[head] = this.#at - head - 1
    for (const candidate of all) this.#candidate(candidate, places)
    for (const run of decoded) this.#run(run)
  }

  #candidate(candidate: Candidate, places: ReadonlyMap<Candidate, number>): void {
    const { start, ends, shares, continues } = candidate
    const at = places.get(candidate)!
    this.#numbers.set([continues ? ~start : start, shares ? places.get(shares.with)! : -1, shares?.from ?? 0, ends.length], at)
    this.#numbers.set(ends, at + HEAD)
  }

  #run({ start, end, encoding, text, lead, goesOn, isJoined, words = [], walked }: DecodedRun): void {
    const at = this.#at
    this.#at += RUN_HEAD
    this.#texts.push(text)
    const place = this.#chars
    this.#chars += text.length
    for (const word of words)
      for (const number of [word.textEnd, word.isPlain ? ~word.start : word.start, word.end]) this.#numbers[this.#at++] = number
    this.#walk(walked)
    const size = this.#at - at - RUN_HEAD
    const flags = (goesOn ? GOES_ON : 0) | (isJoined ? IS_JOINED : 0)
    this.#numbers.set([start, end, ENCODINGS.indexOf(encoding), lead, flags, place, text.length, words.length, size], at)
  }
}

function walkAt(numbers: Int32Array, text: string, from: number, to: number): WalkedInOrder {
  const runs = from + 1 + numbers[from]!
  return {
    candidates: { [Symbol.iterator]: () => candidatesIn(numbers, from + 1, runs) },
    decoded: { [Symbol.iterator]: () => runsIn(numbers, text, runs, to) },
  }
}

function* candidatesIn(numbers: Int32Array, from: number, to: number): Generator<Candidate> {
  // Several share the ends of one.
  const partners = new Map<number, Candidate>()
  for (let at = from; at < to; at += HEAD + numbers[at + 3]!) yield partners.get(at) ?? candidateAt(numbers, at, partners)
}

function candidateAt(numbers: Int32Array, at: number, partners: Map<number, Candidate>): Candidate {
  const start = numbers[at]!
  const ends: number[] = []
  for (let i = at + HEAD; i < at + HEAD + numbers[at + 3]!; i++) ends.push(numbers[i]!)
  const candidate: Candidate = start < 0 ? { start: ~start, ends, shares: null, continues: true } : { start, ends, shares: null }
  if (numbers[at + 1]! >= 0) candidate.shares = { with: partnerAt(numbers, numbers[at + 1]!, partners), from: numbers[at + 2]! }
  return candidate
}

function partnerAt(numbers: Int32Array, at: number, partners: Map<number, Candidate>): Candidate {
  let partner = partners.get(at)
  if (!partner) partners.set(at, (partner = candidateAt(numbers, at, partners)))
  return partner
}

function* runsIn(numbers: Int32Array, texts: string, from: number, to: number): Generator<RunInOrder> {
  for (let at = from; at < to;) {
    const [start, end, encoding, lead, flags, place, length, count, size] = numbers.subarray(at, at + RUN_HEAD)
    at += RUN_HEAD
    const words = wordsAt(numbers, at, count!)
    const walked = walkAt(numbers, texts, at + 3 * count!, at + size!)
    at += size!
    const run: RunInOrder = {
      start: start!,
      end: end!,
      encoding: ENCODINGS[encoding!]!,
      text: texts.slice(place, place! + length!),
      lead: lead!,
      walked,
      ...(words.length > 0 && { words }),
      ...((flags! & GOES_ON) !== 0 && { goesOn: true }),
      ...((flags! & IS_JOINED) !== 0 && { isJoined: true }),
    }
    yield run
  }
}

function wordsAt(numbers: Int32Array, from: number, count: number): readonly RunWord[] {
  return Array.from({ length: count }, (_, i) => {
    const at = from + 3 * i
    const [textEnd, start, end] = [numbers[at]!, numbers[at + 1]!, numbers[at + 2]!]
    return start < 0 ? { textEnd, start: ~start, end, isPlain: true } : { textEnd, start, end }
  })
}

/** Partners that found no end themselves are in no list yet. */
function withPartners(found: readonly Candidate[]): readonly Candidate[] {
  const all = new Set(found)
  for (const { shares } of all) if (shares) all.add(shares.with)
  return all.size === found.length ? found : [...all].sort((a, b) => a.start - b.start)
}
