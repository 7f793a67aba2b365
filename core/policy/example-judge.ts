// A judge for requests that nobody sent: what is given, what the request itself says, null where something may be absent, and else the
// example that the attribute declares. For explanations and previews.
import { GatewayError } from '../errors/gateway-error.ts'
import { isPromise } from '../model/maybe-promise.ts'
import { Judge } from './judge.ts'
import type { BoundPolicies } from './bind.ts'
import type { ExchangeView } from '../plugin/contract.ts'
import type { InboundRequest } from '../model/request.ts'

const NO_LEDGER = { addTime() {}, skipped() {} }
const NEVER_ABORTED = new AbortController().signal

/** `view`: as much of an exchange as is known, or null. */
export function exampleJudge(bound: BoundPolicies, given: ReadonlyMap<string, unknown>, view: ExchangeView | null): Judge {
  const values = bound.program.slots.map((source, slot) => {
    if (source.kind === 'finding') return undefined
    if (given.has(source.name)) return given.get(source.name)
    const { attribute, word } = bound.resolvers[slot]!
    const own =
      view && source.name.startsWith('request.') ? fromRequest(() => attribute.resolve(view as never, word, NEVER_ABORTED)) : undefined
    return own === undefined ? (attribute.optional ? null : (attribute.example ?? null)) : own
  })
  return new Judge(bound, NO_LEDGER, values)
}

/** Undefined where the request alone does not tell. */
function fromRequest(resolve: () => unknown): unknown {
  try {
    const value = resolve()
    return isPromise(value) || value instanceof GatewayError ? undefined : value
  } catch {
    return undefined
  }
}

/** As much of an exchange as a request without its caller is. */
export function viewOfRequest(request: InboundRequest, tokensOf: (model: string, bytes: number) => number): ExchangeView {
  const bytes = request.parts.reduce((sum, { text }) => sum + Buffer.byteLength(text), 0)
  return { request, promptTokens: tokensOf(request.model, bytes), directory: { tools: new Map() } } as unknown as ExchangeView
}
