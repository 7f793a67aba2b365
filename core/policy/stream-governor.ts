// Governs the text of one streamed answer: scans each channel, feeds final findings to the policies on `stream` in text order,
// rewrites what they protect, and stops the stream where they deny. What is known about an answer only grows, so the
// conditions are evaluated when a finding is final and never per chunk. Where scanning fails, the policies' `on error` decides.
import { FAILED, type Decision, type Evaluation, type PhaseProgram } from '../../dsl/index.ts'
import type { Finding, Location } from '../model/content.ts'
import type { Released } from '../detect/port.ts'
import type { BoundPolicies } from './bind.ts'
import type { Judge } from './judge.ts'
import { QuoteState } from './json-text.ts'
import { encodingOfChannel, isWhole, locationOfChannel, tailOf, takePending, withoutKnown, type Channel } from './stream-channel.ts'
import { rewriteText, spanCallsOf, type SpanCall } from './spans.ts'

export interface StreamHit {
  readonly location: Location
  readonly finding: Finding
  readonly text: string
  /** The verb that rewrote it, or empty. */
  readonly action: string
}

/** A channel that has ended, as far as it is needed if it goes on after all (reasoning between two texts). */
interface Ended {
  readonly tail: string
  readonly quotes: QuoteState
}

export class StreamGovernor {
  readonly #bound: BoundPolicies
  readonly #judge: Judge
  readonly #program: PhaseProgram
  readonly #foreseen: Evaluation
  readonly #detectors: readonly string[]
  readonly #channels = new Map<string, Channel>()
  readonly #ended = new Map<string, Ended>()
  readonly #onHit: (hit: StreamHit) => void
  readonly #onFailure: (error: unknown) => void
  /** Scanning failed, and no policy minds. */
  #isBlind = false
  #spans: readonly SpanCall[] = []
  /** The decision as it stands; its verdict turns to deny at most once. */
  decision: Decision
  /** UTF-16 units that were ever held back at once, at most. */
  heldMost = 0

  /** `judge` has foreseen the phase `stream`, and `foreseen` is what it saw. */
  constructor(
    bound: BoundPolicies,
    judge: Judge,
    foreseen: Evaluation,
    onHit: (hit: StreamHit) => void,
    onFailure: (error: unknown) => void = () => {},
  ) {
    this.#bound = bound
    this.#judge = judge
    this.#onHit = onHit
    this.#onFailure = onFailure
    this.#foreseen = foreseen
    this.#program = bound.program.phases.stream
    this.#detectors = [...new Set([...foreseen.open, ...foreseen.fired].flatMap((index) => bound.streamDetectors[index]!))]
    this.#zeroFindings()
    this.decision = this.#decide()
  }

  /** What texts are scanned for: of all policies that may act, together. */
  get detectors(): readonly string[] {
    return this.#detectors
  }

  /** No policy can touch the text: chunks pass as they are. */
  get transparent(): boolean {
    return this.#detectors.length === 0
  }

  get isStopped(): boolean {
    return this.decision.verdict === 'deny'
  }

  push(name: string, text: string): string {
    if (this.transparent) return text
    const channel = this.#channel(name)
    channel.pending += text
    return this.#release(channel, () => channel.scanner.push(text))
  }

  end(name: string): string {
    const channel = this.#channels.get(name)
    if (!channel) return ''
    const released = this.#release(channel, () => channel.scanner.end())
    this.#channels.delete(name)
    if (!isWhole(name)) this.#ended.set(name, { tail: channel.opening + tailOf(channel), quotes: channel.quotes })
    return released
  }

  #channel(name: string): Channel {
    let channel = this.#channels.get(name)
    if (!channel) {
      const before = this.#ended.get(name)
      const encoding = encodingOfChannel(name)
      channel = {
        location: locationOfChannel(name),
        encoding,
        scanner: this.#bound.detection.openStream(this.#detectors, encoding),
        quotes: before?.quotes ?? new QuoteState(),
        pending: '',
        tail: before?.tail ?? '',
        recent: [],
        opening: '',
        known: 0,
      }
      this.#channels.set(name, channel)
      if (before) this.#readAgain(channel, before.tail)
    }
    return channel
  }

  /** What left already is read for what goes on in it; the part of a finding that is still to come can be protected. */
  #readAgain(channel: Channel, tail: string): void {
    channel.known = tail.length
    channel.pending = tail
    this.#release(channel, () => channel.scanner.push(tail))
  }

  /** Runs the scanner; where it fails, the policies that need it act through `on error`, and what was held leaves only if none minds. */
  #release(channel: Channel, scan: () => Released): string {
    if (this.isStopped) return ''
    const released = this.#isBlind ? null : this.#tried(scan)
    if (released === null) return this.isStopped ? '' : takePending(channel)
    const text = this.#apply(channel, withoutKnown(channel, released))
    const held = channel.scanner.held - channel.known
    if (held > this.heldMost) this.heldMost = held
    return text
  }

  /** Null if it failed. */
  #tried(scan: () => Released): Released | null {
    try {
      return scan()
    } catch (error) {
      this.#fail(error)
      return null
    }
  }

  #fail(error: unknown): void {
    this.#onFailure(error)
    for (const slot of this.#completionSlots()) this.#judge.values[slot] = FAILED
    this.decision = this.#decide(this.#unprotected())
    this.#isBlind = true
  }

  /** Policies that would protect spans whatever the answer holds: nothing they read has failed, but what they do has. */
  #unprotected(): readonly number[] {
    const { fired } = this.#program.evaluate(this.#judge.values, this.#foreseen)
    return fired.filter((index) => this.#bound.streamDetectors[index]!.length > 0)
  }

  // ── findings ───────────────────────────────────────────────────────────────────────────────────────────────────────

  /** Findings are learned in text order, those that overlap together, and each is rewritten by what was decided up to there. */
  #apply(channel: Channel, { text, findings }: Released): string {
    const { location, encoding, quotes } = channel
    let out = ''
    let at = 0
    for (const group of overlapping(findings)) {
      const { start, end } = group
      const between = text.slice(at, start)
      if (encoding === 'json') quotes.read(between)
      out += between
      this.#learn(location, group.findings)
      const span = text.slice(start, end)
      const inSpan = group.findings.map((one) => ({ ...one, start: one.start - start, end: one.end - start }))
      const rewritten = this.isStopped ? null : rewriteText(span, inSpan, { location, encoding }, this.#spans, quotes)
      this.#report(location, span, inSpan, rewritten?.applied ?? [])
      if (this.isStopped) return out
      if (!rewritten && encoding === 'json') quotes.read(span)
      out += rewritten?.text ?? span
      at = end
    }
    const rest = text.slice(at)
    if (encoding === 'json') quotes.read(rest)
    return out + rest
  }

  #learn(location: Location, findings: readonly Finding[]): void {
    let isNew = false
    for (const finding of findings) isNew = this.#count(location, finding) || isNew
    if (isNew) this.decision = this.#decide()
  }

  #count(location: Location, finding: Finding): boolean {
    const numbers = this.#bound.numbersOf(location, finding.detector)
    for (const { slot, field } of numbers) {
      const before = Number(this.#judge.values[slot] ?? 0)
      this.#judge.values[slot] = field === 'count' ? before + (finding.continues ? 0 : 1) : Math.max(before, finding.score)
    }
    return numbers.length > 0
  }

  /** `failed`: policies that have fired and cannot do what they must. */
  #decide(failed: readonly number[] = NONE): Decision {
    const values = this.#judge.values
    // What was foreseen to stay silent does so whatever the answer holds.
    const evaluation = this.#program.evaluate(values, this.#foreseen)
    const fired = failed.length === 0 ? evaluation.fired : evaluation.fired.filter((index) => !failed.includes(index))
    const open = failed.length === 0 ? evaluation.open : [...evaluation.open, ...failed].sort((a, b) => a - b)
    const decision = this.#program.decide({ ...evaluation, fired, open }, values)
    this.#spans = spanCallsOf(decision.effects, this.#bound.words, this.#bound.detection)
    return decision
  }

  /** Nothing of the answer has been seen: every finding number about it starts at zero. */
  #zeroFindings(): void {
    for (const slot of this.#completionSlots()) this.#judge.values[slot] = 0
  }

  #completionSlots(): readonly number[] {
    return this.#program.slots.filter((slot) => {
      const source = this.#bound.program.slots[slot]!
      return source.kind === 'finding' && source.location.startsWith('completion')
    })
  }

  #report(
    location: Location,
    text: string,
    findings: readonly Finding[],
    applied: readonly { readonly finding: Finding; readonly verb: string }[],
  ): void {
    for (const finding of findings) {
      if (finding.continues) continue
      const action = applied.find((one) => one.finding === finding)?.verb ?? ''
      this.#onHit({ location, finding, text: text.slice(finding.start, finding.end), action })
    }
  }
}

const NONE: readonly number[] = []

interface Group {
  readonly start: number
  end: number
  readonly findings: Finding[]
}

/** Findings (by start) in groups that share a character. */
function overlapping(findings: readonly Finding[]): readonly Group[] {
  const groups: Group[] = []
  for (const finding of findings) {
    const last = groups.at(-1)
    if (last && finding.start < last.end) {
      last.findings.push(finding)
      last.end = Math.max(last.end, finding.end)
    } else groups.push({ start: finding.start, end: finding.end, findings: [finding] })
  }
  return groups
}
