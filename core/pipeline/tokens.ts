// The placeholders of one exchange on their way in: known ones are recalled, new ones issued while texts are rewritten, and all of them kept
// before a byte leaves. What cannot be kept refuses the exchange; what cannot be recalled stays a placeholder.
import { GatewayError } from '../errors/gateway-error.ts'
import { isPromise, then, type Awaitable } from '../model/maybe-promise.ts'
import { runHook } from '../plugin/run.ts'
import type { Bound } from '../plugin/registry.ts'
import type { Decided } from './decide.ts'
import type { Exchange } from './exchange.ts'
import type { Hooks, TokenSession } from '../plugin/contract.ts'
import type { IssueToken, SpanCall } from '../policy/spans.ts'

/** Every placeholder begins with it. A text of Latin-1 alone is told from it in no time. */
const OPENER = /[\u27e6\u301a]|\\u(?:27e6|301a)/i

/** Looks up placeholders of earlier turns in a request, where any policy issues some. */
export function recallTokens(exchange: Exchange, { prompt }: Pick<Decided, 'prompt'>): Awaitable<void> {
  const hook = hookOf(exchange)
  if (!hook || !exchange.snapshot.bound.issuesTokens) return
  const texts = prompt.parts.flatMap(({ text }) => (OPENER.test(text) ? [text] : []))
  if (texts.length === 0) return
  const recalled = runHook<void>(hook, exchange, undefined, () => sessionOf(exchange, hook).recall(texts))
  return then(recalled, (result) => {
    if (result instanceof GatewayError) noteUnrestored(exchange, result)
  })
}

/** What issues the placeholders of reversible verbs; null when none of the calls is one. */
export function issuerFor(exchange: Exchange, calls: readonly SpanCall[]): IssueToken | null {
  if (!calls.some(({ verb }) => verb.reversible)) return null
  const session = sessionOf(exchange, hookOf(exchange)!)
  return (value, finding, of) => session.issue(value, finding, of)
}

/** Resolves to the refusal when what was issued cannot be kept. */
export function keepTokens(exchange: Exchange): Awaitable<GatewayError | null> {
  const { tokens } = exchange
  if (!tokens) return null
  const kept = runHook<void>(hookOf(exchange)!, exchange, undefined, () => tokens.keep())
  const refusal = (result: void | GatewayError): GatewayError | null =>
    result instanceof GatewayError
      ? new GatewayError('state_unavailable', {
          message: 'What a policy takes out of the request cannot be kept, so nothing is sent.',
          cause: result,
        })
      : null
  return isPromise(kept) ? kept.then(refusal) : refusal(kept)
}

function hookOf(exchange: Exchange): Bound<NonNullable<Hooks['openTokens']>> | undefined {
  return exchange.snapshot.plugins.openTokens[0]
}

function sessionOf(exchange: Exchange, hook: Bound<NonNullable<Hooks['openTokens']>>): TokenSession {
  return (exchange.tokens ??= hook.call(exchange.view!))
}

function noteUnrestored(exchange: Exchange, error: GatewayError): void {
  exchange.warnings.add('token_unrestored')
  exchange.kernel.log.error(
    { request_id: exchange.id, err: error },
    'placeholders of earlier turns could not be looked up and stay as they are',
  )
}
