// Sends the request: first the frame "opened", then the attempt loop over the candidates. Effects that depend on the target are
// enacted per candidate on a copy, when that candidate's turn comes.
import { GatewayError } from '../errors/gateway-error.ts'
import { changeOutgoing, editPrompt, type Enacted } from './enact.ts'
import { errorFor } from './upstream-errors.ts'
import { isPromise } from '../model/maybe-promise.ts'
import { keepingAlive } from './keep-alive.ts'
import { noteTargetDecision, type Candidate } from './plan.ts'
import { openRows } from './rows.ts'
import { wireFor } from '../wire/index.ts'
import type { Dispatched, PlannedTarget } from '../upstream/port.ts'
import type { Exchange } from './exchange.ts'
import type { RenderedRequest } from '../plugin/contract.ts'
import type { TextEdit } from '../model/content.ts'

export type Committed = Extract<Dispatched, { kind: 'answer' | 'stream' }>

export async function dispatch(exchange: Exchange, enacted: Enacted): Promise<Committed | GatewayError> {
  if (exchange.clientGone) return clientLeft()
  const targets = plannedTargets(exchange, enacted)
  const planned = isPromise(targets) ? await targets : targets
  if (planned instanceof GatewayError) return planned
  exchange.target = planned[0]!.target
  exchange.maxOutputTokens = boundOf(enacted)
  await exchange.kernel.record.opened(openRows(exchange))

  const sentAt = exchange.kernel.clock.monotonic()
  exchange.dispatched = true
  const { stream } = enacted.view.request
  const send = (): Promise<Dispatched> =>
    exchange.snapshot.upstream.dispatch({
      exchangeId: exchange.id,
      targets: planned,
      stream,
      maxAttempts: exchange.snapshot.plugins.maxAttempts,
      around: exchange.snapshot.plugins.aroundAttempt.map((hook) => hook.call),
      signal: exchange.abort.signal,
      onAttempt: (row) => exchange.attempts.push(row),
    })
  const result = await (stream ? keepingAlive(exchange, send) : send())
  exchange.upstreamMs = exchange.kernel.clock.monotonic() - sentAt
  return committed(exchange, enacted, result)
}

function committed(exchange: Exchange, enacted: Enacted, result: Dispatched): Committed | GatewayError {
  if (result.kind === 'aborted') {
    exchange.dispatched = result.dispatched
    return clientLeft()
  }
  const last = exchange.attempts.at(-1)?.target
  if (last) exchange.target = last
  if (result.kind === 'failed') {
    exchange.dispatched = result.dispatched
    exchange.failure = result.failure
    exchange.attemptKey = exchange.attempts.at(-1)?.key ?? null
    return errorFor(result.failure, result.allOpen)
  }
  exchange.target = result.target
  exchange.attemptKey = result.key
  exchange.ttftMs = exchange.elapsedMs()
  noteTargetDecision(exchange, enacted.candidates, result.target)
  return result
}

/** The client is gone; `refuse` sees that and sends nothing. */
function clientLeft(): GatewayError {
  return new GatewayError('upstream_error', { status: 499, message: 'The client left before the answer.' })
}

function plannedTargets(exchange: Exchange, enacted: Enacted): PlannedTarget[] | Promise<PlannedTarget[] | GatewayError> | GatewayError {
  const edits = enacted.candidates.map((candidate) =>
    candidate.decision ? editPrompt(exchange, candidate.target, enacted.prompt, candidate.decision.effects, enacted.decision.effects) : [],
  )
  if (edits.some(isPromise)) return Promise.all(edits).then((all) => withEdits(exchange, enacted, all))
  return withEdits(exchange, enacted, edits as (readonly TextEdit[] | GatewayError)[])
}

function withEdits(
  exchange: Exchange,
  enacted: Enacted,
  edits: readonly (readonly TextEdit[] | GatewayError)[],
): PlannedTarget[] | GatewayError {
  const planned: PlannedTarget[] = []
  let refusal: GatewayError | null = null
  for (const [i, candidate] of enacted.candidates.entries()) {
    const own = edits[i]!
    if (own instanceof GatewayError) refusal ??= own
    else planned.push({ target: candidate.target, request: renderFor(exchange, enacted, candidate, own) })
  }
  return planned.length > 0 ? planned : (refusal ?? new GatewayError('no_providers_available'))
}

/** The request for one candidate. Renders when its turn comes; most exchanges need only the first. */
class LateRequest implements RenderedRequest {
  readonly stream: boolean
  readonly choices: number
  readonly #render: () => RenderedRequest
  #rendered: RenderedRequest | null = null

  constructor({ stream, choices }: Enacted['view']['request'], render: () => RenderedRequest) {
    this.stream = stream
    this.choices = choices
    this.#render = render
  }

  get headers(): RenderedRequest['headers'] {
    return this.#request().headers
  }

  body(): ReturnType<RenderedRequest['body']> {
    return this.#request().body()
  }

  bytes(set: Parameters<RenderedRequest['bytes']>[0]): ReturnType<RenderedRequest['bytes']> {
    return this.#request().bytes(set)
  }

  #request(): RenderedRequest {
    return (this.#rendered ??= this.#render())
  }
}

function renderFor(exchange: Exchange, enacted: Enacted, candidate: Candidate, edits: readonly TextEdit[]): RenderedRequest {
  const { request } = enacted.view
  return new LateRequest(request, () => wireFor(request.dialect).render(outgoingFor(exchange, enacted, candidate, edits)))
}

function outgoingFor(exchange: Exchange, enacted: Enacted, { decision }: Candidate, edits: readonly TextEdit[]): Enacted['outgoing'] {
  if (!decision || (decision.effects.length === 0 && edits.length === 0)) return enacted.outgoing
  const merged = { ...enacted.outgoing, edits: mergeEdits(enacted.outgoing.edits, edits) }
  return changeOutgoing(exchange, enacted.view, merged, [...enacted.decision.effects, ...decision.effects])
}

/** Edits of the target replace those of the request at the same place: they carry out both decisions. */
function mergeEdits(general: readonly TextEdit[], own: readonly TextEdit[]): readonly TextEdit[] {
  if (own.length === 0) return general
  const places = new Set(own.map(({ path }) => path.join('\u0000')))
  return [...general.filter(({ path }) => !places.has(path.join('\u0000'))), ...own]
}

function boundOf({ view, outgoing }: Enacted): number {
  const bound = outgoing.params.max_completion_tokens ?? outgoing.params.max_tokens ?? view.request.maxTokens
  // As many as the record's column holds: a row that ClickHouse refuses would be an exchange without a trace.
  return typeof bound === 'number' ? Math.min(bound * view.request.choices, 2 ** 32 - 1) : 0
}
