// `policy explain`: which policies fire for a request and which do not, with the values that their conditions read.
import { bindForTools, type PolicySet } from '../policy/toolbox.ts'
import { ContentScan } from '../policy/content-scan.ts'
import { Judge } from '../policy/judge.ts'
import { wireFor } from '../wire/index.ts'
import { GatewayError } from '../errors/gateway-error.ts'
import type { BoundPolicies } from '../policy/bind.ts'
import type { Decision } from '../policy/language.ts'
import type { ExchangeView } from '../plugin/contract.ts'

export interface Explanation {
  readonly verdict: string
  readonly refused: Decision['refused']
  readonly effects: Decision['effects']
  readonly fired: Decision['reasons']
  readonly silent: readonly { readonly policy: string; readonly values: { readonly [name: string]: unknown } }[]
}

const NO_LEDGER = { addTime() {}, skipped() {} }

/** `given`: `attribute=value` pairs, values as JSON where they parse as such. What is not given is null, or the attribute's example. */
export async function explainRequest(set: PolicySet, body: string, given: readonly string[]): Promise<Explanation> {
  const request = wireFor('openai-chat').parse(Buffer.from(body))
  if (request instanceof GatewayError) throw new Error(`the request is not valid: ${request.message}`)
  const bound = bindForTools(set)
  try {
    const content = new ContentScan(bound.detection, request.parts, bound.scanDeadlineMs)
    const judge = judgeFor(bound, new Map(given.map(readGiven)))
    const decision = await judge.decideRequest({} as ExchangeView, content)
    const fired = new Set(decision.reasons.map(({ policy }) => policy))
    const silent = bound.program.phases.request.policies
      .filter(({ id }) => !fired.has(id))
      .map(({ id }) => ({ policy: id, values: valuesOf(bound, judge, id) }))
    return { verdict: decision.verdict, refused: decision.refused, effects: decision.effects, fired: decision.reasons, silent }
  } finally {
    await bound.detection.close()
  }
}

/** Judges content by the policies on `request`, with examples for what nobody gave. */
export function decideOn(bound: BoundPolicies, content: ContentScan, given: ReadonlyMap<string, unknown>): Promise<Decision> {
  return Promise.resolve(judgeFor(bound, given).decideRequest({} as ExchangeView, content))
}

function judgeFor(bound: BoundPolicies, given: ReadonlyMap<string, unknown>): Judge {
  const values = bound.program.slots.map((source, slot) => {
    if (source.kind === 'finding') return undefined
    if (given.has(source.name)) return given.get(source.name)
    const { attribute } = bound.resolvers[slot]!
    return attribute.optional ? null : (attribute.example ?? null)
  })
  return new Judge(bound, NO_LEDGER, values)
}

function readGiven(pair: string): [string, unknown] {
  const at = pair.indexOf('=')
  if (at === -1) throw new Error(`--given ${pair}: write attribute=value, for example tenant.region=eu`)
  const text = pair.slice(at + 1)
  try {
    return [pair.slice(0, at), JSON.parse(text)]
  } catch {
    return [pair.slice(0, at), text]
  }
}

function valuesOf(bound: BoundPolicies, judge: Judge, id: string): { readonly [name: string]: unknown } {
  const when = JSON.stringify(bound.program.bundle.policies.find((policy) => policy.id === id)?.when ?? true)
  return Object.fromEntries(
    bound.program.slots.flatMap((source, slot) => {
      const name = source.kind === 'attribute' ? source.name : `found.${source.detector}.${source.location}.${source.field}`
      return when.includes(`"${name}"`) ? [[name, judge.values[slot] ?? null]] : []
    }),
  )
}

export function showExplanation({ verdict, refused, effects, fired, silent }: Explanation): string {
  const values = (read: { readonly [name: string]: unknown }): string =>
    Object.entries(read)
      .map(([name, value]) => `\n      ${name} = ${JSON.stringify(value)}`)
      .join('')
  return [
    `verdict: ${verdict}${refused ? ` (${refused.code}${refused.policy ? ` by ${refused.policy}` : ''})` : ''}`,
    'fired:',
    ...fired.map((reason) => `  ${reason.policy} [${reason.state}] -> ${reason.effects.join(', ')}${values(reason.values)}`),
    'effects:',
    ...effects.map(({ verb, policy, operands }) => `  ${verb} ${JSON.stringify(operands)} (${policy})`),
    'silent:',
    ...silent.map((one) => `  ${one.policy}${values(one.values)}`),
  ].join('\n')
}
