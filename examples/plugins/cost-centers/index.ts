// cost-centers: who pays. Brings the noun `cost_center.id`, the verb `charge` and the check `cost_center`.
import type { Attribute, Change, Check, EffectCall, Plugin, Verb } from 'sallyport/plugin'
import { hasCheckDigit } from './check-digit.ts'

interface Config {
  /** Cost centre by tenant. */
  readonly tenants: { readonly [tenant: string]: string }
  /** Header that tells the provider who pays. */
  readonly header: string
}

/** Proved: it follows from the tenant of the key, and nothing that a request says can change it. */
const ofTenant = ({ tenants }: Config): Attribute => ({
  name: 'cost_center.id',
  type: { kind: 'text' },
  optional: true,
  phase: 'request',
  source: 'proved',
  lifetime: 'principal',
  cost: 'free',
  doc: 'The cost centre that the tenant pays from, if the configuration names one.',
  resolve: ({ tenant }) => (Object.hasOwn(tenants, tenant.id) ? tenants[tenant.id]! : null),
})

/** Several policies may charge: all centres are named, sorted, so that the order of the policies changes nothing. */
const charge = ({ header }: Config): Verb => ({
  phrase: 'charge to <center:text>',
  use: 'effect',
  phases: ['request'],
  join: { kind: 'union' },
  aliases: ['bill'],
  protects: false,
  doc: 'Tells the provider which cost centre pays, and puts it into the record as a label.',
  acts: 'outgoing',
  change(_view, calls: readonly EffectCall[]): Change {
    const centers = [...new Set(calls.map(({ operands }) => String(operands['center'])))].sort()
    return { headers: { [header]: centers.join(', ') }, labels: centers.map((center) => `cost center ${center}`) }
  },
})

const CHECK: Check = {
  name: 'cost_center',
  doc: 'The last digit of a cost centre such as `CC-4711-3` checks the others.',
  test: hasCheckDigit,
}

const plugin: Plugin<Config> = {
  name: 'cost-centers',
  apiVersion: 1,
  summary: 'Who pays: cost centres of tenants, and a verb that charges them.',
  config: {
    type: 'object',
    properties: {
      tenants: { type: 'object', additionalProperties: { type: 'string', pattern: '^CC-[0-9]{4}-[0-9]$' }, default: {} },
      header: { type: 'string', pattern: '^x-[a-z-]+$', default: 'x-cost-center' },
    },
  },
  vocabulary: (config) => ({ attributes: [ofTenant(config)], verbs: [charge(config)], checks: [CHECK] }),
  setup: () => ({}),
  onFailure: {},
  budgetMs: {},
}

export default plugin
