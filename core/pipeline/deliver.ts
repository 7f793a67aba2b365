// Hands the answer to the client: judged, rewritten, booked and recorded before its last byte is released.
import { deliverStream } from './deliver-stream.ts'
import { judgeAnswer } from './judge-answer.ts'
import { GatewayError } from '../errors/gateway-error.ts'
import { bodyMetadata, commonHeaders } from './headers.ts'
import { formatNano, timesDecimal } from '../model/money.ts'
import { notifyAnswer } from './notify.ts'
import { restoreAnswer } from './restore.ts'
import { settle } from './settle.ts'
import { openAiChatReader, wireFor } from '../wire/index.ts'
import type { Answer, StreamEvent } from '../model/answer.ts'
import type { CannedAnswer } from '../plugin/contract.ts'
import type { Committed } from './dispatch.ts'
import type { Enacted } from './enact.ts'
import type { Exchange } from './exchange.ts'
import type { JsonObject } from '../model/value.ts'
import type { StreamSource } from '../upstream/port.ts'
import type { Target } from '../model/target.ts'

export function deliver(exchange: Exchange, enacted: Enacted, committed: Committed): Promise<GatewayError | null> {
  if (committed.kind === 'stream') return deliverStream(exchange, enacted, committed)
  return deliverAnswer(exchange, enacted, committed.answer, committed.target)
}

async function deliverAnswer(exchange: Exchange, enacted: Enacted, answer: Answer, target: Target): Promise<GatewayError | null> {
  noteAnswer(exchange, answer)
  const wire = wireFor(enacted.view.request.dialect)
  exchange.answerUnscanned = wire.unscannedIn(answer.body)
  const facts = { finishReason: answer.finishReason, completionTokens: exchange.usage.completion, unscanned: exchange.answerUnscanned }
  const view = { ...enacted.view, target, ...facts }
  const edits = await judgeAnswer(exchange, enacted, view, answer.parts)
  if (edits instanceof GatewayError) return edits

  exchange.outcome = 'completed'
  exchange.status = 200
  const restored = restoreAnswer(exchange, answer, edits)
  const { bytes, body } = wire.writeAnswer(answer, restored, target.model, bodyMetadata(exchange))
  exchange.responseBytes = bytes.length
  await settle(exchange)
  exchange.reply.send(200, { 'content-type': 'application/json', ...commonHeaders(exchange), ...priceHeaders(exchange) }, bytes)
  const seen = restored === edits ? body : wire.writeAnswer(answer, edits, target.model, bodyMetadata(exchange)).body
  notifyAnswer(exchange, { model: target.model, provider: target.provider.name, body: seen, chunks: null })
  return null
}

function noteAnswer(exchange: Exchange, answer: Answer): void {
  exchange.finishReason = answer.finishReason ?? ''
  exchange.choices = answer.choices
  exchange.toolCalls = answer.toolCalls
  if (answer.usage) {
    exchange.usage = answer.usage
    exchange.usageSource = exchange.cacheStatus === 'hit' ? 'cache' : 'provider'
    return
  }
  const bytes = answer.parts.reduce((sum, { text }) => sum + text.length, 0)
  const model = exchange.request?.model ?? ''
  exchange.usage = {
    ...exchange.usage,
    prompt: exchange.view?.promptTokens ?? 0,
    completion: exchange.kernel.estimator.tokens(model, bytes),
  }
  exchange.usageSource = 'estimated'
  exchange.warnings.add('usage_estimated')
}

function priceHeaders(exchange: Exchange): { [name: string]: string } {
  if (exchange.costNano === null) return {}
  const { base } = exchange.snapshot.loaded.config.money
  const headers: { [name: string]: string } = {
    'x-sallyport-price': `${formatNano(timesDecimal(exchange.costNano, exchange.tenant?.markup ?? '1'))} ${base}`,
  }
  if (exchange.principal?.scopes.includes('debug')) headers['x-sallyport-cost'] = `${formatNano(exchange.costNano)} ${base}`
  return headers
}

/** An answer from elsewhere goes the way of every other: today's policies judge it before a client sees it. */
export function deliverCanned(exchange: Exchange, enacted: Enacted, canned: CannedAnswer): Promise<GatewayError | null> {
  const targets = enacted.candidates.map(({ target }) => target)
  const target = targets.find(({ model, provider }) => model === canned.model && provider.name === canned.provider) ?? targets[0]!
  exchange.cacheStatus = 'hit'
  exchange.target = target
  const place = { target, key: '', ttftMs: exchange.elapsedMs() }
  if (canned.chunks) return deliverStream(exchange, enacted, { kind: 'stream', source: replay(canned.chunks), ...place })
  const answer = openAiChatReader.unary({ status: 200, header: () => null, body: Buffer.from(JSON.stringify(canned.body)) }, target)
  if ('class' in answer) return Promise.resolve(new GatewayError('upstream_malformed', { message: 'The stored answer cannot be read.' }))
  return deliverAnswer(exchange, enacted, answer, target)
}

function replay(chunks: readonly JsonObject[]): StreamSource {
  const events: readonly StreamEvent[] = [...chunks.map((body): StreamEvent => ({ type: 'chunk', body, raw: null })), { type: 'done' }]
  return { start: (onEvents) => onEvents(events), pause() {}, resume() {}, abort() {} }
}
