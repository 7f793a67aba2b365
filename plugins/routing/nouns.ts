// What policies may ask about a target. All of it comes from the configuration, so all of it is proved.
import type { Attribute } from '../../core/plugin/index.ts'
import { firstActive } from './resolve.ts'

const ofTarget = { phase: 'target', source: 'proved', lifetime: 'exchange', cost: 'free', optional: false } as const

export const attributes: readonly Attribute[] = [
  { ...ofTarget, name: 'target.provider', type: { kind: 'text' }, doc: 'Name of the provider.', example: 'openai', resolve: ({ target }) => target.provider.name },
  { ...ofTarget, name: 'target.zone', type: { kind: 'text' }, doc: 'Zone of the provider, e.g. `eu` or `internal`.', example: 'us', resolve: ({ target }) => target.provider.zone },
  { ...ofTarget, name: 'target.region', type: { kind: 'text' }, optional: true, doc: 'Region of the provider, if one is configured.', resolve: ({ target }) => target.provider.region },
  { ...ofTarget, name: 'target.model', type: { kind: 'text' }, doc: 'Our name of the model.', example: 'example-model', resolve: ({ target }) => target.model },
  { ...ofTarget, name: 'target.upstream_model', type: { kind: 'text' }, doc: "The provider's name of the model.", example: 'example-model', resolve: ({ target }) => target.upstreamModel },
  { ...ofTarget, name: 'target.secure', type: { kind: 'bool' }, doc: 'True for models of the secure tier.', example: false, resolve: ({ target }) => target.secure },
  {
    name: 'routing.has_secure',
    type: { kind: 'bool' },
    optional: false,
    phase: 'request',
    source: 'proved',
    lifetime: 'snapshot',
    cost: 'free',
    doc: 'True if there is an active secure model, so that `route to secure` has somewhere to go.',
    example: false,
    resolve: ({ directory }) => firstActive(directory, true) !== null,
  },
]
