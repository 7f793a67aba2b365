// detector.presidio: names, places and whatever else only a language model sees, found by a Presidio analyzer over HTTP. Off until an endpoint
// is configured; from then on policies may name `presidio.person`, `presidio.location` and the like.
import type { Engine, Plugin } from '../../core/plugin/index.ts'
import { openAnalyzer } from './analyzer.ts'

export interface PresidioConfig {
  readonly endpoint: string | null
  readonly language: string
  /** Entity types of the analyzer by the last word of the detector. */
  readonly entities: { readonly [word: string]: string }
  readonly minScore: number
  readonly maxConcurrent: number
}

const ENTITIES = {
  person: 'PERSON',
  location: 'LOCATION',
  nationality: 'NRP',
  date: 'DATE_TIME',
  organization: 'ORGANIZATION',
  medical_license: 'MEDICAL_LICENSE',
}

export const presidio: Plugin<PresidioConfig> = {
  name: 'detector.presidio',
  apiVersion: 1,
  summary: 'Names and places through a Presidio analyzer; off until an endpoint is configured.',
  config: {
    type: 'object',
    additionalProperties: false,
    properties: {
      endpoint: { type: ['string', 'null'], pattern: '^https?://', default: null },
      language: { type: 'string', pattern: '^[a-z]{2}$', default: 'en' },
      entities: {
        type: 'object',
        propertyNames: { pattern: '^[a-z][a-z0-9_]*$' },
        additionalProperties: { type: 'string', pattern: '^[A-Z][A-Z0-9_]*$' },
        default: ENTITIES,
      },
      minScore: { type: 'number', minimum: 0, maximum: 1, default: 0.4 },
      maxConcurrent: { type: 'integer', minimum: 1, maximum: 64, default: 8 },
    },
  },
  onFailure: {},
  budgetMs: {},
  vocabulary: (config) =>
    config.endpoint === null || config.endpoint === undefined ? {} : { engines: [engineOf(config, config.endpoint)] },
  setup: () => ({}),
}

function engineOf(config: PresidioConfig, endpoint: string): Engine {
  const analyzer = openAnalyzer({ ...config, endpoint })
  return {
    detectors: Object.entries(config.entities).map(([word, entity]) => ({
      name: `presidio.${word}`,
      doc: `What the Presidio analyzer calls \`${entity}\`.`,
    })),
    detect: analyzer,
  }
}
