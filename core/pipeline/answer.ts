// A plugin may answer in place of a provider (cache). The guards on the answer still apply; plan and dispatch do not.
import { createHash } from 'node:crypto'
import { runHook } from '../plugin/run.ts'
import { wireFor } from '../wire/index.ts'
import type { AnswerableView, CannedAnswer } from '../plugin/contract.ts'
import type { Enacted } from './enact.ts'
import type { Exchange } from './exchange.ts'
import type { GatewayError } from '../errors/gateway-error.ts'

export async function answerFromElsewhere(exchange: Exchange, enacted: Enacted): Promise<CannedAnswer | GatewayError | undefined> {
  const { answer, onAnswer } = exchange.snapshot.plugins
  if (answer.length === 0 && onAnswer.length === 0) return undefined
  const view: AnswerableView = {
    ...enacted.view,
    outgoing: enacted.outgoing,
    candidates: enacted.candidates.map(({ target }) => target),
    // Tokens stand for values of this caller: an answer with them is nobody else's, and not even the caller's once they have expired.
    fingerprint: exchange.tokens?.isActive ? null : fingerprintOf(exchange, enacted),
  }
  exchange.answerable = view
  for (const hook of answer) {
    const result = await runHook(hook, exchange, undefined, () => hook.call(view))
    if (result !== undefined) return result
  }
  return undefined
}

/** Two exchanges with the same fingerprint would get the same answer from the same model under the same judgement. */
function fingerprintOf(exchange: Exchange, { view, decision, candidates, outgoing }: Enacted): string {
  const { loaded, bound } = exchange.snapshot
  const hash = createHash('sha256')
  hash.update(
    JSON.stringify([view.tenant.id, loaded.hash, bound.program.hash, view.feature?.name ?? null, decision.effects, outgoing.headers]),
  )
  hash.update(
    JSON.stringify(
      candidates.map(({ target, decision: residual }) => [
        target.id,
        residual?.effects ?? [],
        residual?.reasons.map(({ values }) => values) ?? [],
      ]),
    ),
  )
  hash.update(wireFor(view.request.dialect).render(outgoing).bytes({}))
  return hash.digest('hex')
}
