// Hands the answer to the client: judged, rewritten, booked and recorded before its last byte is released.
import { deliverStream } from './deliver-stream.ts'
import { judgeAnswer } from './judge-answer.ts'
import { GatewayError } from '../errors/gateway-error.ts'
import { commonHeaders, streamHeaders } from './headers.ts'
import { formatNano, timesDecimal } from '../model/money.ts'
import { notifyAnswer } from './notify.ts'
import { settle } from './settle.ts'
import { wireFor } from '../wire/index.ts'
import type { Answer } from '../model/answer.ts'
import type { CannedAnswer } from '../plugin/contract.ts'
import type { Committed } from './dispatch.ts'
import type { Enacted } from './enact.ts'
import type { Exchange } from './exchange.ts'
import type { Json, JsonObject } from '../model/value.ts'
import type { Target } from '../model/target.ts'

export function deliver(exchange: Exchange, enacted: Enacted, committed: Committed): Promise<GatewayError | null> {
  if (committed.kind === 'stream') return deliverStream(exchange, enacted, committed)
  return deliverAnswer(exchange, enacted, committed.answer, committed.target)
}

async function deliverAnswer(exchange: Exchange, enacted: Enacted, answer: Answer, target: Target): Promise<GatewayError | null> {
  noteAnswer(exchange, answer)
  const view = { ...enacted.view, target, finishReason: answer.finishReason, completionTokens: exchange.usage.completion }
  const edits = await judgeAnswer(exchange, enacted, view, answer.parts)
  if (edits instanceof GatewayError) return edits

  const wire = wireFor(enacted.view.request.dialect)
  exchange.outcome = 'completed'
  exchange.status = 200
  const { bytes, body } = wire.writeAnswer(answer, edits, target.model, bodyMetadata(exchange))
  exchange.responseBytes = bytes.length
  await settle(exchange)
  exchange.reply.send(200, { 'content-type': 'application/json', ...commonHeaders(exchange), ...priceHeaders(exchange) }, bytes)
  notifyAnswer(exchange, { model: target.model, provider: target.provider.name, body, chunks: null })
  return null
}

function noteAnswer(exchange: Exchange, answer: Answer): void {
  exchange.finishReason = answer.finishReason ?? ''
  exchange.choices = answer.choices
  exchange.toolCalls = answer.toolCalls
  if (answer.usage) {
    exchange.usage = answer.usage
    exchange.usageSource = 'provider'
    return
  }
  const bytes = answer.parts.reduce((sum, { text }) => sum + text.length, 0)
  const model = exchange.request?.model ?? ''
  exchange.usage = { ...exchange.usage, prompt: exchange.view?.promptTokens ?? 0, completion: exchange.kernel.estimator.tokens(model, bytes) }
  exchange.usageSource = 'estimated'
  exchange.warnings.add('usage_estimated')
}

/** Warnings in the body, for clients that cannot read headers and ask for it. */
export function bodyMetadata(exchange: Exchange): JsonObject | null {
  if (exchange.incoming.header('x-sallyport-body-metadata') !== '1') return null
  const warnings: Json = [...exchange.warnings]
  return { warnings, request_id: exchange.id }
}

function priceHeaders(exchange: Exchange): { [name: string]: string } {
  if (exchange.costNano === null) return {}
  const { base } = exchange.snapshot.loaded.config.money
  const headers: { [name: string]: string } = { 'x-sallyport-price': `${formatNano(timesDecimal(exchange.costNano, exchange.tenant?.markup ?? '1'))} ${base}` }
  if (exchange.principal?.scopes.includes('debug')) headers['x-sallyport-cost'] = `${formatNano(exchange.costNano)} ${base}`
  return headers
}

/** An answer from the cache: what a client got before, judged again by today's policies where they speak about answers. */
export async function deliverCanned(exchange: Exchange, enacted: Enacted, canned: CannedAnswer): Promise<GatewayError | null> {
  exchange.usageSource = 'cache'
  exchange.cacheStatus = 'hit'
  exchange.outcome = 'completed'
  exchange.status = 200
  const headers = { ...commonHeaders(exchange), 'x-sallyport-model': canned.model, 'x-sallyport-provider': canned.provider, 'x-sallyport-cache': 'hit' }
  if (canned.chunks) {
    await settle(exchange)
    exchange.reply.open(200, { ...streamHeaders(exchange), ...headers })
    for (const chunk of canned.chunks) exchange.reply.write(`data: ${JSON.stringify(chunk)}\n\n`)
    exchange.reply.end('data: [DONE]\n\n')
    return null
  }
  const bytes = Buffer.from(JSON.stringify(canned.body))
  exchange.responseBytes = bytes.length
  await settle(exchange)
  exchange.reply.send(200, { 'content-type': 'application/json', ...headers }, bytes)
  return null
}
