// Carries out the effects of the request: rewrites spans, changes parameters, then holds reservations. The order is that of the
// plugins' acts (texts, outgoing, exchange), never that of the rules.
import { GatewayError } from '../errors/gateway-error.ts'
import { then, type Awaitable } from '../model/maybe-promise.ts'
import { asError, type Decided } from './decide.ts'
import { noteRewrite } from './findings.ts'
import { refusedForFailedSpans, refusedForFixed } from '../policy/failed-spans.ts'
import { rewriteText, scanFor, spanCallsOf, type SpanCall } from '../policy/spans.ts'
import { issuerFor, keepTokens, recallTokens } from './tokens.ts'
import { runHook } from '../plugin/run.ts'
import type { Candidate } from './plan.ts'
import type { Change, EffectCall, EnactView, ExchangeView, Verb } from '../plugin/contract.ts'
import type { ContentScan } from '../policy/content-scan.ts'
import type { Exchange } from './exchange.ts'
import type { Json } from '../model/value.ts'
import type { OutgoingRequest } from '../model/request.ts'
import type { OwnedVerb, Words } from '../policy/words.ts'
import type { Target } from '../model/target.ts'
import type { TextEdit } from '../model/content.ts'

export interface Enacted extends Decided {
  readonly candidates: readonly Candidate[]
  readonly outgoing: OutgoingRequest
}

export function enact(exchange: Exchange, decided: Decided, candidates: readonly Candidate[]): Awaitable<Enacted | GatewayError> {
  const edited = then(recallTokens(exchange, decided), () => editPrompt(exchange, null, decided.prompt, decided.decision.effects))
  return then(edited, (edits) => {
    if (edits instanceof GatewayError) return edits
    const changed = changeOutgoing(
      exchange,
      decided.view,
      { inbound: decided.view.request, edits, params: {}, headers: {} },
      decided.decision.effects,
    )
    const held = hold(exchange, decided, candidates, changed)
    return then(held, (outgoing) => (outgoing instanceof GatewayError ? outgoing : { ...decided, candidates, outgoing }))
  })
}

/**
 * Scans what span verbs protect and rewrites it: for one target, or, by the policies on `request`, for all (null). A finding that cannot
 * be rewritten refuses the request. `earlier` are effects of the phase before: a text is rewritten from its original, so whoever rewrites
 * it again carries out both.
 */
export function editPrompt(
  exchange: Exchange,
  target: Target | null,
  prompt: ContentScan,
  effects: readonly EffectCall[],
  earlier: readonly EffectCall[] = [],
): Awaitable<readonly TextEdit[] | GatewayError> {
  const { words, detection } = exchange.snapshot.bound
  const rewrites = effects.some((call) => words.verbOf(call)?.verb.acts === 'spans')
  if (target !== null && !rewrites) return NO_EDITS
  const calls = spanCallsOf([...earlier, ...effects], words, detection)
  return then(scanFor(calls, prompt), () => {
    const unchecked = refusedForFailedSpans(exchange.snapshot.bound, calls, prompt)
    if (unchecked) return asError(unchecked)
    const edits = rewriteParts(exchange, target, prompt, calls, effects)
    return edits instanceof GatewayError ? edits : then(keepTokens(exchange), (refusal) => refusal ?? edits)
  })
}

const NO_EDITS: readonly TextEdit[] = []

function rewriteParts(
  exchange: Exchange,
  target: Target | null,
  prompt: ContentScan,
  calls: readonly SpanCall[],
  own: readonly EffectCall[],
): readonly TextEdit[] | GatewayError {
  const edits: TextEdit[] = []
  if (prompt.isEmpty) return edits
  const issue = issuerFor(exchange, calls)
  for (const [index, part] of prompt.parts.entries()) {
    const findings = prompt.findingsIn(index)
    if (findings.length === 0) continue
    const rewritten = rewriteText(part.text, findings, part, calls, undefined, issue)
    if (!rewritten) continue
    const applied = rewritten.applied.filter(({ call }) => own.includes(call))
    noteRewrite(exchange, { phase: target === null ? 'request' : 'target', target, part: index, applied })
    if (!part.rewritable) return asError(refusedForFixed(part, rewritten), part.path.join('.'))
    edits.push({ path: part.path, text: rewritten.text })
  }
  return edits
}

/** Applies verbs that change the outgoing request. All calls of a verb go to it together. */
export function changeOutgoing(
  exchange: Exchange,
  view: ExchangeView,
  outgoing: OutgoingRequest,
  effects: readonly EffectCall[],
): OutgoingRequest {
  let { params, headers } = outgoing
  for (const [owned, calls] of callsByVerb(exchange.snapshot.bound.words, effects, 'outgoing')) {
    if (owned.verb.acts !== 'outgoing') continue
    const change = owned.verb.change(view, calls)
    noteChange(exchange, change)
    params = mergeParams(params, change.params)
    headers = { ...headers, ...change.headers }
  }
  return { ...outgoing, params, headers }
}

function hold(
  exchange: Exchange,
  { view, decision }: Decided,
  candidates: readonly Candidate[],
  outgoing: OutgoingRequest,
): Awaitable<OutgoingRequest | GatewayError> {
  const targets = candidates.map(({ target }) => target)
  return callsByVerb(exchange.snapshot.bound.words, decision.effects, 'exchange').reduce<Awaitable<OutgoingRequest | GatewayError>>(
    (before, [owned, calls]) =>
      then(before, (current) => (current instanceof GatewayError ? current : holdOne(exchange, view, targets, current, owned, calls))),
    outgoing,
  )
}

function holdOne(
  exchange: Exchange,
  view: ExchangeView,
  candidates: readonly Target[],
  outgoing: OutgoingRequest,
  { verb, owner }: OwnedVerb,
  calls: readonly EffectCall[],
): Awaitable<OutgoingRequest | GatewayError> {
  if (verb.acts !== 'exchange') return outgoing
  const enactView: EnactView = { ...view, outgoing, candidates }
  const result = runHook<Change | GatewayError>(owner, exchange, {}, () => verb.enact(enactView, calls, exchange.abort.signal))
  return then(result, (change): OutgoingRequest | GatewayError => {
    if (change instanceof GatewayError) return change
    noteChange(exchange, change)
    return { ...outgoing, params: mergeParams(outgoing.params, change.params), headers: { ...outgoing.headers, ...change.headers } }
  })
}

function noteChange(exchange: Exchange, change: Change): void {
  for (const warning of change.warnings ?? []) exchange.warnings.add(warning)
  for (const label of change.labels ?? []) exchange.labels.add(label)
  if (change.responseHeaders) Object.assign(exchange.responseHeaders, change.responseHeaders)
  if (change.hold) exchange.holds.push(change.hold)
}

/** Effects grouped by what enacts them, in the order in which the plugins declare their verbs: phrases of one verb may share it. */
function callsByVerb(
  words: Words,
  effects: readonly EffectCall[],
  acts: Verb['acts'],
): readonly (readonly [OwnedVerb, readonly EffectCall[]])[] {
  const groups = new Map<unknown, [OwnedVerb, EffectCall[]]>()
  for (const call of effects) {
    const owned = words.verbOf(call)
    if (owned?.verb.acts !== acts) continue
    const actor = owned.verb.acts === 'exchange' ? owned.verb.enact : owned.verb.acts === 'outgoing' ? owned.verb.change : owned.verb
    const group = groups.get(actor)
    if (group) group[1].push(call)
    else groups.set(actor, [owned, [call]])
  }
  return groups.size < 2 ? [...groups.values()] : [...groups.values()].sort(([a], [b]) => a.rank - b.rank)
}

const BOUNDS = new Set(['max_tokens', 'max_completion_tokens'])

/** Later parameters win, but an output bound is only ever lowered. */
export function mergeParams(
  before: { readonly [name: string]: Json },
  after: { readonly [name: string]: Json } | undefined,
): { readonly [name: string]: Json } {
  if (!after) return before
  const merged: { [name: string]: Json } = { ...before }
  for (const [name, value] of Object.entries(after)) {
    const known = merged[name]
    merged[name] = BOUNDS.has(name) && typeof known === 'number' && typeof value === 'number' ? Math.min(known, value) : value
  }
  return merged
}
