// What policies may ask about a target. All of it comes from the configuration, so all of it is proved.
import type { Attribute, AttributeType, Target, Value } from '../../core/plugin/index.ts'
import { firstActive } from './resolve.ts'

const TEXT: AttributeType = { kind: 'text' }
const BOOL: AttributeType = { kind: 'bool' }

export const attributes: readonly Attribute[] = [
  ofTarget('provider', TEXT, 'openai', 'Name of the provider.', (target) => target.provider.name),
  ofTarget('zone', TEXT, 'us', 'Zone of the provider, e.g. `eu` or `internal`.', (target) => target.provider.zone),
  ofTarget('region', TEXT, null, 'Region of the provider, if one is configured.', (target) => target.provider.region),
  ofTarget('model', TEXT, 'example-model', 'Our name of the model.', (target) => target.model),
  ofTarget('upstream_model', TEXT, 'example-model', "The provider's name of the model.", (target) => target.upstreamModel),
  ofTarget('secure', BOOL, false, 'True for models of the secure tier.', (target) => target.secure),
  {
    name: 'routing.has_secure',
    type: BOOL,
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

/** An attribute without an example is optional. */
function ofTarget(word: string, type: AttributeType, example: Value, doc: string, read: (target: Target) => Value): Attribute {
  const optional = example === null
  return {
    name: `target.${word}`,
    type,
    optional,
    phase: 'target',
    source: 'proved',
    lifetime: 'exchange',
    cost: 'free',
    doc,
    ...(optional ? {} : { example }),
    resolve: ({ target }) => read(target),
  }
}
