// `/v1/decide`: the decision for a request without sending it. Nothing is reserved and nothing leaves.
import { commonHeaders } from './headers.ts'
import { costNano, formatNano } from '../model/money.ts'
import { NO_USAGE } from '../model/answer.ts'
import { settle } from './settle.ts'
import type { Candidate } from './plan.ts'
import type { Decided } from './decide.ts'
import type { Exchange } from './exchange.ts'

export async function describeDecision(exchange: Exchange, { view, decision }: Decided, candidates: readonly Candidate[]): Promise<null> {
  const body = {
    object: 'sallyport.decision',
    request_id: exchange.id,
    verdict: decision.verdict,
    effects: decision.effects,
    reasons: decision.reasons,
    route: candidates.map(({ target, decision: residual }) => ({
      model: target.model,
      provider: target.provider.name,
      zone: target.provider.zone,
      effects: residual?.effects ?? [],
      reasons: residual?.reasons ?? [],
    })),
    estimate: {
      prompt_tokens: view.promptTokens,
      max_completion_tokens: view.request.maxTokens,
      cost: estimatedCost(view.promptTokens, view.request.maxTokens, candidates),
    },
    warnings: [...exchange.warnings],
    policy_hash: exchange.snapshot.bound.program.hash,
  }
  exchange.outcome = 'completed'
  exchange.status = 200
  await settle(exchange)
  exchange.reply.send(200, { 'content-type': 'application/json', ...commonHeaders(exchange) }, Buffer.from(JSON.stringify(body)))
  return null
}

/** The first candidate's price of the prompt and the client's output bound, in the base currency; null where no rate is known. */
function estimatedCost(prompt: number, completion: number | null, candidates: readonly Candidate[]): string | null {
  const rates = candidates[0]?.target.rates
  return rates ? formatNano(costNano({ ...NO_USAGE, prompt, completion: completion ?? 0 }, rates)) : null
}
