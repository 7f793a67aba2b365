// routing: proposes the targets of a request, in order, and brings the verbs and nouns about where it goes.
import { GatewayError, type ExchangeView, type Hooks, type Plugin, type Target } from '../../core/plugin/index.ts'
import { attributes } from './nouns.ts'
import { orderTargets, type Strategy } from './order.ts'
import { resolveModels } from './resolve.ts'
import { verbs } from './verbs.ts'

export interface RoutingConfig {
  readonly strategy: Strategy | 'least-latency' | 'lowest-cost' | 'least-busy'
}

export const routing: Plugin<RoutingConfig> = {
  name: 'routing',
  apiVersion: 1,
  summary: 'Model names, fallback chains, secure models, pools; priority and weighted targets.',
  config: {
    type: 'object',
    additionalProperties: false,
    properties: {
      strategy: { type: 'string', enum: ['priority', 'weighted', 'least-latency', 'lowest-cost', 'least-busy'], default: 'priority' },
    },
  },
  vocabulary: () => ({ attributes, verbs }),
  onFailure: { plan: 'deny' },
  budgetMs: {},
  setup: (config) => setupRouting(config),
}

function setupRouting({ strategy }: RoutingConfig): Hooks {
  if (strategy !== 'priority' && strategy !== 'weighted') {
    throw new Error(`plugins.routing.strategy: \`${strategy}\` is not available yet; use \`priority\` or \`weighted\``)
  }
  return { plan: (candidates, view) => plan(candidates, view, strategy) }
}

function plan(candidates: readonly Target[] | null, view: ExchangeView, strategy: Strategy): readonly Target[] | GatewayError {
  const models = resolveModels(view)
  if (candidates !== null)
    return planWithin(candidates, models instanceof GatewayError ? [] : models.map(({ name }) => name), view, strategy)
  if (models instanceof GatewayError) return models
  return models.length === 1
    ? orderTargets(models[0]!.targets, strategy, view.id)
    : models.flatMap(({ targets }) => orderTargets(targets, strategy, view.id))
}

/** Policies named the destinations: among them the client's wish comes first, then the order in which they were named. */
function planWithin(candidates: readonly Target[], wished: readonly string[], view: ExchangeView, strategy: Strategy): readonly Target[] {
  const byModel = Map.groupBy(candidates, ({ model }) => model)
  const names = [...new Set([...wished.filter((name) => byModel.has(name)), ...byModel.keys()])]
  return names.flatMap((name) => orderTargets(byModel.get(name)!, strategy, view.id))
}
