// Governs the text of one streamed answer: scans each channel, feeds final findings to the policies on `stream` in text order,
// rewrites what they protect, and stops the stream where they deny. What is known about an answer only grows, so the
// conditions are evaluated when a finding is final and never per chunk.
import type { Decision, Evaluation, PhaseProgram } from '../../dsl/index.ts'
import type { Finding, Location } from '../model/content.ts'
import type { Released, StreamScanner } from '../detect/port.ts'
import type { BoundPolicies } from './bind.ts'
import type { Judge } from './judge.ts'
import { QuoteState, rewriteText, spanCallsOf, type SpanCall } from './spans.ts'

export interface StreamHit {
  readonly location: Location
  readonly finding: Finding
  readonly text: string
  /** The verb that rewrote it, or empty. */
  readonly action: string
}

interface Channel {
  readonly location: Location
  readonly scanner: StreamScanner
  readonly quotes: QuoteState
}

export class StreamGovernor {
  readonly #bound: BoundPolicies
  readonly #judge: Judge
  readonly #program: PhaseProgram
  readonly #foreseen: Evaluation
  readonly #detectors: readonly string[]
  readonly #channels = new Map<string, Channel>()
  readonly #onHit: (hit: StreamHit) => void
  #spans: readonly SpanCall[] = []
  /** The decision as it stands; its verdict turns to deny at most once. */
  decision: Decision
  /** UTF-16 units that were ever held back at once, at most. */
  heldMost = 0

  /** `judge` has foreseen the phase `stream`, and `foreseen` is what it saw. */
  constructor(bound: BoundPolicies, judge: Judge, foreseen: Evaluation, onHit: (hit: StreamHit) => void) {
    this.#bound = bound
    this.#judge = judge
    this.#onHit = onHit
    this.#foreseen = foreseen
    this.#program = bound.program.phases.stream
    this.#detectors = [...new Set([...foreseen.open, ...foreseen.fired].flatMap((index) => bound.streamDetectors[index]!))]
    this.#zeroFindings()
    this.decision = this.#decide()
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
    const out = this.#apply(channel, channel.scanner.push(text))
    if (channel.scanner.held > this.heldMost) this.heldMost = channel.scanner.held
    return out
  }

  end(name: string): string {
    const channel = this.#channels.get(name)
    if (!channel) return ''
    this.#channels.delete(name)
    return this.#apply(channel, channel.scanner.end())
  }

  #channel(name: string): Channel {
    let channel = this.#channels.get(name)
    if (!channel) {
      channel = { location: locationOfChannel(name), scanner: this.#bound.detection.openStream(this.#detectors), quotes: new QuoteState() }
      this.#channels.set(name, channel)
    }
    return channel
  }

  #apply(channel: Channel, released: Released): string {
    const encoding = channel.location === 'completion.arguments' ? 'json' : 'text'
    if (released.findings.length === 0 || this.isStopped) {
      if (encoding === 'json') channel.quotes.read(released.text)
      return this.isStopped ? '' : released.text
    }
    const kept = this.#learn(channel.location, released.findings)
    const text = kept === null ? released.text : released.text.slice(0, kept)
    const findings = kept === null ? released.findings : released.findings.filter(({ end }) => end <= kept)
    const rewritten = rewriteText(text, findings, { location: channel.location, encoding }, this.#spans, channel.quotes)
    if (!rewritten && encoding === 'json') channel.quotes.read(text)
    this.#report(channel.location, released, rewritten?.applied ?? [])
    return rewritten?.text ?? text
  }

  /** Counts findings in text order. Returns the place where a policy stopped the stream, or null. */
  #learn(location: Location, findings: readonly Finding[]): number | null {
    for (const finding of findings) {
      if (!this.#count(location, finding)) continue
      this.decision = this.#decide()
      if (this.isStopped) return finding.start
    }
    return null
  }

  #count(location: Location, finding: Finding): boolean {
    const numbers = this.#bound.numbersOf(location, finding.detector)
    for (const { slot, field } of numbers) {
      const before = Number(this.#judge.values[slot] ?? 0)
      this.#judge.values[slot] = field === 'count' ? before + 1 : Math.max(before, finding.score)
    }
    return numbers.length > 0
  }

  #decide(): Decision {
    const values = this.#judge.values
    // What was foreseen to stay silent does so whatever the answer holds.
    const decision = this.#program.decide(this.#program.evaluate(values, this.#foreseen), values)
    this.#spans = spanCallsOf(decision.effects, this.#bound.words, this.#bound.detection)
    return decision
  }

  /** Nothing of the answer has been seen: every finding number about it starts at zero. */
  #zeroFindings(): void {
    for (const slot of this.#program.slots) {
      const source = this.#bound.program.slots[slot]!
      if (source.kind === 'finding' && source.location.startsWith('completion')) this.#judge.values[slot] = 0
    }
  }

  #report(location: Location, released: Released, applied: readonly { finding: Finding; verb: string }[]): void {
    for (const finding of released.findings) {
      const action = applied.find((one) => one.finding === finding)?.verb ?? ''
      this.#onHit({ location, finding, text: released.text.slice(finding.start, finding.end), action })
    }
  }
}

export function locationOfChannel(name: string): Location {
  const kind = name.split('/')[1]
  if (kind === 'arguments') return 'completion.arguments'
  return kind === 'reasoning' ? 'completion.reasoning' : 'completion.text'
}
