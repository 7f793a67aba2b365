// Rewrites the spans that policies protect. Where findings overlap they merge, and the strongest verb, then severity, then policy id, wins;
// the most specific finding names what stands there afterwards.
import type { Detection } from '../detect/port.ts'
import type { EffectCall, Verb } from '../plugin/contract.ts'
import type { Finding, Part } from '../model/content.ts'
import type { Awaitable } from '../model/maybe-promise.ts'
import type { ContentScan } from './content-scan.ts'
import { escapeJson, QuoteState, unescapeJson } from './json-text.ts'
import { locationsOf } from './locations.ts'
import type { Words } from './words.ts'

type SpansVerb = Extract<Verb, { acts: 'spans' }>

/** One call of a span verb, with its detectors and locations resolved to single ones. */
export interface SpanCall {
  readonly call: EffectCall
  readonly verb: SpansVerb
  readonly detectors: ReadonlySet<string>
  readonly locations: ReadonlySet<string>
}

export interface Rewritten {
  readonly text: string
  readonly applied: readonly { readonly finding: Finding; readonly verb: string; readonly call: EffectCall }[]
}

/** Gives the placeholder that stands for a value in this exchange, where the verb is reversible. */
export type IssueToken = (value: string, finding: Finding, calls: readonly EffectCall[]) => string

const SEVERITIES = ['low', 'medium', 'high', 'critical']

/** The span calls among a decision's effects, strongest first. */
export function spanCallsOf(effects: readonly EffectCall[], words: Words, detection: Detection): readonly SpanCall[] {
  const calls = effects.flatMap((call) => {
    const verb = words.verbOf(call)?.verb
    if (verb?.acts !== 'spans') return []
    return [
      {
        call,
        verb,
        detectors: new Set(listOf(call, 'detector').flatMap((name) => detection.members(name))),
        locations: new Set(listOf(call, 'location').flatMap((name) => [...locationsOf(name)])),
      },
    ]
  })
  return calls.sort(strongestFirst)
}

/** Scans what the calls protect. */
export function scanFor(calls: readonly SpanCall[], content: ContentScan): Awaitable<void> {
  if (calls.length === 0) return
  const members = new Set(calls.flatMap(({ detectors }) => [...detectors]))
  return content.scan([...members].sort(), new Set(calls.flatMap(({ locations }) => [...locations])))
}

function listOf(call: EffectCall, operand: string): readonly string[] {
  const value = call.operands[operand]
  return (Array.isArray(value) ? value : [value]).filter((item): item is string => typeof item === 'string')
}

function strongestFirst(a: SpanCall, b: SpanCall): number {
  return (
    b.verb.join.strength - a.verb.join.strength ||
    SEVERITIES.indexOf(b.call.severity) - SEVERITIES.indexOf(a.call.severity) ||
    (a.call.policy < b.call.policy ? -1 : 1)
  )
}

/** The call that governs a finding at a location, or null if no policy protects it. */
export function callFor(finding: Finding, location: string, calls: readonly SpanCall[]): SpanCall | null {
  return calls.find((span) => governs(span, finding, location)) ?? null
}

const governs = ({ locations, detectors }: SpanCall, { detector }: Finding, location: string): boolean =>
  locations.has(location) && detectors.has(detector)

/** All calls of its verb that govern a merged span, strongest first: verbs join what they say. */
function callsOn({ span, others }: Governed): readonly EffectCall[] {
  if (others.length === 0) return [span.call]
  const same = [span, ...others].filter(({ verb }) => verb === span.verb)
  return [...new Set(same.sort(strongestFirst).map(({ call }) => call))]
}

/**
 * Applies span calls to a text. `findings` sorted by start. Null when nothing is protected there.
 * In JSON source (`encoding: 'json'`) verbs see the value and not its escapes; a replacement is escaped, and quoted where it takes the
 * place of a bare number. Without `issue` reversible verbs only show their form.
 */
export function rewriteText(
  text: string,
  findings: readonly Finding[],
  place: Pick<Part, 'location' | 'encoding'>,
  calls: readonly SpanCall[],
  quotes = new QuoteState(),
  issue: IssueToken | null = null,
): Rewritten | null {
  const merged = mergeOverlapping(findings, place.location, calls)
  if (merged.length === 0) return null
  let out = ''
  let at = 0
  for (const governed of merged) {
    const between = text.slice(at, governed.start)
    const source = text.slice(governed.start, governed.end)
    out += between
    if (place.encoding === 'json') {
      quotes.read(between)
      out +=
        quotes.inString || governed.finding.continues
          ? escapeJson(replacementOf(governed, unescapeJson(source), issue))
          : JSON.stringify(replacementOf(governed, source, issue))
    } else out += replacementOf(governed, source, issue)
    at = governed.end
  }
  const rest = text.slice(at)
  if (place.encoding === 'json') quotes.read(rest)
  return { text: out + rest, applied: merged.map(({ finding, span: { call } }) => ({ finding, verb: call.verb, call })) }
}

function replacementOf(governed: Governed, value: string, issue: IssueToken | null): string {
  const { finding, span } = governed
  const isRestored = issue !== null && span.verb.reversible === true
  // What stands in the place of the piece before stands for this one too.
  if (finding.continues && !isRestored) return ''
  const calls = callsOn(governed)
  return isRestored ? issue(value, finding, calls) : span.verb.rewrite(value, finding, span.call, calls)
}

interface Governed {
  start: number
  end: number
  /** The most specific of the findings, which names what stands there afterwards. */
  finding: Finding
  /** The strongest call. */
  span: SpanCall
  /** Further calls that name a finding of this span. */
  others: readonly SpanCall[]
}

interface Claim {
  readonly finding: Finding
  readonly span: SpanCall
  readonly others: readonly SpanCall[]
}

const NO_OTHERS: readonly SpanCall[] = []

function mergeOverlapping(findings: readonly Finding[], location: string, calls: readonly SpanCall[]): readonly Governed[] {
  const merged: Governed[] = []
  for (const { finding, span, others } of claimsOn(findings, location, calls)) {
    const last = merged.at(-1)
    if (!last || finding.start >= last.end) {
      merged.push({ start: finding.start, end: finding.end, finding, span, others })
      continue
    }
    last.others = [...new Set([...last.others, ...others, span, last.span])]
    if (strongestFirst(span, last.span) < 0) last.span = span
    if (isMoreSpecific(finding, last.finding)) last.finding = finding
    last.end = Math.max(last.end, finding.end)
  }
  return merged
}

/** What policies protect, each with the call that governs it. */
function claimsOn(findings: readonly Finding[], location: string, calls: readonly SpanCall[]): readonly Claim[] {
  const claims: Claim[] = []
  for (const finding of findings) {
    const span = callFor(finding, location, calls)
    if (!span) continue
    const others = calls.length === 1 ? NO_OTHERS : calls.filter((one) => one !== span && governs(one, finding, location))
    claims.push({ finding, span, others })
  }
  const isMixed = claims.some(({ span }) => isReversible(span)) && claims.some(({ span }) => !isReversible(span))
  return isMixed ? withoutDisproved(claims) : claims
}

/**
 * A number in groups looks like a telephone number somewhere inside. Where a check proves the whole to be something else that a policy takes
 * out for good, a reversible verb on a part of it would bring all of it back; so it yields, and the part is protected with the whole.
 */
function withoutDisproved(claims: readonly Claim[]): readonly Claim[] {
  let proved: Finding | null = null
  return claims.filter(({ finding, span }) => {
    if (isReversible(span)) return proved === null || !coversMore(proved, finding)
    if (finding.checks.length > 0 && (proved === null || finding.end > proved.end)) proved = finding
    return true
  })
}

const isReversible = ({ verb }: SpanCall): boolean => verb.reversible === true
const lengthOf = ({ start, end }: Finding): number => end - start

/** Findings come by start, the longer first: what covers another comes before it. */
function coversMore(whole: Finding, part: Finding): boolean {
  return whole.start <= part.start && part.end <= whole.end && lengthOf(whole) > lengthOf(part)
}

/** The longer one, unless the other explains it; of two on the same characters the one that a check proved, then the surer one. */
function isMoreSpecific(one: Finding, other: Finding): boolean {
  if (lengthOf(one) > lengthOf(other)) return !explains(other, one)
  if (lengthOf(one) < lengthOf(other)) return explains(one, other)
  const isProved = one.checks.length > 0
  return isProved === other.checks.length > 0 ? one.score > other.score : isProved
}

/**
 * What was read from further left, with a name or a scheme before it, knows what stands there better than a shape that no check proves and
 * that begins in the middle of it: in `postgres://app:pass@db.example.com`, `pass@db.example.com` is nobody's mailbox.
 */
function explains(value: Finding, shape: Finding): boolean {
  return shape.checks.length === 0 && value.before !== undefined && value.start - value.before < shape.start - (shape.before ?? 0)
}
