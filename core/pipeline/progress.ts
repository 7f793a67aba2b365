// What a streamed answer has come to so far: its usage for the account, and its tokens for the reservations that have to cover them.
import { then, type Awaitable } from '../model/maybe-promise.ts'
import type { Exchange } from './exchange.ts'
import type { GatewayError } from '../errors/gateway-error.ts'
import type { StreamSummary } from '../wire/port.ts'

/** Tells the reservations how much flowed; one may refuse to be extended. */
export function progress(exchange: Exchange, seen: StreamSummary): Awaitable<GatewayError | null> {
  const { holds } = exchange
  if (holds.length === 0) return null
  const tokens = seen.usage?.completion ?? estimated(exchange, seen)
  return holds.reduce<Awaitable<GatewayError | null>>(
    (before, hold) => then(before, (refusal) => refusal ?? hold.progress?.(tokens) ?? null),
    null,
  )
}

/** Books what was seen: usage as the provider reported it, else as it is estimated. */
export function noteSeen(exchange: Exchange, seen: StreamSummary, source: 'estimated' | 'estimated_on_abort'): void {
  exchange.finishReason = seen.finishReason ?? ''
  exchange.choices = seen.choices
  exchange.toolCalls = seen.toolCalls
  exchange.answerUnscanned = [...seen.unscanned]
  exchange.usageSource = exchange.cacheStatus === 'hit' ? 'cache' : seen.usage ? 'provider' : source
  exchange.usage = seen.usage ?? { ...exchange.usage, prompt: exchange.view?.promptTokens ?? 0, completion: estimated(exchange, seen) }
  if (!seen.usage && exchange.cacheStatus === '') exchange.warnings.add('usage_estimated')
}

function estimated(exchange: Exchange, { textChars }: StreamSummary): number {
  return textChars === 0 ? 0 : exchange.kernel.estimator.tokens(exchange.request?.model ?? '', textChars)
}
